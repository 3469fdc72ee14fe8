"""The pages of sunsets: setting one up with its numbers, looking at it, pausing, going on, ending; who may do what."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.models import Action
from actions.services import stop_action
from segmentation.models import Segment
from segmentation.services import edit_criteria
from sunset import services
from sunset.models import Passage, Sunset
from sunset.standing import WITHDRAW, faults
from tags.models import Tag
from tests import factories
from tests.support.rollout import EVERYBODY, NOBODY, set_area
from tests.support.sunsets import DAY, answer_of, fresh, given, has_tag, pass_day, silent, switched_on, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HOME = "/engagement/sunset/"
NEW = HOME + "new/"


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def newsletter():
    return factories.consent("newsletter")


@pytest.fixture
def client(client_for, owner):
    return client_for(owner)


def stat(answer, stage):
    found = re.search(rf'id="stage-{stage}".*?<a href="([^"]+)">([\d,]+)</a>', answer.content.decode(), re.DOTALL)
    return found[1].replace("&amp;", "&"), int(found[2].replace(",", ""))


def listed(client, url):
    """How many contacts the contact manager lists at this address."""
    answer = client.get(url)
    assert answer.status_code == 200
    found = answer.context.get("page")
    return found.paginator.count if found else 0


def test_the_set_up_asks_with_numbers_and_then_switches_on(client, newsletter):
    silent(3, newsletter)
    silent(2)
    assert client.get(NEW).status_code == 200
    asked = client.post(NEW, given(newsletter))
    assert not Sunset.objects.exists()
    told = asked.content.decode()
    assert "Switch the sunset “Half a year” on?" in told
    assert "Nobody is left alone." in told
    assert not Tag.objects.filter(name="COME BACK").exists()
    outlook = asked.context["outlook"]
    assert (outlook.silent, outlook.unasked, outlook.tagged) == (5, 2, 3)
    assert [count for _consent, count in outlook.consents] == [3]
    sure = given(newsletter, confirmed="yes", mark=asked.context["mark"])
    done = client.post(NEW, sure)
    made = Sunset.objects.get()
    assert done.url == f"{HOME}{made.pk}/"
    assert (made.name, made.days, made.wait, made.tag_name) == ("Half a year", 180, 14, "COME BACK")
    assert Segment.objects.filter(refresh_every=1, refresh_unit="day").count() == 3
    assert Action.objects.filter(every_refresh=True).count() == 3
    assert client.post(NEW, sure).url == done.url
    assert Sunset.objects.count() == 1


def test_what_was_not_asked_about_is_asked_first(client, newsletter):
    asked = client.post(NEW, given(newsletter))
    other = given(newsletter, days="200", confirmed="yes", mark=asked.context["mark"])
    assert client.post(NEW, other).context["mark"] != asked.context["mark"]
    assert not Sunset.objects.exists()


def test_the_numbers_come_while_the_form_is_filled_in(client, newsletter):
    silent(2, newsletter)
    answer = client.post(NEW, given(newsletter, tag="", look="yes"), headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert answer.content.decode().strip().startswith('<div class="body" id="live"')
    assert answer.context["outlook"].tagged == 2


def test_where_there_are_no_numbers_the_reason_stands_in_their_place(client, newsletter):
    wrong = given(newsletter, days="30", wait="7", look="yes")
    told = client.post(NEW, wrong, headers={"hx-request": "true"}).content.decode()
    assert "Days without a sign of life: Within the engagement window of the account (90 days)" in told


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"days": "89"}, "days"),
        ({"days": "99999999999999999999"}, "days"),
        ({"days": "x"}, "days"),
        ({"wait": "0"}, "wait"),
        ({"wait": "181"}, "wait"),
        ({"tag": "a, b"}, "tag"),
        ({"tag": "!!!"}, "tag"),
        ({"tag": "a\x00b"}, "tag"),
        ({"name": "\x00"}, "name"),
        ({"name": ""}, "name"),
        ({"consents": "999999"}, "consents"),
        ({"consents": ""}, "consents"),
        ({"left_out": "999999999999999999999"}, "left_out"),
        ({"left_out": "x"}, "left_out"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(client, newsletter, wrong, field):
    answer = client.post(NEW, given(newsletter) | wrong | {"confirmed": "yes"})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Sunset.objects.exists()


def test_each_sunset_has_a_name_and_a_tag_of_its_own(client, newsletter, now):
    switched_on(newsletter, now=now, name="First", tag="COME_BACK")
    answer = client.post(NEW, given(newsletter, name="FIRST", tag="come_back"))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"name", "tag"}
    factories.segment("Second: silent")
    sure = given(newsletter, name="Second", tag="other")
    sure |= {"confirmed": "yes", "mark": client.post(NEW, sure).context["mark"]}
    answer = client.post(NEW, sure)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["name"])
    assert Sunset.objects.count() == 1


def test_the_numbers_ahead_are_what_happens_and_lead_to_their_lists(client, newsletter, now):
    silent(2, newsletter)
    [soon] = silent(1, newsletter)
    factories.visit(soon, at=now - timedelta(days=175))
    outlook = client.post(NEW, given(newsletter)).context
    assert (outlook["outlook"].tagged, [later.more for later in outlook["outlook"].later]) == (2, [1, 1])
    manager = "/contacts/?silent="
    assert [listed(client, manager + outlook["lists"][days]) for days in ("0", "7", "30")] == [2, 1, 1]
    switched_on(newsletter, now=now)
    work(now)
    assert Passage.objects.count() == 2
    pass_day(7, since=now)
    assert has_tag(soon)


def test_the_page_tells_each_stage_with_its_list(client, newsletter, now):
    contacts = silent(4, newsletter)
    began = now - timedelta(days=20)
    sunset = switched_on(newsletter, now=began)
    work(began)
    factories.visit(contacts[0], at=began + 2 * DAY)
    pass_day(3, since=began)
    pass_day(14, since=began)
    page = client.get(f"{HOME}{sunset.pk}/")
    for stage, count in (("tagged", 4), ("message", 0), ("back", 1), ("withdrawn", 3), ("other", 0)):
        url, told = stat(page, stage)
        assert (told, listed(client, url)) == (count, count)
    assert page.context["row"].median == pytest.approx(2.0)
    weeks = page.context["chart"].series
    assert [sum(series.values) for series in weeks] == [4, 1, 3]
    back = next(url for url in weeks[1].urls if url)
    assert listed(client, back) == 1
    assert b"Half" not in client.get(HOME).content


def test_the_shares_of_the_stages_add_up_to_a_hundred(client, newsletter, now):
    back, withdrawn, _waiting = silent(3, newsletter)
    sunset = switched_on(newsletter, now=now)
    work(now)
    Passage.objects.filter(contact=back).update(outcome="back", back_at=now, ended_at=now)
    Passage.objects.filter(contact=withdrawn).update(outcome="withdrawn", withdrawn_at=now)
    for url in (f"{HOME}{sunset.pk}/", HOME):
        page = client.get(url)
        row = page.context["row"] if "row" in page.context else page.context["rows"][0]
        shares = {stage: number.share.split("\N{NO-BREAK SPACE}")[0] for stage, number in row.numbers.items()}
        assert shares == {"tagged": "", "message": "33.4", "back": "33.3", "withdrawn": "33.3", "other": "0"}
        assert row.numbers["back"].share in page.content.decode()


def test_the_page_follows_the_work_until_it_is_done(client, newsletter, now):
    silent(2, newsletter)
    sunset = switched_on(newsletter, now=now)
    url = f"{HOME}{sunset.pk}/?now=1"
    assert f'hx-get="{url}" hx-trigger="every 2s"' in client.get(f"{HOME}{sunset.pk}/").content.decode()
    for kind in ("calculation", "action"):
        running = client.get(url, headers={"hx-request": "true"}).content.decode().strip()
        assert running.startswith(f'<div id="standing" hx-get="{url}"')
        assert "HX-Trigger" not in client.get(url, headers={"hx-request": "true"})
        work(now, kind)
    done = client.get(url, headers={"hx-request": "true"})
    assert done["HX-Trigger"] == "sunset-done"
    assert "sunset-done from:body" in client.get(f"{HOME}{sunset.pk}/?count=1").content.decode()  # what lies ahead
    text = done.content.decode().strip()
    assert text.startswith('<div id="standing">')
    assert 'id="happened" hx-swap-oob="true"' in text
    assert stat(done, "tagged")[1] == 2
    assert "sun-work" not in client.get(f"{HOME}{sunset.pk}/").content.decode()


def test_what_cannot_be_asked_of_it_leads_back_and_says_so(client, newsletter, now):
    sunset = switched_on(newsletter, now=now)
    url, revision = f"{HOME}{sunset.pk}/", fresh(sunset).revision
    for send in (client.get, client.post):
        assert send(url + "resume/").url == url
    assert "It is on already." in client.get(url).content.decode()
    assert fresh(sunset).revision == revision
    services.end(sunset, now=now, by=None)
    for what in ("pause/", "resume/", "end/"):
        assert client.get(url + what).url == url


def test_a_page_costs_as_many_queries_for_many_contacts_as_for_few(
    client, newsletter, now, django_assert_max_num_queries
):
    silent(1, newsletter)
    sunset = switched_on(newsletter, now=now)
    work(now)

    def queries():
        client.get(f"{HOME}{sunset.pk}/")
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(f"{HOME}{sunset.pk}/")
        return len(found)

    few = queries()
    silent(9, newsletter)
    pass_day(1, since=now)
    assert queries() == few


def test_changed_criteria_act_on_nobody_and_are_told(client, newsletter, now):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter, now=now)
    work(now)
    due = fresh(sunset).due
    edit_criteria(
        due, criteria={"kind": "tag", "op": "any", "tags": ["LAST_CALL"]}, revision=due.revision, now=now, by=None
    )
    pass_day(14, since=now)
    assert answer_of(contact, newsletter) == "given"
    page = client.get(f"{HOME}{sunset.pk}/")
    assert page.context["faults"][0].params == {"name": due.name}
    assert not page.context["mendable"]


def test_a_stopped_action_stops_all_of_it_until_it_goes_on(client, newsletter, now):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter, now=now)
    work(now)
    stop_action(Action.objects.get(kind="sunset_untag"), now=now, by=None)
    pass_day(14, since=now)
    assert answer_of(contact, newsletter) == "given"
    assert client.get(f"{HOME}{sunset.pk}/").context["mendable"]
    assert client.post(f"{HOME}{sunset.pk}/resume/").status_code == 302
    assert faults(fresh(sunset)) == []
    pass_day(15, since=now)
    assert answer_of(contact, newsletter) == "withdrawn"


def test_its_segments_tag_and_consent_are_kept_until_it_ends(newsletter, now):
    from contacts.hooks import uses_of_consent
    from segmentation.hooks import uses_of
    from tags.usage import uses_of as uses_of_label

    sunset = switched_on(newsletter, now=now)
    work(now)
    services.pause(sunset, now=now, by=None)

    def uses():
        row = fresh(sunset)
        tag = Tag.objects.get(pk=row.tag_id)
        named = [use.name for use in uses_of(row.due) if use.live] + [use.name for use in uses_of_label(tag)]
        return [*named, *(use.title for use in uses_of_consent(newsletter))]

    assert sum("Sunset" in name for name in uses()) >= 3
    services.end(sunset, now=now, by=None)
    assert [name for name in uses() if name in {"Sunset", "Sunset: Sunset"}] == []


def test_paused_it_acts_on_nobody_and_goes_on_with_who_has_waited(client, newsletter, now):
    waiting, later = silent(2, newsletter)
    factories.visit(later, at=now - timedelta(days=170))
    sunset = switched_on(newsletter, now=now)
    work(now)
    url = f"{HOME}{sunset.pk}/"
    assert client.get(url + "pause/").status_code == 200
    assert client.post(url + "pause/").status_code == 302
    pass_day(15, since=now)
    assert (has_tag(later), answer_of(waiting, newsletter)) == (False, "given")
    services.resume(fresh(sunset), now=now + 16 * DAY, by=None)
    work(now + 16 * DAY)
    assert (has_tag(later), answer_of(waiting, newsletter)) == (True, "withdrawn")


def test_ended_it_leaves_what_it_did_and_does_nothing_more(client, newsletter, now):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter, now=now)
    work(now)
    url = f"{HOME}{sunset.pk}/"
    assert client.get(url + "end/").context["row"].numbers["message"].count == 1
    assert client.post(url + "end/").status_code == 302
    pass_day(20, since=now)
    assert (has_tag(contact), answer_of(contact, newsletter)) == (True, "given")
    assert not Segment.objects.exclude(refresh_every=None).exists()
    assert client.get(url + "change/").status_code == 404
    factories.visit(contact, at=timezone.now())
    page = client.get(url)
    assert stat(page, "message")[1] == 1
    assert "In the message stage when it ended" in page.content.decode()


def test_a_change_holds_from_the_next_calculation_on(client, newsletter, now):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter, now=now)
    work(now)
    url = f"{HOME}{sunset.pk}/change/"
    form = client.get(url)
    asked = client.post(url, given(newsletter, wait="7", revision=form.context["revision"]))
    sure = given(newsletter, wait="7", revision=asked.context["revision"], mark=asked.context["mark"], confirmed="yes")
    assert client.post(url, sure).status_code == 302
    row = fresh(sunset)
    assert (row.wait, row.tag_name, row.name, faults(row)) == (7, "LAST_CALL", "Half a year", [])
    assert client.post(url, sure).status_code == 422
    pass_day(8, since=now)
    assert answer_of(contact, newsletter) == "withdrawn"
    assert Action.objects.filter(kind=WITHDRAW, stopped_at=None).count() == 1


def test_an_analyst_looks_and_changes_nothing(client_for, analyst, newsletter, now):
    sunset = switched_on(newsletter, now=now)
    client = client_for(analyst)
    for url in (HOME, f"{HOME}{sunset.pk}/"):
        answer = client.get(url)
        assert answer.status_code == 200
        assert b"/pause/" not in answer.content
        assert b"/new/" not in answer.content
    for what in ("new/", f"{sunset.pk}/change/", f"{sunset.pk}/pause/", f"{sunset.pk}/resume/", f"{sunset.pk}/end/"):
        assert client.post(HOME + what, given(newsletter)).status_code == 403
    assert fresh(sunset).on


def test_who_sees_some_contacts_only_reads_their_part_and_sets_nothing_up(client_for, marketer, newsletter, now):
    mine, theirs, also = silent(3, newsletter)
    media = factories.category("media", mine)
    sunset = switched_on(newsletter, now=now)
    work(now)
    factories.permission_group("Media", users=[marketer], categories=[media])
    client = client_for(marketer)
    url, count = stat(client.get(f"{HOME}{sunset.pk}/"), "message")
    assert (count, listed(client, url)) == (1, 1)
    [got] = client.get(f"{HOME}{sunset.pk}/").context["chart"].series[0].urls
    assert listed(client, got) == 1
    assert "3 contacts" not in client.get(got).content.decode()
    assert client.get(NEW).status_code == 403
    assert client.post(f"{HOME}{sunset.pk}/end/").status_code == 403
    assert {theirs.pk, also.pk} <= set(Passage.objects.values_list("contact_id", flat=True))


@pytest.mark.parametrize("text", ["", "1", "x.message", "9.message", "1.nothing", "1.back.x", "٣.back"])
def test_a_list_of_nothing_is_refused(client, text):
    assert client.get("/contacts/", {"sunset": text or "."}).status_code == 422


@pytest.mark.parametrize(
    "text", ["180", "0.1.0.0", "180.9.0.0", "180..0.0", "180.1.0.5", "180.1.9.0", "9999999999.1.0.0"]
)
def test_a_plan_of_nothing_is_refused(client, text):
    assert client.get("/contacts/", {"silent": text}).status_code == 422


def test_there_is_no_page_of_a_sunset_that_there_is_not(client):
    for what in ("", "change/", "pause/", "resume/", "end/"):
        assert client.get(f"{HOME}999999999/{what}").status_code == 404


def test_it_stands_among_the_ready_made(client):
    assert HOME in client.get("/segments/ready-made/?q=sunset").content.decode()


def test_its_actions_are_offered_to_nobody(client, newsletter, now):
    segment = factories.segment("Anybody")
    assert b"sunset_tag" not in client.get(f"/segments/{segment.pk}/actions/add/").content
    assert client.get("/contacts/actions/new/sunset_tag/").status_code == 404


def test_closed_to_the_account_it_is_paused_and_says_why(client, newsletter, now):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter, now=now)
    work(now)
    set_area("sunset", NOBODY)
    services.pause_closed(now)
    set_area("sunset", EVERYBODY)
    row = fresh(sunset)
    assert (row.state, row.why_paused) == ("paused", "closed")
    pass_day(14, since=now)
    assert answer_of(contact, newsletter) == "given"
    assert client.get(f"{HOME}{sunset.pk}/").status_code == 200
