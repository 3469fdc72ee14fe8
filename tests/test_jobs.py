"""Jobs: claimed once, resumed after a kill, cancelled, given up; nothing twice and nothing lost."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.utils import translation
from django.utils.translation import gettext_lazy

from jobs import registry, services
from jobs.errors import Cancelled, JobProblem, LeaseLost
from jobs.lease import LEASE, MAX_ATTEMPTS, Lease, claim
from jobs.models import JobState
from jobs.registry import JobKind
from segmentation.models import Calculation
from tests.support.audiences import NOW, make_segment, start_calculation
from tests.support.jobs import Worker, counting, make_job, probe


@pytest.fixture
def kinds(monkeypatch):
    """Only the kind made for tests is registered; returns a function that sets its step."""

    def only(kind: JobKind) -> JobKind:
        registry.KINDS.clear()
        registry.KINDS["probe"] = kind
        return kind

    before = dict(registry.KINDS)
    only(probe())
    yield only
    registry.KINDS.clear()
    registry.KINDS.update(before)


def run(job, now=NOW, **more):
    result = services.run("probe", job.pk, now=now, **more)
    job.refresh_from_db()
    return result


def test_a_job_runs_chunk_by_chunk_until_it_is_done(db, kinds):
    job = make_job(total=3)
    run(job)
    assert (job.state, job.progress, job.finished_at, job.lease_owner) == (JobState.DONE, 3, NOW, "")


def test_a_job_that_is_done_is_not_run_again(db, kinds):
    job = make_job()
    run(job)
    assert run(job) is None
    assert job.progress == 3


def test_a_job_held_by_another_worker_is_left_alone(db, kinds):
    job = make_job()
    claim(probe(), job.pk, lease=Lease(lambda: NOW))
    assert run(job, NOW + LEASE - timedelta(seconds=1)) is None
    assert (job.state, job.progress) == (JobState.RUNNING, 0)


def test_an_expired_lease_is_taken_over(db, kinds):
    job = make_job()
    claim(probe(), job.pk, lease=Lease(lambda: NOW))
    run(job, NOW + LEASE)
    assert job.state == JobState.DONE


def test_a_worker_that_lost_its_lease_writes_nothing(db, kinds):
    job = make_job()
    lost = claim(probe(), job.pk, lease=Lease(lambda: NOW))
    claim(probe(), job.pk, lease=Lease(lambda: NOW + LEASE))
    with pytest.raises(LeaseLost):
        counting(lost, NOW)
    with pytest.raises(LeaseLost):
        services.heartbeat(lost, progress=2, total=3)
    job.refresh_from_db()
    assert job.progress == 0


def test_cancelling_stops_a_job_between_chunks(db, kinds):
    job = make_job()
    tidied = []

    def step(running, now):
        more = counting(running, now)
        services.cancel(job, now=now)
        return more

    kinds(probe(step, stopped=lambda stopped, _now: tidied.append(stopped.pk)))
    assert run(job) is None
    assert (job.state, job.progress, tidied) == (JobState.CANCELLED, 1, [job.pk])


def test_a_heartbeat_notices_that_the_job_was_cancelled(db, kinds):
    job = make_job()
    running = claim(probe(), job.pk, lease=Lease(lambda: NOW))
    services.cancel(job, now=NOW)
    with pytest.raises(Cancelled):
        services.heartbeat(running, progress=1, total=3)


def test_a_finished_job_cannot_be_cancelled(db, kinds):
    job = make_job()
    run(job)
    assert services.cancel(job, now=NOW) is False
    assert job.state == JobState.DONE


def test_progress_is_visible_to_others_during_a_long_transaction(committed, kinds):
    from django.db import transaction

    job = start_calculation(make_segment())
    running = claim(JobKind("reading", Calculation, counting), job.pk, lease=Lease(lambda: NOW))
    other = connections.create_connection("default")
    other.set_tenant(connection.tenant)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT 1")
            services.heartbeat(running, progress=4, total=9)
            with other.cursor() as seen:
                seen.execute("SELECT progress FROM segmentation_calculation WHERE id = %s", [job.pk])
                assert seen.fetchone() == (4,)
    finally:
        running.lease.close()
        other.close()


def test_an_expected_failure_is_told_in_the_readers_language(db, kinds):
    job = make_job()

    def step(running, now):
        with translation.override("pl"):
            raise JobProblem(gettext_lazy("Waiting"), path="any[0]")

    kinds(probe(step))
    run(job)
    assert (job.state, job.problem) == (JobState.FAILED, {"text": "Waiting", "params": {}, "path": "any[0]"})
    assert job.problem_text == "Waiting"


def test_a_problem_is_told_with_its_particulars(db):
    job = make_job()
    job.problem = JobProblem("{share} % of it", {"share": 3}).as_json()
    assert job.problem_text == "3 % of it"
    job.problem = JobProblem("interrupted %(times)s times", {"times": 3}).as_json()
    assert job.problem_text == "interrupted 3 times"


def test_a_bug_is_logged_with_its_trace_and_ends_the_job(db, kinds, caplog):
    job = make_job()
    kinds(probe(lambda _running, _now: 1 // 0))
    run(job)
    assert job.state == JobState.ERRORED
    assert "ZeroDivisionError" in caplog.text
    assert "division" not in job.problem_text


def test_a_failed_chunk_leaves_nothing_behind(db, kinds):
    job = make_job()

    def step(running, now):
        with services.chunk(running, now=now):
            job.action.params = {"half": "done"}
            job.action.save()
            raise ValueError

    kinds(probe(step))
    run(job)
    job.action.refresh_from_db()
    assert job.action.params == {}


def test_a_failure_after_finishing_in_the_same_chunk_ends_the_job_too(db, kinds):
    job = make_job()

    def step(running, now):
        with services.chunk(running, now=now):
            services.finish(running, now=now)
            raise ValueError

    kinds(probe(step))
    run(job)
    assert job.state == JobState.ERRORED


def test_a_job_that_the_database_failed_waits_and_is_tried_again(db, kinds):
    job = make_job()

    def broken(running, now):
        raise OperationalError("deadlock detected")

    kinds(probe(broken))
    run(job)
    assert (job.state, job.lease_until) == (JobState.WAITING, NOW + services.PAUSE)
    kinds(probe())
    run(job, NOW + services.PAUSE)
    assert job.state == JobState.DONE


def test_a_job_that_the_database_always_fails_ends_as_errored(db, kinds):
    job = make_job()

    def broken(running, now):
        raise OperationalError("deadlock detected")

    kinds(probe(broken))
    for _ in range(MAX_ATTEMPTS):
        run(job)
    assert job.state == JobState.ERRORED


def test_a_job_that_kills_its_workers_is_given_up(db, kinds):
    job, now = make_job(), NOW
    for _ in range(MAX_ATTEMPTS):
        assert claim(probe(), job.pk, lease=Lease(lambda now=now: now)) is not None
        now += LEASE
    assert run(job, now) is None
    assert job.state == JobState.ERRORED
    assert "3" in job.problem_text


def test_a_job_that_gets_further_each_time_is_never_given_up(db, kinds):
    job, now = make_job(total=2 * MAX_ATTEMPTS), NOW
    for _ in range(2 * MAX_ATTEMPTS - 1):
        counting(claim(probe(), job.pk, lease=Lease(lambda now=now: now)), now)
        now += LEASE
    run(job, now)
    assert (job.state, job.progress) == (JobState.DONE, 2 * MAX_ATTEMPTS)


def test_a_retry_goes_on_from_the_cursor(db, kinds):
    job = make_job()

    def step(running, now):
        if running.progress == 2:
            raise ValueError
        return counting(running, now)

    kinds(probe(step))
    run(job)
    assert (job.state, job.progress) == (JobState.ERRORED, 2)
    kinds(probe())
    assert services.retry(job, now=NOW)
    run(job)
    assert (job.state, job.progress, job.problem) == (JobState.DONE, 3, None)


def test_a_long_job_goes_to_the_end_of_the_queue_after_its_turn(db, kinds):
    job = make_job(total=3)
    run(job, turn=timedelta(0))
    assert (job.state, job.progress, job.lease_owner) == (JobState.WAITING, 1, "")
    run(job)
    assert (job.state, job.progress) == (JobState.DONE, 3)


def test_a_deleted_job_is_nobodys_failure(db, kinds):
    job = make_job()

    def step(running, now):
        type(running).objects.filter(pk=running.pk).delete()
        return counting(running, now)

    kinds(probe(step))
    assert services.run("probe", job.pk, now=NOW) is None


WORKER = """
from datetime import datetime
from jobs import registry, services
from tests.support.jobs import counting, probe
def step(job, now):
    with services.chunk(job, now=now, saves=("already_count",)):
        job.progress += 1
        job.already_count += 1
        tell("inside")
        hear()
    tell("committed")
    return job.progress < job.total
