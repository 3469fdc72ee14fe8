"""The pages of webhooks, for owners and administrators, and `manage.py webhooks`."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.support.people import make_user
from tests.support.segments import create
from tests.support.webhooks import ALL, PUBLIC, endpoint, of
from webhooks import events, services
from webhooks.models import Attempt, Delivery, Endpoint, Event

pytestmark = pytest.mark.django_db
LIST = "/webhooks/"
HUGE = 10**30
PARTS = ("endpoint", "edit", "delete", "switch_on", "switch_off", "secret", "drop_secret", "ping", "replay_failed")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def client(client_for):
    return client_for(make_user("owner", name="Olga"))


@pytest.fixture
def here(now):
    return endpoint(now=now)


def address(name, *parts):
    return reverse(f"webhooks:{name}", args=parts)


def sent(**given):
    now = {"name": "Shop", "url": PUBLIC, "events": ["segment.joined"], "scope": "every", "seen": 1} | given
    return {name: value for name, value in now.items() if value is not None}


def delivery(here, now, **fields):
    event = Event.objects.create(
        uid=events.fresh_id(), kind="export.ready", at=now, data={"export": {"id": 1}, "segment": None}
    )
    return Delivery.objects.create(endpoint=here, event=event, wanted_at=now, next_at=now, **fields)


# --- who ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["marketer", "analyst"])
def test_only_owners_and_administrators_open_them(client_for, here, now, role):
    one = events.ping(here, now=now)
    pages = [LIST, f"{LIST}new/", *(address(name, here.pk) for name in PARTS)]
    pages += [address("delivery", one.pk), address("replay", one.pk)]
    other, boss = client_for(make_user(role)), client_for(make_user("administrator"))
    for path in pages:
        assert other.get(path).status_code in (403, 405), path
        assert other.post(path, {}).status_code in (403, 405), path
        assert boss.get(path).status_code in (200, 405), path
    assert Endpoint.objects.values_list("active", "secret").get() == (True, here.secret)


@pytest.mark.parametrize("pk", [10**6, HUGE])
def test_an_id_of_nobody_is_not_found(client, pk):
    for name in (*PARTS, "delivery", "replay"):
        for send in (client.get, client.post):
            assert send(address(name, pk)).status_code in (404, 405), name


# --- making ---------------------------------------------------------------------------------------------------
def test_without_webhooks_the_page_says_what_they_are_for(client):
    assert "No webhooks yet" in client.get(LIST).content.decode()


def test_one_is_made_and_its_secret_shown_once(client):
    segment = create("Warm")
    answer = client.post(f"{LIST}new/", sent(scope="some", segments=[segment.pk], events=ALL), follow=True)
    made = Endpoint.objects.get()
    assert (made.every_segment, list(made.segments.all()), made.events) == (False, [segment], ALL)
    assert (made.origin, made.created_by.name) == ("http://acme.testserver", "Olga")
    assert made.secret in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    for path in (address("endpoint", made.pk), LIST, address("edit", made.pk)):
        assert made.secret not in client.get(path).content.decode()


def test_a_secret_is_shown_to_its_maker_alone(client, client_for, here):
    client.post(address("secret", here.pk))
    here.refresh_from_db()
    assert here.secret not in client_for(make_user("owner")).get(address("endpoint", here.pk)).content.decode()
    assert here.secret in client.get(address("endpoint", here.pk)).content.decode()


@pytest.mark.parametrize(
    "bad",
    [
        {"name": None}, {"name": "\x00"}, {"name": "x" * 500}, {"url": None}, {"url": "\x00"}, {"url": "shop"},
        {"url": "http://93.184.216.34/"}, {"url": "https://127.0.0.1/"}, {"url": "https://[::1]/"},
        {"url": "https://10.0.0.7:8443/x"}, {"url": "https://169.254.169.254/latest/meta-data"},
        {"url": "https://localhost/"}, {"url": "https://2130706433/"}, {"url": "https://93.184.216.34:22/"},
        {"events": None}, {"events": ["ping"]}, {"events": ["x", "y"]}, {"scope": None}, {"scope": "x"},
        {"scope": "some"}, {"scope": "some", "segments": ["1000000"]}, {"scope": "some", "segments": ["9" * 40, "x"]},
        {"seen": "x"}, {"seen": "9" * 40},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_the_form(client, here, bad):
    for path in (f"{LIST}new/", address("edit", here.pk)):
        answer = client.post(path, sent(**bad))
        assert answer.status_code == 422, path
        assert 'id="webhook"' in answer.content.decode()
    assert Endpoint.objects.get().revision == 1


@pytest.mark.parametrize(("http", "said"), [(False, "begin with https://."), (True, "begin with https:// or http://.")])
def test_an_address_without_a_beginning_is_told_those_that_are_allowed(client, settings, http, said):
    settings.WEBHOOKS_HTTP = http
    assert said in client.post(f"{LIST}new/", sent(url="shop.example/sito")).content.decode()


def test_a_form_opened_before_somebody_elses_change_writes_nothing(client, here, now):
    services.switch(here, on=False, now=now, by=None)
    assert client.post(address("edit", here.pk), sent(name="New", seen=1)).status_code == 409
    assert Endpoint.objects.get().name == "Shop"
    assert client.post(address("edit", here.pk), sent(name="New", seen=2)).status_code == 302
    assert Endpoint.objects.get().name == "New"


# --- switching, deleting --------------------------------------------------------------------------------------
def test_switching_off_asks_with_what_is_not_delivered(client, here, now):
    delivery(here, now)
    delivery(here, now, state="failed")
    asked = client.get(address("switch_off", here.pk), headers={"HX-Request": "true"}).content.decode()
    assert "waiting: 1." in asked
    client.post(address("switch_off", here.pk))
    here.refresh_from_db()
    assert (here.active, here.stopped_why, {one.state for one in of(here)}) == (False, "hand", {"failed"})
    client.post(address("switch_on", here.pk))
    here.refresh_from_db()
    assert (here.active, here.stopped_why) == (True, "")


def test_one_that_went_off_by_itself_is_said_on_the_list_and_on_its_page(client, here, now):
    from webhooks import stopping

    stopping.stop(here, "failing", now=now)
    for path in (LIST, address("endpoint", here.pk)):
        assert "nothing reached it for three days" in client.get(path).content.decode()


def test_deleting_asks_with_its_log_and_deletes(client, here, now):
    delivery(here, now, state="done")
    assert "1 delivered" in client.get(address("delete", here.pk)).content.decode()
    assert Endpoint.objects.count() == 1
    assert client.post(address("delete", here.pk)).status_code == 302
    assert (Endpoint.objects.count(), Delivery.objects.count()) == (0, 0)
    assert client.post(address("delete", here.pk)).status_code == 404


# --- the log --------------------------------------------------------------------------------------------------
def test_the_log_is_narrowed_in_its_address(client, here, now):
    delivery(here, now, state="done", status=204, ms=31)
    delivery(here, now, state="failed", problem="name")
    page = address("endpoint", here.pk)
    both, done = client.get(page).content.decode(), client.get(f"{page}?state=done").content.decode()
    assert ("204, 31" in both, "could not be found" in both) == (True, True)
    assert ("204, 31" in done, "could not be found" in done) == (True, False)
    assert "Nothing fits" in client.get(f"{page}?event=segment.left").content.decode()


@pytest.mark.parametrize("query", ["state=x", "event=\x00", "page=0", "state=done&state=failed", "q=1", "sort=name"])
def test_an_address_that_asks_for_what_is_not_there_is_refused(client, here, now, query):
    delivery(here, now)
    answer = client.get(f"{address('endpoint', here.pk)}?{query}")
    assert answer.status_code == 422
    assert "export" not in answer.content.decode().split('id="rows"')[1].split("</section>")[0].lower()


def test_a_delivery_shows_what_is_sent_and_every_answer(client, here, now):
    one = delivery(here, now, tries=2)
    Attempt.objects.create(delivery=one, at=now, status=500, ms=12, problem="status", answer="<b>broken</b>")
    Attempt.objects.create(delivery=one, at=now, ms=10_000, problem="timeout")
    text = client.get(address("delivery", one.pk)).content.decode()
    assert "&lt;b&gt;broken&lt;/b&gt;" in text
    assert "no answer within ten seconds" in text
    assert one.event.uid in text
    assert "hx-trigger" in text.split('id="course"')[1].split(">")[0]  # it waits still: looked at again


def test_a_page_costs_the_same_for_any_number_of_rows(client, here, now):
    def statements(path):
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    pages = [LIST, address("endpoint", here.pk), address("replay_failed", here.pk), address("edit", here.pk)]
    delivery(here, now)
    few = [statements(path) for path in pages]
    for n in range(8):
        other = endpoint(name=f"E{n}", segments=[create(f"S{n}").pk], now=now)
        delivery(here, now, state="failed")
        delivery(other, now)
    assert [statements(path) for path in pages] == few
    assert max(few) <= 14


# --- sending --------------------------------------------------------------------------------------------------
def test_a_test_is_asked_for_and_leads_to_its_page(client, here):
    answer = client.post(address("ping", here.pk))
    (one,) = of(here)
    assert (answer["Location"], one.event.kind, one.state) == (address("delivery", one.pk), "ping", "waiting")


def test_one_is_sent_again(client, here, now):
    one = delivery(here, now, state="done", tries=1)
    client.post(address("replay", one.pk))
    assert (of(here)[0].state, of(here)[0].tries) == ("waiting", 0)


def test_what_failed_is_sent_again_after_a_question_with_numbers(client, here, now):
    delivery(here, now - timedelta(hours=30), state="failed")
    delivery(here, now, state="failed")
    asked = client.get(address("replay_failed", here.pk)).content.decode()
    assert [part.split("</span>")[0] for part in asked.split('<span class="num">')[1:5]] == ["1", "1", "2", "2"]
    for bad in ({}, {"hours": "2"}, {"hours": "x" * 99}):
        assert client.post(address("replay_failed", here.pk), bad).status_code == 422
    client.post(address("replay_failed", here.pk), {"hours": "24"})
    assert [one.state for one in of(here)] == ["failed", "waiting"]


def test_to_one_that_is_off_nothing_is_sent_again_and_it_is_said(client, here, now):
    one = delivery(here, now, state="failed")
    services.switch(here, on=False, now=now, by=None)
    assert client.post(address("replay_failed", here.pk), {"hours": "24"}).status_code == 422
    assert "The endpoint is off" in client.post(address("replay", one.pk), follow=True).content.decode()
    assert of(here)[0].state == "failed"


# --- the command ----------------------------------------------------------------------------------------------
def told(*given):
    out = io.StringIO()
    call_command("webhooks", *map(str, given), stdout=out)
    return out.getvalue()


def test_the_command_lists_and_sends_again(here, now):
    old = delivery(here, now - timedelta(days=3), state="failed", problem="name")
    delivery(here, now, state="failed")
    assert f"{here.pk} Shop: {PUBLIC}\n  on; waiting 0, failed in a day 1" in told("list", "--account", "acme")
    assert f"{old.pk} " in told("list", "--account", "acme", "--endpoint", here.pk)
    assert told("replay", "--account", "acme") == "Deliveries sent again: 1.\n"
    since = (now - timedelta(days=9)).isoformat()
    assert told("replay", "--account", "acme", "--endpoint", here.pk, "--since", since) == "Deliveries sent again: 1.\n"
    assert {one.state for one in of(here)} == {"waiting"}
    Delivery.objects.update(state="done")
    told("replay", "--account", "acme", "--delivery", old.pk)
    assert [one.state for one in of(here)] == ["waiting", "done"]


@pytest.mark.parametrize(
    "given",
    [
        ("list", "--account", "nobody"), ("list", "--account", "public"),
        ("replay", "--account", "acme", "--delivery", 9),
        ("replay", "--account", "acme", "--endpoint", 9), ("replay", "--account", "acme", "--since", "yesterday"),
    ],
)  # fmt: skip
def test_the_command_says_what_there_is_not(given):
    with pytest.raises(CommandError):
        told(*given)
