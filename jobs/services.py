"""Running jobs, waking workers for them, cancelling and retrying them."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import OperationalError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Least
from django.utils.translation import gettext_noop

from accounts.models import Account
from jobs.errors import Cancelled, JobProblem, LeaseLost
from jobs.lease import MAX_ATTEMPTS, Clock, Lease, chunk, claim, end, finish, heartbeat
from jobs.models import Job, JobState
from jobs.registry import KINDS, JobKind, kind_of
from rollout.selectors import is_open_here

__all__ = ["cancel", "chunk", "due", "due_later", "finish", "heartbeat", "retry", "run", "wake"]

QUEUED = timedelta(minutes=1)  # how long a message may be under way before `tick` sends another
PAUSE = timedelta(seconds=30)  # before a job is tried again after the database failed it; times the attempts

log = logging.getLogger(__name__)


def wake(job: Job, *, now: datetime) -> None:
    """Has a worker run `job` as soon as this transaction commits; a lost message is replaced by `tick`."""
    job.lease_until = now + QUEUED
    job.save(update_fields=["lease_until"])
    due(job.lease_until)
    send(job)


def send(job: Job) -> None:
    """Queues the message on commit. An unreachable broker is logged, not raised: the row is what counts."""
    schema, kind, pk = connection.schema_name, kind_of(job).name, job.pk  # type: ignore[attr-defined]
    transaction.on_commit(
        lambda: current_app.send_task("jobs.tasks.run_job_task", args=[schema, kind, pk]), robust=True
    )


def due(at: datetime) -> None:
    """Has the scheduler look at this account at `at`, or earlier if it would anyway.

    Holds the account's row until the transaction ends, so it comes after every other lock of it: two that take one
    row first and the account's second, the other way round, would wait for each other. Where more is locked
    afterwards, `due_later`.
    """
    accounts = Account.objects.filter(schema_name=connection.schema_name)  # type: ignore[attr-defined]
    # PostgreSQL's LEAST passes over nulls. A look under way sees by the count that it may have missed something.
    accounts.update(next_due_at=Least("next_due_at", Value(at)), dues=F("dues") + 1)


def due_in(schemas: Sequence[str], at: datetime) -> None:
    """Has the scheduler look at these accounts at `at`. Those held by somebody are left to the hourly look at all."""
    with transaction.atomic():
        rows = Account.objects.select_for_update(skip_locked=True, no_key=True).filter(schema_name__in=schemas)
        free = list(rows.values_list("pk", flat=True))
        Account.objects.filter(pk__in=free).update(next_due_at=Least("next_due_at", Value(at)), dues=F("dues") + 1)


def due_later(at: datetime) -> None:
    """As `due`, once this transaction is committed: for what only comes later, not never, should that get lost."""
    transaction.on_commit(lambda: due(at), robust=True)


def cancel(job: Job, *, now: datetime) -> bool:
    """Cancels `job` if it is waiting or running; chunks already committed stay. Says whether it did."""
    with transaction.atomic():
        locked = type(job).objects.select_for_update(no_key=True).get(pk=job.pk)
        if not locked.active:
            return False
        end(kind_of(job), locked, JobState.CANCELLED, None, now=now)
    return True


def retry(job: Job, *, now: datetime, ended: tuple[JobState, ...] = (JobState.FAILED, JobState.ERRORED)) -> bool:
    """Sets a job that `ended` so, a failed or errored one, going again from where it stopped. Says whether it did."""
    with transaction.atomic():
        locked = type(job).objects.select_for_update(no_key=True).get(pk=job.pk)
        if locked.state not in ended:
            return False
        locked.state, locked.problem, locked.finished_at, locked.attempts = JobState.WAITING, None, None, 0
        locked.save(update_fields=["state", "problem", "finished_at", "attempts"])
        wake(locked, now=now)
    return True


def run(kind: str, pk: int, *, now: datetime, clock: Clock | None = None, turn: timedelta | None = None) -> Job | None:
    """Claims the job and works on it, chunk by chunk, until it ends.

    None when another worker has it, when it is over, or when its area is closed to the account.

    Without `clock` the whole run happens at `now`; a worker passes one that moves. After `turn` (of real time) the job
    goes to the end of the queue, so that one long job does not hold up every other account.
    """
    of = KINDS[kind]
    if closed(of):
        return None  # it waits; the scheduler queues it again once the area is open
    turn = of.turn if turn is not None and of.turn is not None else turn
    lease = Lease(clock or (lambda: now))
    job = claim(of, pk, lease=lease)
    if job is None:
        return None
    started = time.monotonic()
    try:
        while work(of, job, now=lease.clock()):
            over = turn is not None and time.monotonic() - started > turn.total_seconds()
            if over or closed(of):
                with chunk(job, now=lease.clock()):
                    job.state, job.lease_owner = JobState.WAITING, ""
                wake(job, now=lease.clock())
                break
    except (LeaseLost, Cancelled) as stopped:
        log.info("job %s %s: %s", kind, pk, type(stopped).__name__)
        return None
    finally:
        lease.close()
    return job


def closed(kind: JobKind) -> bool:
    """Whether the kind's area is closed to this account."""
    return bool(kind.area) and not is_open_here(kind.area)


def work(kind: JobKind, job: Job, *, now: datetime) -> bool:
    """One step, its failures turned into states. Says whether more is left."""
    try:
        more = kind.step(job, now)
        if not more and job.active:
            with chunk(job, now=now):
                finish(job, now=now)
    except (LeaseLost, Cancelled):
        raise
    except JobProblem as problem:
        log.info("job %s %s failed: %s", kind.name, job.pk, problem)
        stop(kind, job, JobState.FAILED, problem.as_json(), now=now)
    except OperationalError:
        log.warning("job %s %s: the database failed it", kind.name, job.pk, exc_info=True)
        pause(kind, job, now=now)
    except Exception:
        log.exception("job %s %s errored", kind.name, job.pk)
        stop(kind, job, JobState.ERRORED, ERROR, now=now)
    else:
        return more and job.active
    return False


ERROR: dict[str, Any] = {"text": gettext_noop("Something went wrong on our side. The error has been recorded.")}


def stop(kind: JobKind, job: Job, state: JobState, problem: dict[str, Any], *, now: datetime) -> None:
    """Ends our job in `state`, unless it is no longer ours."""
    with transaction.atomic():
        rows = type(job).objects.select_for_update(no_key=True)
        locked = rows.filter(pk=job.pk, state=JobState.RUNNING, lease_owner=job.lease_owner).first()
        if locked is None:
            raise LeaseLost
        end(kind, locked, state, problem, now=now)
    job.state, job.problem = state, problem


def pause(kind: JobKind, job: Job, *, now: datetime) -> None:
    """Lets go of a job that the database failed (a deadlock, a lost connection) so that `tick` tries it again later."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    if job.attempts >= MAX_ATTEMPTS:
        stop(kind, job, JobState.ERRORED, ERROR, now=now)
        return
    until = now + PAUSE * max(job.attempts, 1)
    rows = type(job).objects.filter(pk=job.pk, state=JobState.RUNNING, lease_owner=job.lease_owner)
    with transaction.atomic():
        if not rows.update(state=JobState.WAITING, lease_owner="", lease_until=until):
            raise LeaseLost
        due(until)
    job.state = JobState.WAITING
