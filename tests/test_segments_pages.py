"""The pages of segments: works, other account, analyst, bad input; the pages of one segment (IP1–IP34)."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django_tenants.utils import tenant_context

from contacts.models import Contact
from jobs.models import JobState
from segmentation.models import Calculation, Reason, SavedCriteria, Segment
from segmentation.services import request_calculation
from tags.models import Tag
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def client(client_for, user):
    return client_for(user)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def segment(now):
    """Refreshing, ready, with three members."""
    scored(3)
    return calculated(every=2, unit="day", now=now - HOUR)


PAGES = [
    "/segments/", "/segments/in-creation/", "/segments/archive/", "/segments/create/", "/segments/create/?copy={pk}",
    "/segments/{pk}/", "/segments/{pk}/settings/", "/segments/{pk}/criteria/", "/segments/{pk}/delete/",
    "/segments/{pk}/history/", "/segments/{pk}/history/{calculation}/",
    "/segments/{pk}/history/{calculation}/?show=left",
    "/segments/{pk}/progress/",
]  # fmt: skip


def page_of(contact: int) -> str:
    return reverse("contacts:contact", args=[contact])


WRITING = ("create/", "settings/", "criteria/", "delete/", "create/?copy={pk}", "copy/")
CHANGES = ["settings", "criteria", "delete", "refresh", "cancel"]


def at(path: str, segment: Segment) -> str:
    return path.format(pk=segment.pk, calculation=segment.latest_id)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(path, client, segment):
    assert client.get(at(path, segment)).status_code == 200


@pytest.mark.parametrize("path", [path for path in PAGES if not path.endswith(WRITING)])
def test_analysts_may_look_at_every_page(path, client_for, analyst, segment):
    assert client_for(analyst).get(at(path, segment)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [*(path for path in PAGES if path.endswith(WRITING)), "/segments/{pk}/copy/", "/saved-criteria/new/"],
)
def test_analysts_are_told_why_a_page_for_writing_is_closed(path, client_for, analyst, segment):
    """IC6: not a form without a button."""
    response = client_for(analyst).get(at(path, segment))
    assert response.status_code == 403
    assert "Your role (analyst) may look at everything here but change nothing." in response.content.decode()


@pytest.mark.parametrize("path", ["/segments/", "/segments/{pk}/", "/saved-criteria/", "/exports/"])
def test_analysts_are_offered_nothing_that_is_closed_to_them(path, client_for, analyst, segment, saved):
    """IC6."""
    text = client_for(analyst).get(at(path, segment)).content.decode()
    for closed in ("/segments/create/", "/settings/", "/criteria/", "/copy/", "/delete/", "/saved-criteria/new/"):
        assert closed not in text


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in(path, client_for, segment):
    assert client_for(None).get(at(path, segment)).status_code == 302


@pytest.mark.parametrize("path", [path for path in PAGES if "{pk}" in path])
def test_a_segment_of_another_account_is_not_there(path, client_for, other_account, segment):
    """The other account has no segment of this id."""
    from tests.support.people import make_user

    with tenant_context(other_account):
        stranger = client_for(make_user("owner"))
        assert stranger.get(at(path, segment)).status_code == 404


@pytest.mark.parametrize("change", CHANGES)
def test_a_segment_of_another_account_is_not_changed(change, client_for, other_account, segment):
    from tests.support.people import make_user

    with tenant_context(other_account):
        assert client_for(make_user("owner")).post(f"/segments/{segment.pk}/{change}/").status_code == 404


@pytest.mark.parametrize("change", CHANGES)
def test_analysts_change_nothing(change, client_for, analyst, segment):
    assert client_for(analyst).post(f"/segments/{segment.pk}/{change}/").status_code == 403
    assert client_for(analyst).post("/segments/create/").status_code == 403
    assert (Segment.objects.count(), Calculation.objects.count()) == (1, 1)


@pytest.mark.parametrize("pk", [0, 999999, 10**30])
@pytest.mark.parametrize(
    "path", ["", "settings/", "criteria/", "delete/", "history/", "history/1/", "progress/", "copy/"]
)
def test_an_unknown_segment_is_not_found(path, pk, client):
    assert client.get(f"/segments/{pk}/{path}").status_code == 404


@pytest.mark.parametrize("change", ["refresh", "cancel"])
def test_changes_are_not_made_by_following_a_link(change, client, segment):
    assert client.get(f"/segments/{segment.pk}/{change}/").status_code == 405


@pytest.fixture
def saved(now):
    return SavedCriteria.objects.create(name="Scored", criteria=SCORED, created_at=now, updated_at=now)


def test_the_preview_tells_settings_criteria_counts_and_users(client, segment, now):
    """IP31."""
    calculated("Above", criteria={"kind": "segment", "segment": segment.pk, "op": "in"}, now=now)
    text = client.get(f"/segments/{segment.pk}/").content.decode()
    for told in ("24 hours", "every 2 days", "ead score is more than", "Above"):
        assert told in text


def test_the_preview_tells_dates_as_they_were_when_its_numbers_were_counted(client, now, account):
    """SG4, SD8: counted back from the calculation, not from today, in the sentence and in the criteria read-only."""
    Tag.objects.create(name="VIP")
    criteria = {"kind": "tag", "op": "any", "tags": ["VIP"], "within": {"last": 30, "unit": "day"}}
    segment = calculated(criteria=criteria, now=now - 3 * DAY)
    since = (now - 32 * DAY).astimezone(account.zone)
    told = re.findall(r"since (\d+ \w+)", strip_tags(client.get(f"/segments/{segment.pk}/").content.decode()))
    assert told == [f"{since.day} {since:%b}"] * 2


def test_refresh_now_requests_a_calculation(client, segment):
    """SD9."""
    assert client.post(f"/segments/{segment.pk}/refresh/")["Location"] == "/segments/"
    assert Calculation.objects.latest("pk").reason == Reason.MANUAL


@pytest.mark.parametrize("change", ["refresh", "cancel"])
@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("preview", "/segments/{pk}/"),
        ("actions", "/segments/{pk}/actions/"),
        ("history", "/segments/{pk}/history/"),
        ("", "/segments/"),
        ("https://example.com/", "/segments/"),
        ("//example.com", "/segments/"),
        ("segmentation:archive", "/segments/"),
    ],
)
def test_a_button_of_a_segments_own_page_stays_there(change, wanted, there, client, segment):
    """Only names of our own pages count: no open redirect."""
    response = client.post(f"/segments/{segment.pk}/{change}/", {"next": wanted})
    assert response["Location"] == there.format(pk=segment.pk)


def test_the_head_of_a_segments_page_names_that_page(client, segment):
    for here, path in (("preview", ""), ("history", "history/"), ("actions", "actions/"), ("criteria", "criteria/")):
        text = client.get(f"/segments/{segment.pk}/{path}").content.decode()
        assert f'<input type="hidden" name="next" value="{here}">' in text
    assert 'name="next" value="preview"' not in client.get("/segments/").content.decode()


@pytest.mark.parametrize("path", ["", "settings/", "criteria/", "history/", "delete/", "actions/", "actions/add/"])
def test_every_page_of_a_segment_says_in_one_form_where_it_is(path, client, segment):
    text = client.get(f"/segments/{segment.pk}/{path}").content.decode()
    crumbs = text.split('class="crumbs"')[1].split("</nav>")[0]
    assert [part.split(">")[-1] for part in crumbs.split("</a>")[:-1]] == ["Ready to use", "Warm leads"]


def test_calculate_again_brings_an_archived_one_back(client, now):
    """IP28."""
    old = calculated("Old", now=now - 3 * DAY)
    assert client.post(f"/segments/{old.pk}/refresh/")["Location"] == "/segments/in-creation/"
    calculate(old, now=timezone.now())
    assert ">Old</a>" in client.get("/segments/").content.decode()


def test_a_waiting_one_is_cancelled(client, now):
    """IP18."""
    segment = create(now=now)
    assert client.post(f"/segments/{segment.pk}/cancel/").status_code == 302
    assert Calculation.objects.get().state == JobState.CANCELLED
    assert client.post(f"/segments/{segment.pk}/cancel/").status_code == 302


def test_deleting_asks_first(client, segment):
    """IP34."""
    assert "Nothing else uses it" in client.get(f"/segments/{segment.pk}/delete/").content.decode()
    assert Segment.objects.exists()
    part = client.get(f"/segments/{segment.pk}/delete/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert client.post(f"/segments/{segment.pk}/delete/")["Location"] == "/segments/"
    assert not Segment.objects.exists()


def test_deleting_is_refused_while_another_segment_uses_it(client, segment, now):
    """IP34."""
    create("Above", criteria={"kind": "segment", "segment": segment.pk, "op": "not_in"}, now=now)
    response = client.post(f"/segments/{segment.pk}/delete/")
    assert response.status_code == 409
    assert "Above" in response.content.decode()
    assert Segment.objects.filter(pk=segment.pk).exists()


def test_history_lists_each_calculation_and_who_joined_and_left(client, segment, now):
    """IP30, SD11."""
    first = segment.latest.member_ids
    Contact.objects.filter(pk=first[0]).update(lead_score=0)
    joined = scored(1, score=77)
    request_calculation(segment, reason=Reason.MANUAL, now=now)
    done = calculate(segment, now=now)

    history = client.get(f"/segments/{segment.pk}/history/").content.decode()
    assert history.count("/history/") >= 2
    assert "<svg" in history
    page = f"/segments/{segment.pk}/history/{done.pk}/"
    assert page_of(joined[0]) in client.get(page).content.decode()
    assert page_of(first[0]) in client.get(f"{page}?show=left").content.decode()


def test_contacts_deleted_since_are_told_in_the_history(client, segment):
    Contact.objects.all().delete()
    text = client.get(f"/segments/{segment.pk}/history/{segment.latest_id}/").content.decode()
    assert text.count("deleted since") == 3


def test_a_calculation_of_another_segment_is_not_shown(client, segment, now):
    other = calculated("Other", now=now)
    assert client.get(f"/segments/{segment.pk}/history/{other.latest_id}/").status_code == 404


# --- with contacts -------------------------------------------------------------------------------------------
def test_the_contact_manager_shows_exactly_the_members(client, segment):
    """IP24; PostHog 31409, dittofeed 1338: the count is not the list."""
    scored(4, score=5)
    response = client.get(f"/contacts/?calculation={segment.latest_id}")
    text = response.content.decode()
    assert "3 contacts in the calculation of" in text
    assert "1–3 of 3" in text


def test_members_deleted_since_are_said_so_that_the_numbers_agree(client, segment):
    """IP24."""
    Contact.objects.filter(pk=segment.latest.member_ids[0]).delete()
    text = client.get(f"/contacts/?calculation={segment.latest_id}").content.decode()
    assert "3 contacts in the calculation of" in text
    assert "1 of them has been deleted since." in text
    assert "1–2 of 2" in text


@pytest.mark.parametrize("value", ["0", "99999", "x", "9" * 30])
def test_the_members_of_no_calculation_are_nobody(value, client, segment):
    response = client.get(f"/contacts/?calculation={value}")
    assert response.status_code == 422
    assert "no such calculation" in response.content.decode()


def test_an_unfinished_calculation_has_no_members_to_show(client, now):
    create(now=now)
    assert client.get(f"/contacts/?calculation={Calculation.objects.get().pk}").status_code == 422


def test_a_contact_page_lists_its_segments(client, segment, now):
    """SG3."""
    outside = scored(1, score=5)[0]
    calculated("Not theirs", criteria=SCORED | {"value": 10_000}, now=now)
    inside = client.get(page_of(segment.latest.member_ids[0])).content.decode()
    assert f"/segments/{segment.pk}/" in inside
    assert "Not theirs" not in inside
    assert f"/segments/{segment.pk}/" not in client.get(page_of(outside)).content.decode()


def test_the_find_box_finds_segments(client, now):
    segment = create("Łódź, ciepłe leady", now=now)
    assert f"/segments/{segment.pk}/" in client.get("/find?q=lodz").content.decode()
