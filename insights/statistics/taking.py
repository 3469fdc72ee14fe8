"""Statistics as they are taken: everything in one snapshot, at one moment, of the contacts that the reader sees.

What was scanned is kept for as long as neither the rows nor the two sets nor the day have changed, so that the page
opened again, its other period and its file cost no second scan and show the same numbers.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from zlib import crc32
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection
from pyroaring import BitMap

from activities.builtin import ENGAGING
from insights.errors import NotKeptError
from insights.statistics import growth as growths
from insights.statistics.answers import Answers, answers
from insights.statistics.breakdowns import Breakdown, Part, broken_down
from insights.statistics.calendars import Months, Stretch, Weeks
from insights.statistics.cohorts import Cohorts, cohorts
from insights.statistics.dimensions import Dimension, of_attributes, own
from insights.statistics.growth import Growth
from insights.statistics.happenings import Happening, activities, visits
from insights.statistics.sales import Sales, Sold, sales
from insights.statistics.scopes import Scope
from insights.statistics.sets import Look, Sets
from insights.statistics.sources import Ordered, ordered
from segmentation.criteria import Context
from segmentation.engine import snapshot

KEPT_S = 1800  # no longer than changes of labels are remembered
MONTHS = 12
PERIODS = (12, 52)  # weeks
AT_ONCE = 12  # attributes: of 1 M contacts one takes 10 to 40 ms; further ones are asked for
Made = TypeVar("Made")
KEPT_FORMS = (Breakdown, Part, Happening, Sales, Sold, Ordered, Cohorts)
FORM = f"{crc32(repr([one.__annotations__ for one in KEPT_FORMS]).encode()):x}"


@dataclass(frozen=True)
class Statistics:
    """Of `scope`, taken at `at`. `more`: attributes that are not among the breakdowns."""

    scope: Scope
    at: datetime
    sets: Sets
    currency: str
    breakdowns: list[tuple[Dimension, Breakdown]]
    more: list[Dimension]
    consents: list[Answers]
    weeks: Weeks
    activities: list[Happening]
    visits: list[Happening]
    months: Months
    sales: Sales
    growth: Growth
    types: dict[str, str]  # activity types by key, in the reader's language

    @property
    def group(self) -> int:
        return len(self.sets.group)

    @property
    def base(self) -> int:
        return len(self.sets.base)

    @property
    def alone(self) -> bool:
        """Whether there is nothing to compare with: it is everybody."""
        return self.scope.everybody


@dataclass(frozen=True)
class Taking:
    """One taking of statistics in the snapshot that is open now."""

    context: Context
    sets: Sets
    only_kept: bool = False

    @staticmethod
    def of(scope: Scope, context: Context, *, only_kept: bool = False) -> "Taking":
        base = context.everyone
        return Taking(context, Sets(base, base if scope.everybody else scope.find(context)), only_kept)

    @property
    def today(self) -> date:
        return self.context.today

    def kept(self, what: str, kinds: Sequence[str], about: object, make: Callable[[], Made]) -> Made:
        """What `make` makes of rows of these kinds, or made of the same rows before.

        Raises: NotKeptError, where nothing may be made.
        """
        tails = self.context.reader.tails
        stamps = [tails[kind].stamp for kind in kinds]
        told = repr((what, self.sets.digest, self.today, str(self.context.zone), about, stamps, FORM))
        schema = connection.schema_name  # type: ignore[attr-defined]
        key = f"statistics:{schema}:{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"
        found: tuple[Made] | None = None if None in stamps else cache.get(key)
        if found is not None:
            return found[0]
        if self.only_kept:
            raise NotKeptError(what)
        made = make()
        if None not in stamps:
            cache.set(key, (made,), KEPT_S)
        return made

    @property
    def look(self) -> Look:
        return Look(self.sets, self.context.reader, self.context.zone)

    def breakdown(self, dimension: Dimension, named: tuple[str, ...] = ()) -> Breakdown:
        """`named`: of a text, the values that are told instead of the group's most frequent ones."""
        about = (dimension, named) if named else dimension

        def make() -> Breakdown:
            return broken_down(dimension, self.look, today=self.today, named=named)

        return self.kept("breakdown", ["contact"], about, make)

    def activities(self, weeks: Weeks) -> list[Happening]:
        types = sorted((known.type.pk, key) for key, known in self.context.catalog.activities.items())
        return self.kept("activities", ["activity"], (weeks, types), lambda: activities(types, weeks, self.look))

    def visits(self, weeks: Weeks) -> list[Happening]:
        return self.kept("visits", ["visit"], weeks, lambda: visits(weeks, self.look))

    def sales(self, months: Months) -> Sales:
        return self.kept("sales", ["order"], months, lambda: sales(months, self.look))

    def ordered(self, days: Stretch) -> list[Ordered]:
        return self.kept("ordered", ["order"], days, lambda: ordered(days, self.look))

    def cohorts(self, by: str, months: Months) -> Cohorts:
        types = sorted(key for key in self.context.catalog.activities if key in ENGAGING)
        kinds, about = ["contact", "activity", "visit", "order"], (by, months, types)
        return self.kept("cohorts", kinds, about, lambda: cohorts(by, months, self.look, self.context))

    def growth(self, scope: Scope) -> Growth:
        match scope.kind:
            case "segment":
                return growths.of_segment(scope.pk, self.context.mask)
            case "all" | "contacts" | "saved":
                return self.kept("growth", ["contact"], "", lambda: growths.of_everybody(self.look, self.today))
        labels = growths.Labels.of(scope)
        about = (labels, labels.stamp())
        return self.kept("growth", [], about, lambda: growths.of_label(labels, self.look, self.today))


def taken(
    scope: Scope,
    *,
    now: datetime,
    zone: ZoneInfo,
    mask: BitMap | None,
    weeks: int,
    at_once: int | None = AT_ONCE,
    only_kept: bool = False,
) -> Statistics:
    """All there is to say of a scope, in one snapshot. `mask`: the contacts that the reader sees; None: all.

    `at_once`: by how many attributes; None: by all of them.
    Raises: NotKeptError, if `only_kept` and something would have to be scanned.
    """
    with snapshot():
        context = Context(now=now, zone=zone, mask=mask)
        taking = Taking.of(scope, context, only_kept=only_kept)
        period, months = Weeks(weeks, context.today), Months(MONTHS, context.today)
        attributes = of_attributes(context.catalog.attributes.values())
        dimensions = [*own(), *attributes[:at_once]]
        return Statistics(
            scope=scope,
            at=now,
            sets=taking.sets,
            currency=context.catalog.currency,
            breakdowns=[(one, taking.breakdown(one)) for one in dimensions],
            more=attributes[len(attributes) if at_once is None else at_once :],
            consents=answers(taking.sets, context),
            weeks=period,
            activities=taking.activities(period),
            visits=taking.visits(period),
            months=months,
            sales=taking.sales(months),
            growth=taking.growth(scope),
            types={key: known.type.label for key, known in context.catalog.activities.items()},
        )


def beyond(
    scope: Scope, *, now: datetime, zone: ZoneInfo, mask: BitMap | None
) -> tuple[Sets, list[tuple[Dimension, Breakdown]]]:
    """The attributes that are not told at once, in one snapshot."""
    with snapshot():
        context = Context(now=now, zone=zone, mask=mask)
        taking = Taking.of(scope, context)
        further = of_attributes(context.catalog.attributes.values())[AT_ONCE:]
        return taking.sets, [(one, taking.breakdown(one)) for one in further]
