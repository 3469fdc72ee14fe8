"""Sending what waits: once, in turn, again after failures, and no longer than a day; giving an endpoint up."""

import hashlib
import hmac
from datetime import timedelta
from ipaddress import ip_network
from itertools import pairwise

import pytest
from django.core import mail

from jobs.models import JobState
from tests.support.audiences import NOW
from tests.support.receiver import Listening
from tests.support.segments import calculated, scored
from tests.support.webhooks import endpoint, happen, of, work
from webhooks import events, lane, services, stopping
from webhooks.models import Attempt, Delivery, Endpoint, Event

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _inside(settings):
    settings.WEBHOOKS_ALLOW, settings.WEBHOOKS_HTTP = [ip_network("127.0.0.0/8")], True


def until(here, end, *, now=NOW):
    """The scheduler's looks until `end`, each when the last one asked for it; what it waited in between."""
    times = []
    while now is not None and now <= end:
        times.append(now)
        work(here, now=now)
        now = lane.look(now)
    return times


def test_what_waits_is_sent_signed_once_and_the_lane_rests():
    with Listening() as receiver:
        here = endpoint(receiver.url())
        scored(1)
        calculated()
        done = work(here)
        work(here, now=NOW + DAY)
    assert [got.headers["Sito-Event"] for got in receiver.got] == ["segment.calculated", "segment.joined"]
    for got, delivery in zip(receiver.got, of(here), strict=True):
        stamp, mark = got.headers["Sito-Signature"].split(",")
        moment = str(int(NOW.timestamp())).encode()
        key = here.secret.encode()
        assert stamp == f"t={moment.decode()}"
        assert mark == "v1=" + hmac.new(key, moment + b"." + got.body, hashlib.sha256).hexdigest()
        assert got.headers["Sito-Event-Id"] == delivery.event.uid
        assert (delivery.state, delivery.status, delivery.tries) == ("done", 200, 1)
    assert done.state == JobState.DONE
    assert [(one.status, one.answer) for one in Attempt.objects.all()] == [(200, "thank you")] * 2


def test_a_failure_is_tried_again_with_growing_pauses_for_a_day():
    with Listening(answers=[500]) as receiver:
        here = endpoint(receiver.url())
        happen(here)
        times = until(here, NOW + 2 * DAY)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses == sorted(pauses)
    assert len(receiver.got) == len(times) == 10
    assert DAY <= times[-1] - NOW < DAY + HOUR
    (given_up,) = of(here)
    assert (given_up.state, given_up.status, given_up.problem) == ("failed", 500, "status")
    assert len({got.headers["Sito-Event-Id"] for got in receiver.got}) == 1


def test_pauses_differ_by_chance():
    assert len({lane.spread(HOUR) for _ in range(20)}) > 5
    assert all(HOUR <= lane.spread(HOUR) <= 1.2 * HOUR for _ in range(200))


def test_after_a_failure_it_is_delivered_and_nothing_more_is_due():
    with Listening(answers=[500, 200]) as receiver:
        here = endpoint(receiver.url())
        happen(here)
        until(here, NOW + DAY)
    assert (len(receiver.got), of(here)[0].state, here.failures, here.failing_since) == (2, "done", 0, None)
    assert lane.look(NOW + DAY) is None


def test_the_receivers_wish_to_be_left_alone_is_kept():
    with Listening(answers=[429], headers={"Retry-After": "7200"}) as receiver:
        here = endpoint(receiver.url())
        happen(here)
        work(here)
    assert of(here)[0].next_at == here.retry_at == NOW + 2 * HOUR
    assert lane.look(NOW) == NOW + 2 * HOUR


def test_one_event_that_always_fails_does_not_hold_up_the_others():
    def picky(handler):
        handler.send_response(500 if len(receiver.got) == 1 else 200)
        handler.end_headers()

    with Listening(answers=[picky]) as receiver:
        here = endpoint(receiver.url())
        happen(here, 3)
        work(here)
    assert [one.state for one in of(here)] == ["waiting", "done", "done"]


