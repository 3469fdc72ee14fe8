"""Workers at one endpoint: two at once, one killed, one that comes late; what wakes them."""

import threading
from datetime import timedelta
from ipaddress import ip_network

import pytest

from jobs.lease import LEASE
from jobs.models import JobState
from jobs.services import run
from tests.support.audiences import NOW
from tests.support.receiver import Listening, free_port
from tests.support.segments import create
from tests.support.webhooks import endpoint, happen, of, work
from webhooks import lane, services
from webhooks.models import Attempt, Delivery, Lane

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _inside(settings):
    settings.WEBHOOKS_ALLOW, settings.WEBHOOKS_HTTP = [ip_network("127.0.0.0/8")], True


def test_two_workers_send_nothing_twice_and_never_two_at_once(committed, account):
    """The second finds the lane taken while the first waits for its answer."""
    inside, leave = threading.Event(), threading.Event()

    def slow(handler):
        inside.set()
        leave.wait(20)
        handler.send_response(200)
        handler.end_headers()

    def worker():
        from django.db import connection

        connection.set_tenant(account)
        run("webhooks", here.lane.pk, now=NOW)
        connection.close()

    with Listening(answers=[slow, 200]) as receiver:
        here = endpoint(receiver.url())
        happen(here, 3)
        lane.look(NOW)
        first = threading.Thread(target=worker)
        first.start()
        assert inside.wait(20)
        assert run("webhooks", here.lane.pk, now=NOW) is None
        leave.set()
        first.join(60)
    assert (len(receiver.got), receiver.most_inside) == (3, 1)
    assert {one.state for one in of(here)} == {"done"}


def test_a_worker_killed_with_the_answer_in_its_hands_leaves_it_to_be_sent_again(monkeypatch):
    with Listening() as receiver:
        here = endpoint(receiver.url())
        happen(here, 2)
        lane.look(NOW)
        with monkeypatch.context() as patch:
            patch.setattr(lane, "settle", lambda *_args, **_more: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                run("webhooks", here.lane.pk, now=NOW)
        assert (Attempt.objects.count(), of(here)[0].state) == (0, "waiting")
        run("webhooks", here.lane.pk, now=NOW + 2 * LEASE)
    ids = [got.headers["Sito-Event-Id"] for got in receiver.got]
    assert (len(ids), len(set(ids)), ids[0] == ids[1]) == (3, 2, True)
    assert [one.state for one in of(here)] == ["done", "done"]


def test_what_comes_while_a_lane_is_about_to_rest_is_seen(monkeypatch):
    with Listening() as receiver:
        here = endpoint(receiver.url())
        happen(here)
        first_due, late = lane.rest, []

        def rest(row, now):
            if not late:
                late.append(happen(here))
            return first_due(row, now)

        monkeypatch.setattr(lane, "rest", rest)
        done = work(here)
    assert (len(receiver.got), done.state) == (2, JobState.DONE)


def test_a_commit_wakes_the_lane_and_a_slow_endpoint_leaves_the_worker_to_others(committed, account):
    from jobs.registry import KINDS

    here = endpoint(f"http://127.0.0.1:{free_port()}/")
    assert Lane.objects.get().state == JobState.DONE
    segment = create()
    run("calculation", segment.calculations.get().pk, now=NOW)
    assert (Lane.objects.get().state, len(of(here))) == (JobState.WAITING, 1)
    assert KINDS["webhooks"].turn == lane.TURN
    run("webhooks", here.lane.pk, now=NOW, turn=timedelta(minutes=1))
    account.refresh_from_db()
    assert account.next_due_at <= of(here)[0].next_at


def test_a_lane_that_kills_its_workers_is_tried_again_after_a_rest():
    here = endpoint()
    happen(here)
    Lane.objects.update(state=JobState.ERRORED, finished_at=NOW)
    lane.look(NOW)
    assert Lane.objects.get().state == JobState.ERRORED
    lane.look(NOW + HOUR)
    assert Lane.objects.get().state == JobState.WAITING


def test_an_endpoint_deleted_while_its_request_is_under_way_ends_the_work(monkeypatch):
    from webhooks import sending

    with Listening() as receiver:
        here = endpoint(receiver.url())
        happen(here)
        lane.look(NOW)
        pk, post = here.lane.pk, sending.post

        def deleted_meanwhile(*given, **more):
            answer = post(*given, **more)
            services.delete_endpoint(here)
            return answer

        monkeypatch.setattr(sending, "post", deleted_meanwhile)
        assert run("webhooks", pk, now=NOW) is None
    assert (len(receiver.got), Delivery.objects.count()) == (1, 0)
