"""All numbers of the page of engagement, in one snapshot, of the contacts that the reader sees. docs/engagement.md."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from pyroaring import BitMap

from contacts.models import HistoryEntry, Status
from insights.engagement import moments
from insights.engagement.erased import ALL, microseconds
from insights.engagement.moments import CURVE_DAYS, PARTS, STATES, SUBSCRIBED, Looked
from segmentation.criteria import Context
from segmentation.criteria.times import DAY
from segmentation.engine import snapshot

MOST_DAYS = 3650
STEPS = {"day": 1, "week": 7}


@dataclass(frozen=True)
class Asked:
    """What the page shows. days: the window; day: as of its end, None: now; population: whose change is told."""

    days: int
    day: date | None = None
    population: str = SUBSCRIBED
    step: str = "week"


@dataclass(frozen=True)
class Cell:
    """A number of contacts: those who can be listed, and those erased since."""

    here: int
    erased: int = 0

    @property
    def count(self) -> int:
        return self.here + self.erased


@dataclass(frozen=True)
class Point:
    """The two groups at the end of a day."""

    day: date
    engaged: Cell
    unengaged: Cell

    @property
    def there(self) -> int:
        return self.engaged.count + self.unengaged.count


@dataclass(frozen=True)
class Figures:
    """Taken at `at`, telling `moment`.

    table: by status (and `all`), then state (and `all`). change: by state, then part of the sum. unsubscribed: by
    state, where the change is of everybody and unsubscribing is no leaving. unknown: erased since, in groups that
    their proofs do not tell, and in no number. passed: came after the start and were erased before the end. merged:
    became one with another meanwhile, and count as that one throughout.
    """

    asked: Asked
    at: datetime
    day: date
    moment: datetime
    start: datetime
    window_first: date
    table: dict[str, dict[str, Cell]]
    curve: list[Point]
    change: dict[str, dict[str, Cell]]
    unsubscribed: dict[str, Cell]
    unknown: int
    passed: int
    merged: int

    @property
    def today(self) -> bool:
        return self.moment == self.at

    @property
    def all(self) -> dict[str, Cell]:
        return self.table[ALL]


def taken(asked: Asked, *, now: datetime, zone: ZoneInfo, mask: BitMap | None, only_kept: bool = False) -> Figures:
    """As of the end of `asked.day`. `mask`: the contacts that the reader sees; None: all.

    Raises: NotKeptError, if `only_kept` and files would have to be read.
    """
    with snapshot():
        context = Context(now=now, zone=zone, mask=mask)
        day = asked.day or context.today
        looked = Looked(context, asked.days, day, only_kept)
        return Figures(
            asked=asked,
            at=now,
            day=day,
            moment=looked.at(day),
            start=looked.start.at,
            window_first=day - DAY * (asked.days - 1),
            table=_table(looked),
            curve=_curve(looked, asked.step),
            change={state: _change(looked, state, asked.population) for state in STATES},
            unsubscribed={
                state: Cell(len(looked.change(moments.UNSUBSCRIBED, state, asked.population))) for state in STATES
            },
            unknown=_count(looked.erased.unknown > microseconds(looked.start.at)),
            passed=_count(
                (looked.erased.since > microseconds(looked.start.at))
                & (looked.erased.at <= microseconds(looked.end.at))
            ),
            merged=merged_since(looked.start.at, looked.end.at, mask),
        )


def _table(looked: Looked) -> dict[str, dict[str, Cell]]:
    there = looked.erased.there(looked.end.at)
    return {
        status: {
            state: Cell(len(looked.end.people(status, state)), _count(there & looked.erased.of(status, state)))
            for state in (*STATES, ALL)
        }
        for status in (*Status.values, ALL)
    }


def _curve(looked: Looked, step: str) -> list[Point]:
    ends = [looked.day - DAY * back for back in range(CURVE_DAYS - CURVE_DAYS % STEPS[step], -1, -STEPS[step])]
    points = []
    for day, engaged, there in looked.curve(ends):
        gone = looked.erased.there(looked.at(day))
        of_engaged, of_both = _count(gone & looked.erased.engaged), _count(gone)
        points.append(Point(day, Cell(engaged, of_engaged), Cell(there - engaged, of_both - of_engaged)))
    return points


def _change(looked: Looked, state: str, population: str) -> dict[str, Cell]:
    """start + new + joined + moved_in - moved_out - unsubscribed - erased = end, to the person."""
    own = looked.erased.of(population, state)
    before, after = (own & looked.erased.there(moment.at) for moment in (looked.start, looked.end))
    gone = {
        moments.START: _count(before),
        moments.NEW: _count(after & ~before),
        moments.GONE: _count(before & ~after),
        moments.END: _count(after),
    }
    parts = [part for part in PARTS if population == SUBSCRIBED or part not in (moments.JOINED, moments.UNSUBSCRIBED)]
    return {part: Cell(len(looked.change(part, state, population)), gone.get(part, 0)) for part in parts}


def _count(which: np.ndarray) -> int:
    return int(np.count_nonzero(which))


def merged_since(start: datetime, end: datetime, mask: BitMap | None) -> int:
    """How many contacts were merged into others that the reader sees."""
    entries = HistoryEntry.objects.filter(kind="merged", at__gt=start, at__lte=end)
    return sum(
        len(detail.get("from", ()))
        for contact, detail in entries.values_list("contact_id", "detail")
        if mask is None or contact in mask
    )