def test_an_endpoint_that_is_down_is_asked_now_and_then_and_gets_everything_when_it_is_back():
    with Listening(answers=[*[503] * 6, 200]) as receiver:
        here = endpoint(receiver.url())
        happen(here, 40)
        work(here)
        assert len(receiver.got) == 2  # not forty: two in a row are enough to let it rest
        until(here, NOW + 3 * HOUR)
    assert len(receiver.got) == 6 + 40
    assert {one.state for one in of(here)} == {"done"}


def test_what_failed_while_it_was_down_is_not_left_to_its_own_long_pause():
    with Listening(answers=[*[503] * 5, 200]) as receiver:
        here = endpoint(receiver.url())
        happen(here)
        until(here, NOW + HOUR)
        then = NOW + 1.55 * HOUR
        assert (len(receiver.got), of(here)[0].next_at > then, here.retry_at < then) == (5, True, True)
        happen(here, now=then)
        work(here, now=then)
    assert [(one.state, one.last_at) for one in of(here)] == [("done", then)] * 2


def test_what_waited_for_a_day_while_nothing_arrived_is_given_up_untried():
    with Listening(answers=[503]) as receiver:
        here = endpoint(receiver.url())
        happen(here, 40, now=NOW - 23 * HOUR)
        until(here, NOW + 2 * HOUR)
    states = {(one.state, one.problem, one.tries > 0) for one in of(here)}
    assert states == {("failed", "status", True), ("failed", "down", True), ("failed", "down", False)}
    assert len(receiver.got) < 15


def test_after_three_days_of_failures_it_is_switched_off_with_a_letter(make_user):
    boss, admin = make_user("owner", language="pl"), make_user("administrator")
    make_user("marketer")
    with Listening(answers=[503]) as receiver:
        here = endpoint(receiver.url(), by=boss)
        for day in (0, 2):
            happen(here, now=NOW + day * DAY)
            until(here, NOW + (day + 1) * DAY - HOUR, now=NOW + day * DAY)
            assert here.active
        happen(here, 2, now=NOW + 3 * DAY)
        work(here, now=NOW + 3 * DAY)
    assert (here.active, here.stopped_why, here.stopped_at) == (False, "failing", NOW + 3 * DAY)
    assert not Delivery.objects.filter(endpoint=here, state="waiting").exists()
    stopping.write_notice(here)
    assert [letter.to for letter in mail.outbox] == [[boss.email], [admin.email]]
    assert f"https://acme.example/webhooks/{here.pk}/" in mail.outbox[0].body
    count = Event.objects.count()
    calculated()
    assert Event.objects.count() == count  # it is told of nothing any more


def test_a_single_failure_after_a_long_silence_switches_nothing_off():
    with Listening(answers=[503]) as receiver:
        here = endpoint(receiver.url())
        happen(here)
        work(here)
        happen(here, now=NOW + 9 * DAY)
        work(here, now=NOW + 9 * DAY)
    assert (here.active, here.failures > 1) == (True, True)


def test_gone_switches_off_at_once_and_fails_what_waits():
    with Listening(answers=[410]) as receiver:
        here = endpoint(receiver.url())
        happen(here, 3)
        work(here)
    assert (here.active, here.stopped_why, len(receiver.got)) == (False, "gone", 1)
    assert [(one.state, one.problem, one.tries) for one in of(here)] == [
        ("failed", "off", 1), ("failed", "off", 0), ("failed", "off", 0),
    ]  # fmt: skip
    assert Attempt.objects.get().status == 410


def test_the_letter_is_sent_once_it_is_committed(committed, account, monkeypatch, make_user):
    from webhooks import tasks

    sent = []
    monkeypatch.setattr(tasks.send_notice_task, "delay", lambda *given: sent.append(given))
    with Listening(answers=[410]) as receiver:
        here = endpoint(receiver.url())
        happen(here)
        work(here)
    assert sent == [(account.schema_name, here.pk)]
    make_user("owner")
    tasks.send_notice_task(*sent[0])
    assert len(mail.outbox) == 1
    tasks.send_notice_task(account.schema_name, 10**9)
    tasks.send_notice_task("nobody", here.pk)
    services.switch(here, on=True, now=NOW, by=None)
    tasks.send_notice_task(*sent[0])  # somebody was quicker
    assert len(mail.outbox) == 1


