"""The clock's work: looking at accounts in which something is due, and removing what has expired."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Min
from django_tenants.utils import schema_context, tenant_context

from accounts.models import Account
from jobs.lease import claimable
from jobs.models import ACTIVE, JobState
from jobs.registry import AREA_OF, KINDS, PURGES, TICKS, JobKind, Tick
from jobs.services import due, send
from rollout.selectors import is_open_here

ACCOUNTS = 500  # looked at in one tick at most; the rest is still due in the next
SECONDS = 25.0  # of real time for one tick: beat calls every 30
JOBS = 1000  # queued again for one account in one tick
LOOKING = timedelta(minutes=5)  # an account under a tick's hands; if that tick dies, the next look is after this
AGAIN = timedelta(minutes=1)  # the next look at an account in which something failed
REQUEUED = timedelta(minutes=5)  # before a job that still waits is queued once more
TICK_LOCK, PURGE_LOCK = 7_401, 7_402  # advisory lock classes; the second number is the account

log = logging.getLogger(__name__)


def tick(now: datetime) -> int:
    """Does what is due at `now` in every account that is due; returns how many accounts were looked at.

    One indexed query when nothing is due. Two ticks at once share the accounts between them: each account is claimed
    by moving its `next_due_at`, and held by an advisory lock while it is looked at.
    """
    started = time.monotonic()
    with schema_context("public"):
        accounts = list(Account.objects.filter(next_due_at__lte=now).order_by("next_due_at")[:ACCOUNTS])
    looked = 0
    for account in accounts:
        if time.monotonic() - started > SECONDS:
            break
        looked += isolated(account, TICK_LOCK, partial(look_at, account, now=now))
    return looked


def purge(now: datetime) -> int:
    """Lets every account remove what has expired at `now`, and has each looked at once by the next tick.

    That look heals a due time that got lost (a restored backup, say) within the hour.
    """
    with schema_context("public"):
        accounts = list(Account.objects.exclude(schema_name="public").order_by("pk"))
    return sum(isolated(account, PURGE_LOCK, lambda: purge_in_account(now)) for account in accounts)


def isolated(account: Account, lock: int, work: Callable[[], None]) -> bool:
    """Runs `work` inside the account unless another process does the same there; its failure stays its own."""
    try:
        with tenant_context(account), held(lock, account.pk) as ours:
            if ours:
                work()
            return ours
    except Exception:
        log.exception("scheduler: account %s failed", account.schema_name)
        return False


@contextmanager
def held(lock: int, account: int) -> Iterator[bool]:
    """Tries to hold an advisory lock of this session; says whether it is ours. Ends with the session at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [lock, account])
        ours = bool(cursor.fetchone()[0])
    try:
        yield ours
    finally:
        if ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [lock, account])


def look_at(account: Account, *, now: datetime) -> None:
    """Claims the account's due time, does what is due, and writes when the next look is due.

    Work announced while it looks may lie behind what its looks have read, and later than the claim: then the claim
    stays, or what is earlier, and the next look settles it.
    """
    claimed = now + LOOKING
    dues = claim_look(account, until=claimed)
    if dues is None:
        return  # another tick was here first, or more work has come: the next tick sees it
    looks: list[Tick] = [look for look in TICKS if open_here(AREA_OF.get(look, ""))]
    looks += [partial(requeue, kind) for kind in KINDS.values() if open_here(kind.area)]
    times = [guarded(look, account, now=now) for look in looks]
    following = min((at for at in times if at is not None), default=None)
    Account.objects.filter(pk=account.pk, next_due_at=claimed, dues=dues).update(next_due_at=following)


def open_here(area: str) -> bool:
    """Whether what belongs to this area, if to any, runs in the account."""
    return not area or is_open_here(area)


def claim_look(account: Account, *, until: datetime) -> int | None:
    """Moves the account's due time, unless it was moved since it was read; the number of announcements so far.

    The row is locked meanwhile: work announced in a transaction that has not ended is waited for, so that the looks
    see it, or comes after the claim and is counted.
    """
    with transaction.atomic():
        row = Account.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
        if row is None or row.next_due_at != account.next_due_at:
            return None
        Account.objects.filter(pk=account.pk).update(next_due_at=until)
    return row.dues


def guarded(look: Tick, account: Account, *, now: datetime) -> datetime | None:
    """Runs one look in a transaction; if it fails, the others still run and it is tried again soon."""
    try:
        with transaction.atomic():
            return look(now)
    except Exception:
        log.exception("scheduler: a look at account %s failed", account.schema_name)
        return now + AGAIN


def requeue(kind: JobKind, now: datetime) -> datetime | None:
    """Queues jobs whose message was lost or whose worker has gone; returns when the next of them would be due."""
    rows = kind.model.objects.filter(state__in=ACTIVE)
    stray = rows.filter(claimable(now)).exclude(state=JobState.WAITING, lease_until__gt=now)
    for job in stray.order_by("pk").only("pk", "state", "lease_until")[:JOBS]:
        if job.state == JobState.WAITING:  # a running one keeps its expired lease: that is what lets it be claimed
            kind.model.objects.filter(pk=job.pk, state=JobState.WAITING).update(lease_until=now + REQUEUED)
        send(job)
    first = rows.aggregate(first=Min("lease_until"))["first"]
    return max(first, now + AGAIN) if first is not None else None


def purge_in_account(now: datetime) -> None:
    for remove in PURGES:
        try:
            remove(now)
        except Exception:
            log.exception("purge: %s failed in %s", remove.__qualname__, connection.schema_name)  # type: ignore[attr-defined]
    due(now)
