"""Calculations with other processes and connections about: races, progress seen from outside, killed workers."""

import threading
from datetime import timedelta
from typing import Any

from django.db import connection, connections
from pyroaring import BitMap

from accounts.models import Account
from jobs.models import JobState
from jobs.scheduler import tick
from jobs.services import run
from segmentation.models import Calculation, Reason, Segment
from segmentation.selectors import ARCHIVE, READY, list_of
from segmentation.services import NameTakenError, calculations, cancel_calculation, request_calculation
from tests.support.audiences import NOW
from tests.support.jobs import Worker
from tests.support.segments import SCORED, calculate, create, scored

STOPPED_INSIDE = """
from datetime import datetime
from jobs.services import run
from segmentation.services import calculations
evaluate = calculations.evaluate
def slow(tree, *, context):
    found = evaluate(tree, context=context)
    tell("evaluated")
    hear()
    return found
calculations.evaluate = slow
run("calculation", {pk}, now=datetime.fromisoformat("{now}"))
tell("done")
"""


def at_once(*works) -> list[Any]:
    """Runs them in threads of their own connection, begun together; what they return or raise."""
    here: Any = connection
    tenant, start, outcomes = here.tenant, threading.Barrier(len(works)), []

    def attempt(work):
        here.set_tenant(tenant)
        try:
            start.wait(10)
            outcomes.append(work())
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def test_of_two_segments_created_at_once_with_one_name_one_is_refused(committed):
    """IP2: a race ends at the constraint and reads like any other conflict."""
    outcomes = at_once(lambda: create("Same name"), lambda: create("SAME name"))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [NameTakenError.__name__, Segment.__name__]
    assert Segment.objects.count() == 1


def test_of_requests_at_once_one_calculation_is_left(committed):
    segment = create()
    works = [lambda: request_calculation(segment, reason=Reason.MANUAL, now=NOW)] * 4
    outcomes = at_once(*works)
    assert all(isinstance(outcome, Calculation) for outcome in outcomes), outcomes
    assert Calculation.objects.filter(state=JobState.WAITING).count() == 1
    assert Calculation.objects.filter(state=JobState.CANCELLED).count() == 4


def test_requests_and_finishing_at_once_do_not_deadlock(committed):
    scored(5)
    for _ in range(5):
        Segment.objects.all().delete()
        segment = create()
        first = Calculation.objects.latest("pk")
        outcomes = at_once(
            lambda pk=first.pk: run("calculation", pk, now=NOW),
            lambda segment=segment: request_calculation(segment, reason=Reason.MANUAL, now=NOW),
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert calculate(segment).count == 5


def test_progress_is_seen_from_another_connection_while_it_runs(committed, monkeypatch):
    """IP18."""
    segment = create(criteria={"all": [SCORED, SCORED | {"value": 21}, SCORED | {"value": 22}]})
    seen = []
    beat = calculations.beat

    def watched(job, done, total):
        beat(job, done, total)
        seen.extend(at_once(lambda: Calculation.objects.values_list("state", "progress", "total").get(pk=job.pk)))

    monkeypatch.setattr(calculations, "beat", watched)
    calculate(segment)
    assert seen == [(JobState.RUNNING, 1, 3), (JobState.RUNNING, 2, 3), (JobState.RUNNING, 3, 3)]


def test_cancelling_stops_a_run_between_two_criteria(committed, monkeypatch):
    segment = create(criteria={"all": [SCORED, SCORED | {"value": 21}, SCORED | {"value": 22}]})
    beats = []
    beat = calculations.beat

    def watched(job, done, total):
        if done == 2:
            at_once(lambda: cancel_calculation(segment, now=NOW))
        beats.append(done)
        beat(job, done, total)

    monkeypatch.setattr(calculations, "beat", watched)
    cancelled = calculate(segment)
    assert (beats, cancelled.state, cancelled.members) == ([1, 2], JobState.CANCELLED, None)


def test_a_killed_worker_leaves_nothing_and_the_next_one_gives_the_same_result(committed, account):
    warm = scored(4)
    segment = create()
    calculation = Calculation.objects.get()
    with Worker(STOPPED_INSIDE.format(pk=calculation.pk, now=NOW.isoformat())) as worker:
        assert worker.heard() == "evaluated"
        worker.kill()

    calculation.refresh_from_db()
    assert (calculation.state, calculation.members) == (JobState.RUNNING, None)
    assert run("calculation", calculation.pk, now=NOW + timedelta(seconds=30)) is None

    later = NOW + timedelta(minutes=3)
    tick(later)
    assert run("calculation", calculation.pk, now=later) is not None
    calculation.refresh_from_db()
    assert calculation.member_ids == BitMap(warm)
    assert calculation.as_of == later
    segment.refresh_from_db()
    assert segment.ready_until == later + segment.readiness


def test_a_worker_that_was_overtaken_while_it_slept_writes_nothing(committed):
    scored(2)
    create()
    calculation = Calculation.objects.get()
    with Worker(STOPPED_INSIDE.format(pk=calculation.pk, now=NOW.isoformat())) as worker:
        assert worker.heard() == "evaluated"
        later = NOW + timedelta(minutes=3)
        assert run("calculation", calculation.pk, now=later) is not None
        worker.go()
        assert worker.heard() == "done"
    calculation.refresh_from_db()
    assert (calculation.as_of, calculation.finished_at) == (later, later)


def test_what_is_written_while_it_reads_is_not_half_seen(committed, monkeypatch):
    """Rule 4 of the language: one instant, one state of the data."""
    segment = create(criteria={"any": [SCORED, SCORED | {"op": "lte"}]})
    scored(3)
    beat = calculations.beat

    def disturbed(job, done, total):
        beat(job, done, total)
        if done == 1:
            at_once(lambda: scored(2, start=100))

    monkeypatch.setattr(calculations, "beat", disturbed)
    assert calculate(segment).count == 3


def test_tick_finds_a_refresh_when_it_is_due_and_the_segment_is_ready_again(committed, account):
    """IP6, IP20, over the scheduler: due at its interval, in the archive between the windows, then ready again."""
    Account.objects.filter(pk=account.pk).update(next_due_at=None)
    scored(2)
    segment = create(hours=1, every=2, unit="hour")
    calculate(segment)
    between, due = NOW + timedelta(minutes=90), NOW + timedelta(hours=2)

    tick(between)
    assert Calculation.objects.count() == 1
    assert list_of(segment, now=between) == ARCHIVE

    tick(due)
    tick(due)
    refresh = Calculation.objects.latest("pk")
    assert (Calculation.objects.count(), refresh.reason) == (2, Reason.REFRESH)
    calculate(segment, now=due)
    assert list_of(segment, now=due) == READY
    assert Account.objects.get(pk=account.pk).next_due_at <= due + timedelta(hours=2)