def test_a_test_is_sent_once_passes_over_a_pause_and_judges_nobody():
    with Listening(answers=[503, 503, 503, 200]) as receiver:
        here = endpoint(receiver.url())
        happen(here, 2)
        work(here)
        resting = here.retry_at
        assert resting is not None
        events.ping(here, now=NOW)
        work(here)
    assert (of(here)[-1].state, of(here)[-1].status, len(receiver.got)) == ("failed", 503, 3)
    assert (here.retry_at, here.failures) == (resting, 2)


def test_a_test_reaches_an_endpoint_that_is_off_and_leaves_it_off():
    with Listening() as receiver:
        here = services.switch(endpoint(receiver.url()), on=False, now=NOW, by=None)
        events.ping(here, now=NOW)
        work(here)
    assert (len(receiver.got), of(here)[0].state, here.active) == (1, "done", False)


def test_while_the_secret_is_replaced_both_sign_and_then_the_new_one_alone():
    with Listening() as receiver:
        here = endpoint(receiver.url())
        old = here.secret
        here = services.renew_secret(here, now=NOW, by=None)
        for hours in (1, 25):
            happen(here, now=NOW + hours * HOUR)
            work(here, now=NOW + hours * HOUR)
        services.renew_secret(here, now=NOW + 26 * HOUR, by=None)
        services.drop_previous(here, now=NOW + 26 * HOUR, by=None)
        happen(here, now=NOW + 27 * HOUR)
        work(here, now=NOW + 27 * HOUR)
    marks = [got.headers["Sito-Signature"].count("v1=") for got in receiver.got]
    assert (marks, here.secret != old, old in str(Endpoint.objects.values())) == ([2, 1, 1], True, False)
    first = receiver.got[0]
    stamp, _new, previous = first.headers["Sito-Signature"].split(",")
    signed = stamp.removeprefix("t=").encode() + b"." + first.body
    assert previous == "v1=" + hmac.new(old.encode(), signed, hashlib.sha256).hexdigest()


def test_of_a_deleted_segment_nothing_is_sent_and_the_endpoint_is_not_blamed():
    from segmentation.services import delete_segment

    with Listening() as receiver:
        here = endpoint(receiver.url())
        segment = calculated()
        delete_segment(segment)
        work(here)
    assert (receiver.got, here.failures) == ([], 0)
    assert [(one.state, one.problem) for one in of(here)] == [("failed", "lost")]


# --- sending again -----------------------------------------------------------------------------------------------
def test_a_delivery_is_sent_again_under_the_same_id_with_a_new_signature():
    with Listening() as receiver:
        here = endpoint(receiver.url())
        happen(here)
        work(here)
        services.replay(of(here)[0], now=NOW + 5 * DAY)
        work(here, now=NOW + 5 * DAY)
    first, second = receiver.got
    assert (first.body, first.headers["Sito-Event-Id"]) == (second.body, second.headers["Sito-Event-Id"])
    assert first.headers["Sito-Signature"] != second.headers["Sito-Signature"]
    assert Attempt.objects.count() == 2


def test_all_that_failed_since_then_is_sent_again_and_nothing_else():
    with Listening(answers=[500]) as receiver:
        here, later = endpoint(receiver.url()), NOW + 30 * HOUR
        happen(here, now=NOW)
        happen(here, 2, now=later)
        happen(here, now=later)
        events.ping(here, now=later)
        Delivery.objects.filter(endpoint=here).update(state="failed")
        Delivery.objects.filter(pk=of(here)[3].pk).update(state="done")
        assert services.replay_failed(here, since=later - HOUR, now=later) == 2
    assert [one.state for one in of(here)] == ["failed", "waiting", "waiting", "done", "failed"]


def test_nothing_is_sent_again_to_an_endpoint_that_is_off():
    here = services.switch(endpoint(), on=False, now=NOW, by=None)
    happen(here)
    Delivery.objects.update(state="failed")
    with pytest.raises(services.EndpointError):
        services.replay(of(here)[0], now=NOW)
    with pytest.raises(services.EndpointError):
        services.replay_failed(here, since=NOW, now=NOW)
