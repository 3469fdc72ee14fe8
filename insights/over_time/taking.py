"""What is told of a subject over time, taken in one snapshot, of the contacts that the reader sees.

Kept for as long as no row has changed that it was made of (`insights.statistics.taking`), so that a page opened again
reads nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
from pyroaring import BitMap

from insights.over_time.periods import COHORTS, By, Period, edges, periods, second
from insights.over_time.spells import Counted, Spells
from insights.over_time.subjects import Subject
from insights.statistics.sets import Sets
from insights.statistics.taking import Taking
from mirror.kinds import MONEY, ORDER
from mirror.reading import Rows
from segmentation.criteria import Context
from segmentation.engine import snapshot


@dataclass(frozen=True)
class Cohorts:
    """By the month in which contacts were in for the first time.

    sizes: of all of them; still: how many of these were in at the end of each month.
    A row for each month, a column for each as well: before their own month nobody is in.
    """

    months: tuple[Period, ...]
    edges: tuple[int, ...]
    sizes: tuple[int, ...]
    still: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Course:
    """Size and movement by period. units: what the orders came to, in each, of those who were in at its beginning.

    last_read: of a segment, when it was last calculated, with which its periods end; None: they end now.
    """

    periods: tuple[Period, ...]
    edges: tuple[int, ...]
    counted: Counted
    units: tuple[int, ...]
    cohorts: Cohorts
    ever: int  # contacts who were ever in, as far as it is known
    earliest: int | None  # the second at which somebody was in for the first time
    last_read: datetime | None

    def each(self, place: int) -> Fraction | None:
        """Revenue in a period for each of those who were in at its beginning."""
        members = self.counted.sizes[place]
        return Fraction(self.units[place], MONEY * members) if members else None

    def revenue(self, place: int) -> Decimal:
        return Decimal(self.units[place]) / MONEY


FORM = crc32(repr([one.__annotations__ for one in (Cohorts, Course, Counted, Period)]).encode())


@dataclass(frozen=True)
class Taken:
    """Of `subject`, at `at`, on `day`. known: the second before which it is not known who left; None: all is known."""

    subject: Subject
    by: By
    at: datetime
    day: date
    course: Course
    known: int | None
    currency: str

    @property
    def known_at(self) -> datetime | None:
        """When losses began to be noted, in whole seconds."""
        return None if self.known is None else datetime.fromtimestamp(self.known, UTC)

    @property
    def today(self) -> bool:
        """Whether the last period is the one that is running."""
        return self.course.periods[-1].days.last >= self.day

    def partial(self, edge: int) -> bool:
        """Whether of the moment of an edge only those are known who were still in when losses began to be noted."""
        return self.known is not None and edge < self.known


def taken(
    subject: Subject, by: By, *, now: datetime, zone: ZoneInfo, mask: BitMap | None, only_kept: bool = False
) -> Taken:
    """`mask`: the contacts that the reader sees; None: all.

    Raises: NotKeptError, if `only_kept` and it would have to be counted.
    """
    with snapshot():
        context = Context(now=now, zone=zone, mask=mask)
        base = context.everyone
        taking = Taking(context, Sets(base, base), only_kept)
        about = (subject.token, by, str(subject.since), subject.stamp(), FORM)
        course = taking.kept("over time", ["order"], about, lambda: counted(subject, by, context))
        known = subject.known_since()
        began = second(subject.since) if course.earliest is None else min(second(subject.since), course.earliest)
        if known is not None and began >= known:
            known = None  # nothing of it is older than the notes
        return Taken(subject, by, now, context.today, course, known, context.catalog.currency)


def spells_of(subject: Subject, context: Context) -> Spells:
    """Of the contacts there are, as far as they are seen."""
    return subject.read(second(context.now)).within(context.everyone)


def counted(subject: Subject, by: By, context: Context) -> Course:
    now, spells = second(context.now), spells_of(subject, context)
    earliest = int(spells.start.min()) if len(spells) else None
    low = datetime.fromtimestamp(max(earliest or 0, 0), UTC) if earliest is not None else subject.since
    began = min(low, context.now).astimezone(context.zone).date()
    last_read = subject.last_read()
    ends_on = last_read.astimezone(context.zone).date() if last_read else context.today
    shown = periods(by, began, ends_on)
    cuts = edges(shown, context.zone, now)
    months = periods("month", began, ends_on, most=COHORTS)
    ends = edges(months, context.zone, now)
    still = spells.survival(ends)
    return Course(
        periods=tuple(shown),
        edges=tuple(cuts),
        counted=spells.counted(cuts),
        units=revenue(spells, shown, cuts, context),
        cohorts=Cohorts(
            tuple(months),
            tuple(ends),
            tuple(map(int, spells.newcomers(ends))),
            tuple(tuple(map(int, row[1:])) for row in still),
        ),
        ever=len(spells.firsts),
        earliest=earliest,
        last_read=last_read,
    )


def revenue(spells: Spells, shown: Sequence[Period], cuts: Sequence[int], context: Context) -> tuple[int, ...]:
    """What orders that count came to in each period, of those who were in when it began. Exact, in units of the mirror.

    Orders of the running period count whole, those dated ahead within it as well.
    """
    found = [0] * len(shown)
    if not len(spells):
        return tuple(found)
    whole = (shown[0].days.span(context.zone).start, shown[-1].days.span(context.zone).last)
    rows = Rows(ORDER, (ORDER.column("total"), ORDER.column("counted")), 0, *whole)
    query = "SELECT contact_id, epoch_us(moment) // 1000000 AS at, total FROM {rows} WHERE counted"
    read = context.reader.select(rows, query)
    period = np.searchsorted(cuts[:-1], np.asarray(read["at"]), side="right") - 1
    room = int(spells.contacts.max()) + 1
    contacts, totals = np.asarray(read["contact_id"], dtype=np.int64), np.asarray(read["total"], dtype=np.int64)
    order = np.argsort(period, kind="stable")
    bounds = np.searchsorted(period[order], np.arange(len(shown) + 1))
    for place in range(len(shown)):
        there = np.zeros(room, dtype=bool)
        there[spells.contacts[(spells.start < cuts[place]) & (spells.end >= cuts[place])]] = True
        own = order[bounds[place] : bounds[place + 1]]
        own = own[contacts[own] < room]
        found[place] = added(totals[own[there[contacts[own]]]])
    return tuple(found)


def added(values: np.ndarray) -> int:
    """Exactly, however large: in two parts of 32 bits."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
