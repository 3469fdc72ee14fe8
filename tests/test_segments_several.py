"""Several segments deleted or copied together; a search over all lists; what became of calculations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from segmentation.models import Calculation, Segment
from segmentation.services import cancel_calculation, delete_segment, request_calculation
from tags.models import Tag
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.django_db
DELETE, COPY = "/segments/delete/", "/segments/copy/"


@pytest.fixture
def client(client_for, user):
    return client_for(user)


@pytest.fixture
def now():
    return timezone.now()


def told(response):
    from django.contrib.messages import get_messages

    return [str(message) for message in get_messages(response.wsgi_request)]


def of(segment, at="latest"):
    return {"kind": "segment", "segment": segment.pk, "op": "in", "at": at}


# --- deleting --------------------------------------------------------------------------------------------------
def test_the_question_names_what_goes_and_what_stays_and_why(client, now):
    scored(2)
    free, used = calculated("Free", now=now), calculated("Used", now=now)
    calculated("User", criteria=of(used), now=now)
    text = client.get(DELETE, {"segment": [free.pk, used.pk]}).content.decode()
    assert "Delete 1 segment?" in text
    assert "something depends on it" in text
    assert "User</a>" in text
    assert Segment.objects.count() == 3


def test_those_that_nothing_uses_are_deleted_and_the_others_told(client, now):
    scored(2)
    free, used = calculated("Free", now=now), calculated("Used", now=now)
    calculated("User", criteria=of(used), now=now)
    response = client.post(DELETE, {"segment": [free.pk, used.pk], "list": "archive"})
    assert response["Location"] == "/segments/archive/"
    assert sorted(Segment.objects.values_list("name", flat=True)) == ["Used", "User"]
    assert told(response) == [
        "1 segment was deleted: Free.",
        "“Used” was not deleted. It is used by: Segment User",
    ]


def test_what_only_chosen_ones_use_goes_with_them(client, now):
    base = calculated("Base", now=now)
    middle = calculated("Middle", criteria=of(base), now=now)
    top = calculated("Top", criteria=of(middle), now=now)
    chosen = {"segment": [base.pk, middle.pk, top.pk]}
    assert "Delete 3 segments?" in client.get(DELETE, chosen).content.decode()
    client.post(DELETE, chosen)
    assert not Segment.objects.exists()


def test_a_chain_used_from_outside_stays_whole(client, now):
    base = calculated("Base", now=now)
    middle = calculated("Middle", criteria=of(base), now=now)
    calculated("Outside", criteria=of(middle), now=now)
    chosen = {"segment": [base.pk, middle.pk]}
    assert "None of these can be deleted" in client.get(DELETE, chosen).content.decode()
    client.post(DELETE, chosen)
    assert Segment.objects.count() == 3


@pytest.mark.parametrize("address", [DELETE, COPY])
@pytest.mark.parametrize("chosen", [{}, {"segment": ["x", "-1", "9" * 40, ""]}, {"segment": [987654]}])
def test_nothing_chosen_is_said(address, chosen, client):
    for response in (client.get(address, chosen), client.post(address, chosen)):
        assert response.status_code == 422
        assert "No segment is selected" in response.content.decode()


def test_one_deleted_meanwhile_does_not_keep_the_others(client, now, monkeypatch):
    first, second = calculated("First", now=now), calculated("Second", now=now)
    from segmentation import several

    def race(segment):
        if segment.pk == first.pk:
            delete_segment(segment)  # somebody else, a moment before
        delete_segment(segment)

    monkeypatch.setattr(several, "delete_segment", race)
    response = client.post(DELETE, {"segment": [first.pk, second.pk]})
    assert told(response) == ["1 segment was deleted: Second.", "1 was no longer there."]


# --- copying ---------------------------------------------------------------------------------------------------
def test_copies_have_the_settings_and_criteria_and_free_names_and_are_calculated(client, now):
    first = calculated("First", hours=48, every=2, unit="day", now=now)
    create("First (copy)", now=now)
    second = calculated("Second", criteria=of(first), now=now)
    assert "Copy 2 segments?" in client.get(COPY, {"segment": [first.pk, second.pk]}).content.decode()
    response = client.post(COPY, {"segment": [first.pk, second.pk]})
    assert response["Location"] == "/segments/in-creation/"
    copy = Segment.objects.get(name="First (copy 2)")
    assert (copy.readiness_hours, copy.refresh_every, copy.refresh_unit) == (48, 2, "day")
    assert copy.version.criteria == SCORED
    assert Segment.objects.get(name="Second (copy)").version.criteria == of(first)
    assert Calculation.objects.filter(segment=copy, state="waiting").exists()
    assert told(response) == ["2 copies are being made: First (copy 2), Second (copy)."]


def test_one_whose_criteria_cannot_be_used_is_not_copied_and_says_why(client, now):
    tag = Tag.objects.create(name="ZNIKA")
    broken = calculated("Broken", criteria={"kind": "tag", "op": "none", "tags": ["ZNIKA"]}, now=now)
    tag.delete()
    response = client.post(COPY, {"segment": [broken.pk]})
    assert Segment.objects.count() == 1
    assert "“Broken” was not copied." in told(response)[0]
    assert "ZNIKA" in told(response)[0]


@pytest.mark.parametrize("address", [DELETE, COPY])
def test_an_analyst_has_neither_boxes_nor_pages(address, client_for, analyst, now):
    client, segment = client_for(analyst), calculated(now=now)
    assert 'type="checkbox"' not in client.get("/segments/").content.decode()
    assert client.get(address, {"segment": segment.pk}).status_code == 403
    assert client.post(address, {"segment": segment.pk}).status_code == 403
    assert Segment.objects.exists()


def test_the_question_opens_as_a_part_in_the_dialog(client, now):
    segment = calculated(now=now)
    part = client.get(DELETE, {"segment": segment.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "Delete 1 segment?" in part
    assert "<html" not in part


# --- all lists -------------------------------------------------------------------------------------------------
def test_the_search_over_all_lists_says_in_which_each_is(client, now):
    calculated("Kawa gotowa", now=now)
    create("Kawa czeka", now=now)
    calculated("Kawa stara", now=now - timedelta(days=9))
    calculated("Herbata", now=now)
    text = client.get("/segments/search/?q=kawa").content.decode()
    rows = text.split("<tbody>")[1].split("</tr>")
    places = {"Kawa czeka": "In creation", "Kawa gotowa": "Ready to use", "Kawa stara": "Archive"}
    for row, (name, place) in zip(rows, places.items(), strict=False):
        assert f">{name}</a>" in row
        assert place in row
    assert "Herbata" not in text


def test_what_is_found_nowhere_here_leads_to_the_search_over_all_lists(client, now):
    calculated("Kawa stara", now=now - timedelta(days=9))
    text = client.get("/segments/?q=kawa").content.decode()
    assert 'href="/segments/search/?q=kawa"' in text


def test_the_find_box_leads_to_all_lists_where_there_are_more(client, now):
    Segment.objects.bulk_create(Segment(name=f"Kawa {n}", created_at=now) for n in range(23))
    assert 'href="/segments/search/?q=kawa"' in client.get("/find?q=kawa").content.decode()


# --- what became of calculations -------------------------------------------------------------------------------
def test_a_calculation_that_took_anothers_place_says_so_and_the_history_tells_of_both(client, now):
    scored(1)
    segment = calculated(every=1, unit="day", now=now - timedelta(hours=2))
    request_calculation(segment, reason="refresh", now=now - timedelta(hours=1))
    request_calculation(segment, reason="manual", now=now - timedelta(minutes=5))
    text = client.get(f"/segments/{segment.pk}/").content.decode()
    assert "took the place of the one asked for on" in text
    cancel_calculation(segment, now=now)
    text = client.get(f"/segments/{segment.pk}/history/").content.decode()
    assert "2 calculations without a result" in text
    assert "because a newer one took its place (By hand)" in text
    assert "Cancelled by hand" in text


def test_a_failure_is_told_with_a_retry_and_its_details_for_administrators(client_for, user, administrator, now):
    tag = Tag.objects.create(name="ZNIKA")
    segment = create(criteria={"all": [{"kind": "tag", "op": "any", "tags": ["ZNIKA"]}]}, now=now)
    tag.delete()
    failed = calculate(segment, now=now)
    text = client_for(user).get(f"/segments/{segment.pk}/").content.decode()
    assert "There is no tag “ZNIKA”." in text
    assert "Calculate it once more" in text
    assert "Details for administrators" not in text
    details = client_for(administrator).get(f"/segments/{segment.pk}/").content.decode()
    assert f"job calculation {failed.pk}" in details
    assert "<code>all[0].tags[0]</code>" in details


def test_a_closed_window_says_when_it_closed_and_how_it_opens(client, now):
    scored(1)
    old = calculated("Old", now=now - timedelta(days=3))
    refreshing = calculated("Refreshing", every=30, unit="day", now=now - timedelta(days=3))
    assert "as soon as it is calculated again" in client.get(f"/segments/{old.pk}/").content.decode()
    assert "after its next refresh, on" in client.get(f"/segments/{refreshing.pk}/").content.decode()
