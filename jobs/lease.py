"""Who works on a job: claiming it, committing chunks of it, and saying "still here" during long reads."""

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils.translation import gettext_noop

from jobs.errors import Cancelled, LeaseLost
from jobs.models import Job, JobState
from jobs.registry import JobKind

LEASE = timedelta(minutes=2)
FIELDS = ("state", "cursor", "progress", "total", "attempts", "finished_at", "lease_owner", "lease_until")
MAX_ATTEMPTS = 3  # claims without one committed chunk between them; then the job is taken for poisonous

Clock = Callable[[], datetime]


class Lease:
    """A worker's hold on one job, with the clock it goes by and a connection of its own for heartbeats.

    The side connection makes progress visible, and cancelling noticeable, while the main one is inside a long
    snapshot. Where the whole run is inside somebody's transaction (a test), the main connection serves.
    """

    def __init__(self, clock: Clock) -> None:
        self.owner = f"{socket.gethostname()[:40]}:{uuid.uuid4().hex}"
        self.clock = clock
        self._nested = connection.in_atomic_block
        self._side: BaseDatabaseWrapper | None = None

    @property
    def side(self) -> Any:
        if self._nested:
            return connection
        if self._side is None:
            self._side = connections.create_connection("default")
            self._side.set_tenant(connection.tenant)  # type: ignore[attr-defined]
        return self._side

    def close(self) -> None:
        if self._side is not None:
            self._side.close()
            self._side = None


def claimable(now: datetime) -> Q:
    """Jobs that a worker may take: waiting ones, and running ones whose worker has not been heard of in time."""
    return Q(state=JobState.WAITING) | Q(state=JobState.RUNNING, lease_until__lte=now)


def claim(kind: JobKind, pk: int, *, lease: Lease) -> Job | None:
    """Takes the job for `lease`'s owner; None when it is over, gone, or another worker has it.

    A job claimed `MAX_ATTEMPTS` times without getting any further kills its workers: it ends as errored.
    """
    now = lease.clock()
    with transaction.atomic():
        rows = kind.model.objects.select_for_update(skip_locked=True, no_key=True)
        job: Job | None = rows.filter(claimable(now), pk=pk).first()
        if job is None:
            return None
        if job.attempts >= MAX_ATTEMPTS:
            bury(kind, job, now=now)
            return None
        job.state = JobState.RUNNING
        job.lease_owner, job.lease_until = lease.owner, now + LEASE
        job.attempts += 1
        job.started_at = job.started_at or now
        job.save(update_fields=["state", "lease_owner", "lease_until", "attempts", "started_at"])
        job.lease = lease
        return job


def bury(kind: JobKind, job: Job, *, now: datetime) -> None:
    """Ends a locked job that has stopped its worker again and again."""
    text = gettext_noop("It was interrupted %(times)s times at the same place and was given up.")
    end(kind, job, JobState.ERRORED, {"text": text, "params": {"times": job.attempts}}, now=now)


def end(kind: JobKind, job: Job, state: JobState, problem: dict[str, Any] | None, *, now: datetime) -> None:
    """Writes the end of a locked job, other than done, and lets its kind tidy up."""
    job.state, job.problem = state, problem
    close(job, now=now)
    job.save(update_fields=["state", "problem", "finished_at", "lease_owner", "lease_until"])
    if kind.stopped is not None:
        kind.stopped(job, now)


def close(job: Job, *, now: datetime) -> None:
    """Sets the end and drops the lease, unsaved."""
    job.finished_at = now
    job.lease_owner, job.lease_until = "", None


@contextmanager
def chunk(job: Job, *, now: datetime, saves: tuple[str, ...] = ()) -> Iterator[None]:
    """One transaction of a job: its work, its cursor and counters, and the renewed lease, all or nothing.

    On the way in the row is locked and its owner checked; on the way out `cursor`, `progress`, `total`, the state
    (after `finish`) and the kind's own fields named in `saves` are written.

    Raises: LeaseLost or Cancelled, before anything was written.
    """
    before = {name: getattr(job, name) for name in FIELDS}
    try:
        with transaction.atomic():
            rows = type(job).objects.select_for_update(no_key=True)
            row = rows.filter(pk=job.pk).values_list("state", "lease_owner").first()
            refuse_if_lost(job, row)
            yield
            if job.active:
                job.lease_until = (job.lease.clock() if job.lease else now) + LEASE
                job.attempts = 0  # it got further: the next interruption counts anew
            job.save(update_fields=[*FIELDS, *saves])
    except BaseException:
        for name, value in before.items():  # the row has rolled back, and the object must still own its lease
            setattr(job, name, value)
        raise


def finish(job: Job, *, now: datetime) -> None:
    """Marks the job done; call it inside the `chunk` that does the last of the work."""
    job.state = JobState.DONE
    job.attempts = 0
    close(job, now=now)


def heartbeat(job: Job, *, progress: int, total: int) -> None:
    """Renews the lease and shows progress to others at once, even from inside a long snapshot.

    Not for use inside `chunk`: the row is locked there (and `chunk` renews by itself).

    Raises: LeaseLost or Cancelled.
    """
    job.progress, job.total = progress, total
    if job.lease is None:
        return
    model = type(job)
    # The statement is written out because the ORM would use the main connection, which is inside the snapshot.
    with job.lease.side.cursor() as cursor:
        table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001 (public in all but its name)
        cursor.execute(
            f"UPDATE {table} SET lease_until = %s, progress = %s, total = %s"  # noqa: S608 (our own table's name)
            " WHERE id = %s AND state = %s AND lease_owner = %s",
            [job.lease.clock() + LEASE, progress, total, job.pk, JobState.RUNNING, job.lease_owner],
        )
        if cursor.rowcount:
            return
        cursor.execute(f"SELECT state, lease_owner FROM {table} WHERE id = %s", [job.pk])  # noqa: S608
        refuse_if_lost(job, cursor.fetchone())
    raise LeaseLost


def refuse_if_lost(job: Job, row: tuple[Any, ...] | None) -> None:
    """Raises unless `row` (state, lease owner) says that the job is running and ours."""
    if row is not None and row[0] == JobState.CANCELLED:
        raise Cancelled
    if row is None or row[0] != JobState.RUNNING or row[1] != job.lease_owner:
        raise LeaseLost
