"""How a number of a criterion is spread over contacts, so that where to draw the line can be chosen by eye.

What is drawn is all contacts whatever the line: the criterion with its other inputs as they are. For a number of a
condition it is the rows of its type, in the criterion's window. Kept as long as no row changes (builder.reuse).
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.core.cache import cache
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from pyroaring import BitMap

from config.templatetags import charts
from config.templatetags.numbers import number as number_told
from mirror.kinds import CONTACT
from mirror.kinds import Column as Mirrored
from segmentation.builder.bars import Bar, Numbers, Spread, spread
from segmentation.builder.form import Builder, part_of
from segmentation.builder.reuse import Session
from segmentation.builder.shape import FIELD
from segmentation.builder.values import KEPT_S, Source, looked_back, number_source, rows_of, stamps_of, theirs
from segmentation.criteria import Context, CriteriaError, Criterion, Words, check, parse
from segmentation.criteria.attribute import AttributeCriterion
from segmentation.criteria.attribute import column as attribute_column
from segmentation.criteria.field import FieldCriterion
from segmentation.criteria.occurrences import Occurrences
from segmentation.criteria.order import ALWAYS_THERE, OrderCriterion
from segmentation.criteria.purchase import PurchaseCriterion
from segmentation.criteria.tallies import Totals
from segmentation.criteria.values.number import Number
from segmentation.criteria.where import Column
from segmentation.engine import evaluate, snapshot
from segmentation.parts.base import Typed, UnfinishedError, Values
from segmentation.parts.numbers import number
from users.models import User

NUMBERS = ("value", "from", "to")
AXIS = 6  # numbers below the bars


class NoSuchNumberError(LookupError):
    """The form has no such number."""


@dataclass
class Distribution:
    """The spread of one number, and what the criterion chooses of it. Without `spread`: `problem` says why."""

    taken_at: datetime
    name: str  # of the field: `n3-value`
    spread: Spread | None = None
    marks: list["Mark"] = field(default_factory=list)
    rows: bool = False  # of rows, not of contacts
    days: int = 0  # of rows: how far back was looked
    chosen: int | None = None
    sentence: SafeString | str = ""
    problem: str = ""

    @property
    def total(self) -> int:
        """All that are looked at, those without a number among them."""
        return self.spread.total + self.spread.none if self.spread else 0

    @property
    def some(self) -> bool:
        """Whether there are some without any, who stand apart."""
        return any(mark.bar.zero for mark in self.marks)

    @property
    def cut(self) -> "Mark | None":
        """The bar of those without any, where it is drawn lower than it is high."""
        return next((mark for mark in self.marks if mark.cut), None)

    @property
    def half(self) -> str:
        """What half of them do not exceed."""
        return told(self.spread.median) if self.spread and self.spread.median is not None else ""

    @property
    def most(self) -> str:
        """What nine tenths do not exceed."""
        return told(self.spread.ninth) if self.spread and self.spread.ninth is not None else ""

    @property
    def axis(self) -> list[str]:
        """What stands below each bar: where it begins, of a few of them."""
        step = max(1, -(-len(self.marks) // AXIS))
        return ["" if place % step else told(mark.bar.low) for place, mark in enumerate(self.marks)]


@dataclass(frozen=True)
class Mark:
    """A bar as it is drawn. `value`: what is typed by clicking it; `low`, `high`: of a stretch."""

    bar: Bar
    drawn: charts.Column
    label: str
    chosen: str  # "on": wholly, "part", or ""
    value: str
    low: str
    high: str
    cut: bool  # it is higher than drawn


def distribution(
    builder: Builder, field_name: str, *, now: datetime, zone: ZoneInfo, user: User, mask: BitMap | None = None
) -> Distribution:
    """How the number in the field `n3-value` is spread over the contacts of `mask`; None: all.

    Raises: NoSuchNumberError.
    """
    asked = _found(builder, field_name)
    result = Distribution(taken_at=now, name=field_name)
    with snapshot():
        reuse = Session(user.pk, builder.place)
        context = Context(now=now, zone=zone, mask=mask, catalog=builder.catalog, reuse=reuse)
        if asked.prefix.startswith("where_"):
            _of_rows(asked, context, result)
        else:
            _of_contacts(asked, context, result)
    if result.spread is not None:
        line = Line.typed(asked)
        bars, whole = result.spread.bars, result.spread.whole
        shape = charts.histogram_shape([bar.count for bar in bars], beside=[bar.zero for bar in bars])
        top = max((bar.count for bar in bars if not bar.zero), default=inf)
        result.marks = [_mark(bar, drawn, line, whole=whole, top=top) for bar, drawn in zip(bars, shape, strict=True)]
    return result


@dataclass(frozen=True)
class Asked:
    """A number of a criterion in the form; its fields begin with `prefix`."""

    builder: Builder
    values: Values
    prefix: str

    def criterion(self, values: Values) -> Criterion | None:
        """The criterion with these values, as it would be read; None: it is not finished."""
        part = part_of(values)
        if part is None:
            return None
        try:
            node = parse(part.read(Typed(values, self.builder.choices)))
            check(node, self.builder.catalog, origin=self.builder.origin)
        except (UnfinishedError, CriteriaError):
            return None
        return node if isinstance(node, Criterion) else None


def _found(builder: Builder, field_name: str) -> Asked:
    found = FIELD.fullmatch(field_name)
    leaf = next((leaf for leaf in builder.shape.leaves() if found and leaf.id == found[1]), None)
    part = part_of(leaf.values) if leaf else None
    if found is None or leaf is None or part is None:
        raise NoSuchNumberError(field_name)
    drawn = {control.name for control in part.controls(Typed(leaf.values, builder.choices)) if control.spread}
    if found[2] not in drawn:
        raise NoSuchNumberError(field_name)
    return Asked(builder, leaf.values, found[2].removesuffix(next(end for end in NUMBERS if found[2].endswith(end))))


# --- over contacts --------------------------------------------------------------------------------------------
def _of_contacts(asked: Asked, context: Context, result: Distribution) -> None:
    prefix = asked.prefix
    whatever = {f"{prefix}op": ["gte"], f"{prefix}value": ["0"], f"{prefix}value_new": [], f"{prefix}some": []}
    criterion = asked.criterion(asked.values | whatever)
    if criterion is None:
        result.problem = _("Finish the other inputs to see how it is spread.")
        return
    session: Any = context.reuse
    result.spread = session.recall("spread", criterion, context)
    if result.spread is None:
        numbers = numbers_of(criterion, context)
        if numbers is None:
            raise NoSuchNumberError(prefix)
        result.spread = spread(numbers)
        session.retain("spread", criterion, context, result.spread)
    criterion = asked.criterion(asked.values)
    if criterion is not None:
        result.chosen = evaluate(criterion, context=context).count
        result.sentence = criterion.sentence(_words(context)).finished.html


def numbers_of(criterion: Criterion, context: Context) -> Numbers | None:
    """The number that the criterion compares, of every contact; None: it compares none."""
    match criterion:
        case FieldCriterion():
            return _own(criterion.definition.column.columns[0], context)
        case AttributeCriterion():
            return _own(attribute_column(context.catalog.attributes[criterion.attribute]).columns[0], context)
        case OrderCriterion():
            counts = criterion.pick == "any" and criterion.measure in ALWAYS_THERE
            return _totals(criterion.totals(criterion.chosen(context)), context, none_is_0=counts)
        case PurchaseCriterion():
            return _totals(criterion.totals(criterion.read(context)), context, none_is_0=True)
        case Occurrences() if criterion.pick == "any":
            return _how_often(criterion.ids(context), context)
        case Occurrences() if criterion.pick == "only":
            return _totals(criterion.only(context), context, none_is_0=False)
    return None


def _own(column: Mirrored, context: Context) -> Numbers:
    """A column of the contacts themselves."""
    where = theirs(CONTACT, context)
    tests = [f"{column.name} IS NOT NULL", *([where.sql] if where.sql else [])]
    source = Source(CONTACT, 0, Number(), Column(column.name, (column,)))
    query = f"SELECT {column.name} AS number FROM {{rows}} WHERE {' AND '.join(tests)}"  # noqa: S608 - constants
    read = context.reader.select(rows_of(source, 0, context), query, where.params)
    values = np.asarray(read["number"])
    return Numbers(values, Fraction(1, column.unit), none=len(context.everyone) - len(values))


def _totals(totals: Totals, context: Context, *, none_is_0: bool) -> Numbers:
    """Numbers of contacts that there are; the others have 0, or none."""
    values = totals.values if totals.per is None else totals.values.astype(np.float64) / totals.per
    if values.dtype == object:
        values = values.astype(np.float64)
    values = values[_there(totals.ids, context.everyone)]
    others = len(context.everyone) - len(values)
    return Numbers(values, totals.unit, **({"zeros": others} if none_is_0 else {"none": others}))


def _how_often(ids: np.ndarray, context: Context) -> Numbers:
    """How often each contact stands in `ids`, in its place: no sorting."""
    counts = np.bincount(ids)
    counts[~_there(np.arange(len(counts)), context.everyone)] = 0
    values = counts[counts > 0]
    return Numbers(values, zeros=len(context.everyone) - len(values))


def _there(ids: np.ndarray, everyone: BitMap) -> np.ndarray:
    """Which of the ids are among everyone."""
    there = np.zeros(max(int(ids.max(initial=0)), everyone.max() if everyone else 0) + 1, dtype=bool)
    there[np.frombuffer(everyone.to_array(), dtype=np.uint32)] = True
    return there[ids]


# --- over rows ------------------------------------------------------------------------------------------------
def _of_rows(asked: Asked, context: Context, result: Distribution) -> None:
    """Of the values of a parameter, whatever the other conditions."""
    what, param = ((asked.values.get(name) or [""])[0] for name in ("what", f"{asked.prefix}param"))
    source = number_source(f"{what}:{param}", context.catalog)
    if source is None:
        raise NoSuchNumberError(asked.prefix)
    result.rows, result.days = True, looked_back(source, context)
    stamps = stamps_of(source.kind, context)
    mask = "" if context.mask is None else hashlib.blake2b(context.mask.serialize(), digest_size=16).hexdigest()
    about = f"{source.kind.name}|{source.type}|{source.column.name}|{mask}"
    key = "spread:rows:" + hashlib.blake2b(about.encode(), digest_size=16).hexdigest()
    kept = cache.get(key) if stamps is not None else None
    if kept is not None and kept[0] == (stamps, result.days, context.today):
        result.spread = kept[1]
        return
    name, where = source.column.name, theirs(source.kind, context)
    tests = [f"{name} IS NOT NULL", *(each.sql for each in (source.counted, where) if each.sql)]
    query = f"SELECT {name} AS number FROM {{rows}} WHERE {' AND '.join(tests)}"  # noqa: S608 - constants
    read = context.reader.select(rows_of(source, result.days, context), query, (*source.counted.params, *where.params))
    result.spread = spread(Numbers(np.asarray(read["number"]), Fraction(1, source.column.unit)))
    if stamps is not None:
        cache.set(key, ((stamps, result.days, context.today), result.spread), KEPT_S)


# --- what is chosen -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """What the criterion asks of the number, as far as it is typed: from `low` to `high`, or all but that."""

    op: str
    low: float | None = None
    high: float | None = None

    @staticmethod
    def typed(asked: Asked) -> "Line":
        """As it stands in the fields."""
        part = Typed(asked.values, asked.builder.choices).within(asked.prefix)
        op = part.one("op")
        names = ("from", "to") if op == "between" else ("value", "value")
        ends = [float(number(part.one(name), name, part)) for name in names]
        return Line(op) if part.errors else Line.of(op, *ends)

    @staticmethod
    def of(op: str, first: float, second: float) -> "Line":
        """Between two numbers; other operators have the same one twice."""
        if op in ("gt", "gte"):
            return Line(op, first, inf)
        return Line(op, -inf, first) if op in ("lt", "lte") else Line(op, first, second)

    def chosen(self, bar: Bar, *, whole: bool) -> str:
        """How much of the bar it takes: "on", "part" or ""."""
        if self.low is None or self.high is None:
            return ""
        low, high = self.low, self.high
        if whole or bar.zero:  # in whole numbers both ends belong to it
            low = floor(low) + 1 if self.op == "gt" else ceil(low) if low != -inf else low
            high = ceil(high) - 1 if self.op == "lt" else floor(high) if high != inf else high
        first, last = float(bar.low), inf if (end := bar.last(whole=whole)) is None else float(end)
        found = "part"
        if low <= first and last <= high:
            found = "on"
        elif last < low or first > high or (not whole and not bar.zero and (last == low or first == high > low)):
            found = ""
        return {"on": "", "part": "part", "": "on"}[found] if self.op == "ne" else found


def _mark(bar: Bar, drawn: charts.Column, line: Line, *, whole: bool, top: float) -> Mark:
    last = bar.last(whole=whole)
    high = bar.low if last is None else last
    value = bar.low
    if line.op in ("lt", "lte"):
        value = high if line.op == "lte" or not whole else high + 1
    elif line.op == "gt" and whole and not bar.zero:
        value = bar.low - 1
    chosen = line.chosen(bar, whole=whole)
    label, cut = _label(bar, whole=whole), bar.zero and bar.count > top
    return Mark(bar, drawn, label, chosen, written(value), written(bar.low), written(high), cut=cut)


def _label(bar: Bar, *, whole: bool) -> str:
    last = bar.last(whole=whole)
    if last is None:
        return _("%(low)s or more") % {"low": told(bar.low)}
    return told(bar.low) if last == bar.low else f"{told(bar.low)}\N{EN DASH}{told(last)}"


def written(value: Decimal) -> str:
    """As a field takes it."""
    return format(value.normalize() if value else Decimal(0), "f")


def told(value: Decimal) -> str:
    """As a reader's language writes it, to four digits at least and two decimals where there are some."""
    exact = Decimal(written(value))
    rounded = round(exact, max(2, 3 - exact.adjusted())) if exact else exact
    return number_told(Decimal(written(rounded)))


def _words(context: Context) -> Words:
    return Words(now=context.now, zone=context.zone, catalog=context.catalog)
