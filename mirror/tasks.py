"""When the files are brought up to date, and by whom: a job that a look wakes, if it is worth it.

An account in which nothing happens is looked at once an hour, and costs a few index lookups then.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection

from jobs.models import ACTIVE, JobState
from jobs.registry import JobKind
from jobs.services import chunk, heartbeat
from mirror import files
from mirror.compacting import OvertakenError, compact
from mirror.files import BrokenFileError
from mirror.layout import fingerprint
from mirror.models import Broken, Compaction, Cut, File, Gone
from mirror.services import healed, request
from mirror.snapshots import numbers
from mirror.units import UNITS

DAY = timedelta(days=1)  # no longer does a deleted row stay in files
FIRST, LONGEST = timedelta(minutes=2), timedelta(hours=1)  # between tries that fail, doubling

log = logging.getLogger(__name__)


def step(job: Compaction, now: datetime) -> bool:
    """Brings one unit up to date, and moves the cursor in the transaction that swaps its files in."""
    if job.cursor >= len(job.units):
        return False
    unit = job.units[job.cursor]

    @contextmanager
    def commit() -> Iterator[None]:
        with chunk(job, now=now):
            yield
            job.cursor += 1

    done = job.cursor
    try:
        work = partial(compact, unit, now=now, beat=lambda rows: heartbeat(job, progress=rows, total=0), commit=commit)
        healed(unit, work, rebuild=broken(unit))
    except OvertakenError:
        log.info("mirror: %s was brought up to date by somebody else", unit)
    if job.cursor == done:
        with commit():
            pass
    return job.cursor < len(job.units)


KIND = JobKind("compaction", Compaction, step)


def broken(unit: str) -> bool:
    """Whether a file that was reported is really broken; a storage may have been away for a moment only."""
    reported = Broken.objects.filter(kind__in=[kind.name for kind in UNITS[unit]])
    for report in reported:
        file = File.objects.filter(name=report.name).first()
        try:
            if file is not None:
                files.check([files.part_of(file)], file.kind)
            report.delete()
        except BrokenFileError:
            return True
    return False


def look(now: datetime) -> datetime | None:
    """Wakes a compaction if one is worth it; returns when to look again, if something waits."""
    if Compaction.objects.filter(state__in=ACTIVE).exists():
        return None
    units, later = worthwhile(now)
    if not units:
        return later
    held = held_until()
    if held is not None and held > now:
        return held
    request(units, now=now)
    return later


def held_until() -> datetime | None:
    """When the next try may be made, after some that failed."""
    last = Compaction.objects.order_by("-pk").values_list("state", "finished_at")[:10]
    failed = 0
    for state, _finished in last:
        if state not in (JobState.FAILED, JobState.ERRORED):
            break
        failed += 1
    if not failed or last[0][1] is None:
        return None
    finished: datetime = last[0][1]
    return finished + min(FIRST * 2 ** (failed - 1), LONGEST)


def worthwhile(now: datetime) -> tuple[list[str], datetime | None]:
    """The units worth bringing up to date now, and when one of the others will be.

    Only what is settled counts: while a long transaction holds the cut back, there is nothing to be done.
    """
    cuts = {cut.kind: cut for cut in Cut.objects.all()}
    settled, _next, system = numbers()
    found, times = [], []
    for unit, kinds in UNITS.items():
        cut = cuts.get(kinds[0].name) or Cut(kind=kinds[0].name)
        ours = cut.system == system and cut.layout == fingerprint(unit)
        rows = waiting(unit, cut.cut if ours else 0, settled)
        gone = Gone.objects.filter(kind=unit).count()
        age = None if cut.made_at is None else now - cut.made_at
        pause = timedelta(seconds=settings.MIRROR_PAUSE_S)
        if (
            max(rows, gone) >= settings.MIRROR_AT_ONCE
            or (rows >= settings.MIRROR_LATER and (age is None or age >= pause))
            or (gone and age is not None and age >= DAY)
            or Broken.objects.filter(kind__in=[kind.name for kind in kinds]).exists()
        ):
            found.append(unit)
        elif rows >= settings.MIRROR_LATER and cut.made_at is not None:
            times.append(cut.made_at + pause)
        elif gone and cut.made_at is not None:
            times.append(cut.made_at + DAY)
    return found, min(times, default=None)


def waiting(unit: str, cut: int, settled: int) -> int:
    """How many settled rows are not in files; so many that it makes no difference, at most."""
    table, written = UNITS[unit][0].table, UNITS[unit][0].written
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM {table} WHERE {written} >= %s AND {written} < %s LIMIT %s) newer",
            [cut, settled, settings.MIRROR_AT_ONCE],
        )
        return int(cursor.fetchone()[0])
