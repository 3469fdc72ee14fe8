"""What a segment comes to if nothing happens any more: only time passes, windows run out, days come round.

The criteria in force are evaluated over the present data at later instants. What does not move with time is evaluated
once. docs/insights.md, "Forecast".
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter
from zlib import crc32
from zoneinfo import ZoneInfo

from django.core.cache import cache
from pyroaring import BitMap

from contacts.sight import within
from segmentation.criteria import Catalog, Context, Criterion, Node, parse
from segmentation.engine import evaluate, snapshot
from segmentation.models import Calculation, Segment, bitmap_of
from segmentation.movements import followed
from segmentation.seen import digest, scope

TOLD = (7, 30)  # days that are told in numbers, with their lists
LAST = 30
STEPS = (10, 5, 1)  # days between the points of the curve: closer ones if they fit
BUDGET_S = 0.8  # what all later instants may take together, but for the farthest points apart
KEPT_S = 3600
RANKED = ("rfm", "spender")  # buyers beside buyers: time moves them only by orders dated ahead
SINCE = 0  # "in 0 days": what has happened between the last calculation and now


@dataclass(frozen=True)
class Point:
    """How many there are in `days`, and how many of those of now are out, or others in."""

    days: int
    at: datetime
    count: int
    leaving: int
    joining: int


@dataclass(frozen=True)
class Forecast:
    """Of one segment, taken at `at` against its last calculation.

    moving: whether time alone can change anything. points: by day, from 0 (now) to LAST.
    sets: who leaves and who joins by then, for the days of TOLD; for SINCE against the last calculation's members.
    """

    segment: int
    calculation: int
    version: int
    as_of: datetime  # of the last calculation
    members: int  # its count
    at: datetime
    moving: bool
    step: int  # days between the points of the curve
    points: list[Point]
    sets: dict[int, tuple[bytes, bytes]]
    ms: float

    @property
    def key(self) -> int:
        """Names this forecast in addresses: its lists are those that were counted."""
        return int(self.at.timestamp() * 1000)

    @property
    def now(self) -> Point:
        return self.points[0]

    @property
    def told(self) -> list[Point]:
        return [point for point in self.points if point.days in TOLD]

    @property
    def curve(self) -> list[Point]:
        """Points as far apart as each other."""
        return [point for point in self.points if point.days % self.step == 0]

    @property
    def left_since(self) -> int:
        """Members of the last calculation who no longer match."""
        return len(self.leaving(SINCE))

    @property
    def joined_since(self) -> int:
        """Who matches now and was no member then."""
        return len(self.joining(SINCE))

    def leaving(self, days: int) -> BitMap:
        return bitmap_of(self.sets[days][0])

    def joining(self, days: int) -> BitMap:
        return bitmap_of(self.sets[days][1])


FORM = f"forecast-{crc32(repr(Forecast.__annotations__).encode()):x}"  # what another release kept is not read


class Seen:
    """A segment as somebody is shown it: `mask` are the contacts that they see, None for all.

    `scope` are those whom it can hold of them: its owner sees them as well. Each has forecasts of its own.
    """

    def __init__(self, segment: Segment, mask: BitMap | None) -> None:
        self.segment, self.mask, self.scope = segment, mask, scope(segment, mask)
        # A new account of an old name gives the same ids to other segments, but not at the same instant.
        self.name = f"{FORM}:{segment.pk}:{segment.created_at.timestamp()}:{digest(self.scope)}:{digest(mask)}"


# --- kept, so that a list shows exactly those that were counted --------------------------------------------------
def kept(seen: Seen, key: int) -> Forecast | None:
    """The forecast of that name, if it is still kept."""
    found: Forecast | None = cache.get(f"{seen.name}:{key}")
    return found


def newest(seen: Seen) -> Forecast | None:
    """The last forecast, if it speaks of the last calculation and of the criteria in force."""
    key = cache.get(seen.name)
    found = kept(seen, key) if key else None
    fits = found and (found.calculation, found.version) == (seen.segment.latest_id, seen.segment.version_id)
    return found if fits else None


def _keep(seen: Seen, forecast: Forecast) -> None:
    cache.set(f"{seen.name}:{forecast.key}", forecast, KEPT_S)
    cache.set(seen.name, forecast.key, KEPT_S)


# --- made ----------------------------------------------------------------------------------------------------
def taken(seen: Seen, *, now: datetime, zone: ZoneInfo) -> Forecast:
    """A new forecast, of a segment that has been calculated; kept for an hour.

    Raises: CriteriaError with the path, if something referred to is gone.
    """
    began, segment = perf_counter(), seen.segment
    as_of, stored = Calculation.objects.values_list("as_of", "members").get(pk=segment.latest_id)
    members = within(bitmap_of(stored), seen.mask)
    tree = parse(segment.version.criteria if segment.version else None)
    with snapshot():
        ahead = _Ahead(tree, now, zone, seen.scope)
        present = ahead.members(0)
        found, step = ahead.later()
    points = [_point(days, ahead.at(days), present, found.get(days, present)) for days in sorted({0, *found})]
    sets = {days: _moves(present, found[days]) for days in TOLD} | {SINCE: _moves(members, present)}
    forecast = Forecast(
        segment=segment.pk,
        calculation=segment.latest_id or 0,
        version=segment.version_id or 0,
        as_of=as_of or now,
        members=len(members),
        at=now,
        moving=ahead.moving,
        step=step,
        points=points,
        sets=sets,
        ms=(perf_counter() - began) * 1000,
    )
    _keep(seen, forecast)
    return forecast


def _point(days: int, at: datetime, present: BitMap, later: BitMap) -> Point:
    stay = present.intersection_cardinality(later)
    return Point(days, at, len(later), len(present) - stay, len(later) - stay)


def _moves(before: BitMap, after: BitMap) -> tuple[bytes, bytes]:
    return (before - after).serialize(), (after - before).serialize()


class Instants:
    """Now and later days in one snapshot. What does not move with time is found once for all of them."""

    def __init__(self, now: datetime, zone: ZoneInfo, mask: BitMap | None) -> None:
        self.now, self.zone, self.mask = now, zone, mask
        self.still = Still(Catalog(), self._orders_ahead)
        self.first = self._context(0)

    def at(self, days: int) -> datetime:
        """The same time of the clock, so many days later."""
        return (self.now.astimezone(self.zone) + timedelta(days=days)).astimezone(UTC) if days else self.now

    def satisfying(self, tree: Node, days: int = 0) -> BitMap:
        """Who satisfies criteria then. Raises: CriteriaError."""
        context = self.first
        if days:
            context = self._context(days)
            context.reader = self.first.reader  # of the same snapshot: what it knows of the mirror is asked for once
        return evaluate(tree, context=context).members

    def _context(self, days: int) -> Context:
        return Context(self.at(days), self.zone, self.mask, catalog=self.still.catalog, reuse=self.still)

    def _orders_ahead(self) -> bool:
        latest = self.first.reader.latest("order")
        return latest is not None and latest > self.now


class _Ahead(Instants):
    """One tree at several of them."""

    def __init__(self, tree: Node, now: datetime, zone: ZoneInfo, mask: BitMap | None) -> None:
        super().__init__(now, zone, mask)
        self.tree = tree
        self.present = self.satisfying(tree)
        self.moving = self.still.moves(tree)  # after evaluating, which checks what is referred to

    def members(self, days: int) -> BitMap:
        """Who matches then."""
        return self.satisfying(self.tree, days) if days and self.moving else self.present

    def later(self) -> tuple[dict[int, BitMap], int]:
        """Who matches on the days of TOLD and on those of a curve; and how many days lie between its points."""
        began = perf_counter()
        found = {days: self.members(days) for days in TOLD}
        for at, step in enumerate(STEPS):
            missing = [days for days in range(step, LAST + 1, step) if days not in found]
            spent = perf_counter() - began
            if at and spent + spent / len(found) * len(missing) > BUDGET_S:
                return found, STEPS[at - 1]
            found |= {days: self.members(days) for days in missing}
        return found, STEPS[-1]


@dataclass
class Still:
    """The sets of criteria that time does not move, found once for all instants of one snapshot."""

    catalog: Catalog
    orders_ahead: Callable[[], bool]  # whether there are orders dated later than now
    _sets: dict[str, BitMap] = field(default_factory=dict)

    def find(self, criterion: Criterion, _context: Context) -> BitMap | None:
        return self._sets.get(_text(criterion))

    def keep(self, criterion: Criterion, _context: Context, members: BitMap) -> None:
        if not self.moves(criterion):
            self._sets[_text(criterion)] = members

    def moves(self, node: Node) -> bool:
        """Whether time alone may move anybody in or out; criteria referred to as of now are part of it."""
        return any(self._moves(criterion) for criterion in followed(node, self.catalog, set()))

    def _moves(self, criterion: Criterion) -> bool:
        return criterion.moves_with_time(self.catalog) and (criterion.kind not in RANKED or self.orders_ahead())


def _text(criterion: Criterion) -> str:
    return json.dumps(criterion.raw, sort_keys=True)