registry.KINDS.clear()
registry.KINDS["probe"] = probe(step)
services.run("probe", {pk}, now=datetime.fromisoformat({now!r}))
tell("over")
"""


def test_a_worker_killed_inside_a_chunk_leaves_the_chunks_before_it(committed, kinds):
    job = make_job(total=3)
    with Worker(WORKER.format(pk=job.pk, now=NOW.isoformat())) as worker:
        assert worker.heard() == "inside"
        worker.go()
        assert worker.heard() == "committed"
        assert worker.heard() == "inside"
        worker.kill()
    job.refresh_from_db()
    assert (job.state, job.progress) == (JobState.RUNNING, 1)
    run(job, NOW + LEASE)
    assert (job.state, job.progress) == (JobState.DONE, 3)


def test_a_chunk_that_outlasts_its_lease_is_not_taken_over_in_its_middle(committed, kinds):
    job = make_job(total=1)
    with Worker(WORKER.format(pk=job.pk, now=NOW.isoformat())) as worker:
        assert worker.heard() == "inside"
        assert services.run("probe", job.pk, now=NOW + 2 * LEASE) is None
        worker.go()
        assert worker.heard() == "committed"
        assert worker.heard() == "over"
    job.refresh_from_db()
    assert (job.state, job.progress) == (JobState.DONE, 1)
