"""Killed workers, two workers at once, a flushed broker: each contact is changed once and nothing is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic, sleep

import pytest
from django.conf import settings
from django.db import connection
from django.utils.timezone import now as clock
from pyroaring import BitMap
from redis import Redis

from actions import services
from actions.models import ActionRun
from contacts.models import HistoryEntry
from exports import store
from jobs import scheduler
from jobs.lease import LEASE
from jobs.models import JobState
from jobs.services import run as run_job
from tags.models import ContactTag
from tests import factories
from tests.support.audiences import NOW, make_contacts, ready_segment
from tests.support.jobs import ROOT, Worker, address_under_test

pytestmark = pytest.mark.slow

WORKER = """
from datetime import datetime
from actions import running
from actions.kinds import KINDS
from jobs.services import run
settings.MEDIA_ROOT = {media!r}
for kind in KINDS.values(): kind.chunk = {size}
real = running.count
def count(job, *args, **more):
    real(job, *args, **more)
    tell("inside")
    hear()
running.count = count
run("action", {pk}, now=datetime.fromisoformat({now!r}))
tell("over")
"""


def worker(run, *, size=4, now=NOW) -> Worker:
    """A process that carries out `run`, stopping inside each chunk after its work and before its commit."""
    return Worker(WORKER.format(pk=run.pk, size=size, now=now.isoformat(), media=settings.MEDIA_ROOT))


def tag_run(people):
    tag = factories.tag("VIP")
    params = {"tag": tag.pk, "name": "VIP"}
    return services.plan_action(ready_segment(people), kind="add_tag", params=params, now=NOW, by=None).runs.get()


def tagged():
    return BitMap(ContactTag.objects.values_list("contact_id", flat=True))


@pytest.mark.parametrize("chunks_before", [0, 2])
def test_an_action_resumed_after_kill_9_changes_each_contact_once(committed, chunks_before):
    people = make_contacts(10)
    run = tag_run(people)
    with worker(run) as process:
        assert process.heard() == "inside"
        for _ in range(chunks_before):
            process.go()
            assert process.heard() == "inside"
        process.kill()
    run.refresh_from_db()
    assert (run.state, run.changed_count) == (JobState.RUNNING, 4 * chunks_before)
    assert tagged() == people[: 4 * chunks_before]
    assert run_job("action", run.pk, now=NOW + LEASE - timedelta(seconds=1)) is None
    run_job("action", run.pk, now=NOW + LEASE)
    run.refresh_from_db()
    assert (run.state, run.changed_count, run.already_count, run.progress) == (JobState.DONE, 10, 0, 10)
    assert run.changed_ids == tagged() == people


def test_history_is_written_once_by_a_resumed_action(committed):
    people, category = make_contacts(6), factories.category("klient")
    params = {"category": category.pk, "name": "Klient"}
    action = services.plan_action(ready_segment(people), kind="add_category", params=params, now=NOW, by=None)
    run = action.runs.get()
    with worker(run) as process:
        process.heard()
        process.go()
        process.heard()
        process.kill()
    run_job("action", run.pk, now=NOW + LEASE)
    assert sorted(HistoryEntry.objects.values_list("contact_id", flat=True)) == list(people)


def test_two_workers_at_once_change_each_contact_once(committed):
    """The second comes while the first is inside a chunk, at a time when the first one's lease has long expired."""
    people = make_contacts(10)
    run = tag_run(people)
    with worker(run) as first:
        assert first.heard() == "inside"
        with worker(run, now=NOW + 2 * LEASE) as second:
            assert second.heard() == "over"
        for said in ("inside", "inside", "over"):
            first.go()
            assert first.heard() == said
    run.refresh_from_db()
    assert (run.state, run.changed_count, run.already_count, run.gone_count) == (JobState.DONE, 10, 0, 0)
    assert tagged() == people


def test_a_worker_that_lost_its_lease_between_chunks_changes_nobody(committed):
    """Frozen for longer than its lease, it wakes up when another has done the rest."""
    people = make_contacts(10)
    run = tag_run(people)
    with worker(run) as frozen:
        assert frozen.heard() == "inside"
        frozen.process.send_signal(signal.SIGSTOP)
        frozen.go()
        with connection.cursor() as cursor:  # as when its connection was lost: the server has undone its chunk
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
                " WHERE state = 'idle in transaction' AND pid <> pg_backend_pid() AND datname = current_database()"
            )  # waits until it has
        run_job("action", run.pk, now=NOW + LEASE)
        frozen.process.send_signal(signal.SIGCONT)
        assert frozen.heard() in ("over", "")
    run.refresh_from_db()
    assert (run.state, run.changed_count, run.already_count) == (JobState.DONE, 10, 0)
    assert tagged() == people


def test_an_export_resumed_after_kill_9_has_each_row_once(committed, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    people = make_contacts(10)
    params = {"columns": ["id"], "separator": "comma", "bom": False}
    action = services.plan_action(ready_segment(people), kind="export", params=params, now=NOW, by=None)
    run = action.runs.get()
    with worker(run) as process:
        process.heard()
        process.go()
        process.heard()
        process.kill()
    run_job("action", run.pk, now=NOW + LEASE)
    run.refresh_from_db()
    lines = store.path_of(run.export_file.stored_as).read_text().split()
    assert lines == ["Id", *map(str, people)]
    assert run.export_file.rows == 10
    assert [path.suffix for path in store.path_of("exports").iterdir()] == [".csv"]


@pytest.fixture
def celery_worker(committed) -> Iterator[subprocess.Popen]:
    """A real Celery worker on the test's database and broker."""
    environment = {**os.environ, "DATABASE_URL": address_under_test()}
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo", "--loglevel=warning"]
    command += ["--without-mingle", "--without-gossip", "--without-heartbeat"]  # it is alone: nobody to wait for
    with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def ended(run, seconds=60) -> ActionRun:
    """The run when it is no longer active. Between two looks the worker has the processor."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        run.refresh_from_db()
        if not run.active:
            return run
        sleep(0.02)
    raise AssertionError(f"still {run.state}")


def test_a_worker_takes_what_was_woken(celery_worker):
    people = make_contacts(3)
    assert ended(tag_run(people)).state == JobState.DONE
    assert tagged() == people


def test_a_flushed_broker_loses_nothing(committed, request):
    """The message is gone with everything else in the broker; the row is not, and tick sends another."""
    people = make_contacts(3)
    run = tag_run(people)
    Redis.from_url(settings.REDIS_URL).flushdb()
    request.getfixturevalue("celery_worker")
    with_schema = connection.tenant
    assert scheduler.tick(clock() + timedelta(minutes=2)) == 1
    connection.set_tenant(with_schema)
    assert ended(run).state == JobState.DONE
    assert (run.changed_count, tagged()) == (3, people)
