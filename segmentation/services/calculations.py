"""Asking for a calculation, cancelling it, and carrying it out. docs/segments.md, "A calculation"."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.db.models import Min
from pyroaring import BitMap

from accounts.models import Account
from contacts.sight import sees
from jobs import services as jobs
from jobs.errors import JobProblem
from jobs.models import ACTIVE
from segmentation import hooks
from segmentation.builder.live import kept_counts
from segmentation.criteria import CriteriaError, criteria, parse
from segmentation.engine import Context, Evaluation, evaluate, snapshot
from segmentation.models import Calculation, Cause, Direction, Movement, Reason, Segment
from segmentation.movements import Before, Moves, before_of, moves
from segmentation.seen import digest
from users.models import User

RESULT = (
    "as_of", "sight", "members", "joined", "left", "count", "joined_count", "left_count", "erased", "node_counts",
    "ms", "problem",
)  # fmt: skip
REFRESHES_PER_TICK = 200


def locked(pk: int) -> Segment:
    """The segment's row, locked until the transaction ends. Always locked before its calculations: no deadlocks."""
    return Segment.objects.select_for_update(no_key=True).get(pk=pk)


def request_calculation(segment: Segment, *, reason: str, now: datetime, by: User | None = None) -> Calculation:
    """A waiting calculation of the criteria in force; a run still going on is cancelled, its result is out of date."""
    with transaction.atomic():
        current = locked(segment.pk)
        cancel_active(current, now=now)
        calculation = Calculation.objects.create(
            segment=current, version_id=current.version_id, reason=reason, requested_at=now, requested_by=by
        )
        jobs.wake(calculation, now=now)
    return calculation


def cancel_calculation(segment: Segment, *, now: datetime) -> bool:
    """Stops the calculation that waits or runs; says whether there was one. The last result stays."""
    with transaction.atomic():
        current = locked(segment.pk)
        if not cancel_active(current, now=now):
            return False
        for callback in hooks.on_cancelled:
            callback(current, now)
    return True


def cancel_active(segment: Segment, *, now: datetime) -> bool:
    active = Calculation.objects.filter(segment=segment, state__in=ACTIVE).only("pk", "state")
    return sum(jobs.cancel(calculation, now=now) for calculation in active) > 0


def calculate(job: Calculation, now: datetime) -> bool:
    """The one step of a calculation: who satisfies the criteria at `now`.

    Reads in one snapshot, then stores members, joined and left with their causes, and counts, opens the readiness
    window and calls `hooks.on_calculated`, all in one transaction. A worker killed before that has changed nothing; the
    next one begins anew with its own `now`, because instant and snapshot belong together.

    Raises: JobProblem with the path, if the criteria name something deleted; never an empty result instead.
    """
    store(job, result_at(job, now), as_of=now)
    return False


@dataclass(frozen=True)
class Result:
    """Whom a calculation found; whom the one before had found, and by what cause each moved since. `before`: if any."""

    found: Evaluation
    before: Before | None
    moves: Moves


def result_at(job: Calculation, now: datetime) -> Result:
    """The members by the calculation's own version of the criteria, and what became of those before.

    Of the contacts that the segment's owner sees in this snapshot: nobody else is in it.
    """
    zone = Account.objects.get(schema_name=connection.schema_name).zone  # type: ignore[attr-defined]
    progress = partial(beat, job)
    with snapshot():
        try:
            context = Context(now=now, zone=zone, mask=sees(job.segment.owner), progress=progress)
            found = evaluate(parse(job.version.criteria), context=context)
        except CriteriaError as error:
            raise JobProblem(error.text, error.params, error.path) from error
        before = before_of(job.segment_id)
        if before is None:
            return Result(found, None, {})
        total = sum(1 for _criterion in criteria(found.tree))
        told = moves(found, before, version=job.version_id, alive=lambda: beat(job, total, total))
        return Result(found, before, told)


def beat(job: Calculation, done: int, total: int) -> None:
    """Shows how many criteria are done; raises if the run was cancelled or taken over."""
    jobs.heartbeat(job, progress=done, total=total)


def store(job: Calculation, result: Result, *, as_of: datetime) -> None:
    """Writes the result and what follows from it, all or nothing."""
    before = result.before
    with transaction.atomic():
        segment = locked(job.segment_id)
        finished = job.lease.clock() if job.lease else as_of
        with jobs.chunk(job, now=finished, saves=RESULT):
            if segment.latest_id != (before and before.calculation):
                raise RuntimeError("another calculation was stored meanwhile, although only one may be active")
            job.sight = digest(result.found.context.mask)
            erased = before.erased if before else 0
            fill(job, result.found, before=before.members if before else BitMap(), as_of=as_of, erased=erased)
            write(job, result.moves, erased=erased)
            segment.latest = job
            segment.ready_until = finished + segment.readiness
            segment.save(update_fields=["latest", "ready_until"])
            job.segment = segment
            for callback in hooks.on_calculated:
                callback(job, finished)
            jobs.finish(job, now=finished)  # last: until here the job is ours to fail


def fill(job: Calculation, found: Evaluation, *, before: BitMap, as_of: datetime, erased: int = 0) -> None:
    """Sets the result's fields, unsaved. The first calculation has everyone joined.

    erased: who was a member before and is in no set any more has left as well, and is known by number alone.
    """
    joined, left = found.members - before, before - found.members
    job.as_of, job.ms = as_of, found.ms
    job.members, job.joined, job.left = stored(found.members), stored(joined), stored(left)
    job.count, job.joined_count, job.left_count = len(found.members), len(joined), len(left) + erased
    job.erased = {"left": erased} if erased else {}
    job.node_counts = kept_counts(found, job.version.criteria)
    job.problem = None


def write(job: Calculation, told: Moves, *, erased: int = 0) -> None:
    """The causes as rows."""
    gone = (Direction.LEFT, Cause.ERASED)
    if erased:
        told = {**told, gone: told.get(gone, BitMap())}
    Movement.objects.bulk_create(
        Movement(
            calculation=job,
            direction=which[0],
            cause=which[1],
            members=stored(members),
            count=len(members) + (erased if which == gone else 0),
            erased={"members": erased} if erased and which == gone else {},
        )
        for which, members in told.items()
    )


def stored(members: BitMap) -> bytes:
    """A set as kept in the database: run-length packed where that is smaller."""
    packed = members.copy()
    packed.run_optimize()
    return packed.serialize()


def refresh_due(now: datetime) -> datetime | None:
    """Requests a calculation of every segment whose interval has passed; returns when the next one will.

    Refreshes missed while nothing ran are not made up for: the next time is the first of the segment's own beat after
    `now`. One that is still being calculated is left to finish; cancelling it each interval would never end.
    """
    rows = Segment.objects.select_for_update(skip_locked=True, no_key=True).filter(next_refresh_at__lte=now)
    for segment in rows.order_by("next_refresh_at", "pk")[:REFRESHES_PER_TICK]:
        segment.next_refresh_at = following(segment, now)
        segment.save(update_fields=["next_refresh_at"])
        if not Calculation.objects.filter(segment=segment, state__in=ACTIVE).exists():
            request_calculation(segment, reason=Reason.REFRESH, now=now)
    return Segment.objects.aggregate(first=Min("next_refresh_at"))["first"]


def following(segment: Segment, now: datetime) -> datetime:
    """The first time after `now` on the segment's beat: a whole number of intervals after the time it was due."""
    if segment.interval is None or segment.next_refresh_at is None:
        raise ValueError("only a refreshing segment is due again")
    behind = now - segment.next_refresh_at
    return segment.next_refresh_at + (behind // segment.interval + 1) * segment.interval
