"""Dates, and instants seen as dates in the account's zone."""

from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from typing_extensions import override

from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError, within
from segmentation.criteria.telling import ago_told, anniversary_told, window_told
from segmentation.criteria.times import (
    KEPT_WITHIN,
    MOST,
    After,
    Ago,
    Anniversary,
    Before,
    Bounds,
    Last,
    Next,
    Span,
    Window,
    ordered,
    read_count,
    read_day,
    read_moment,
    read_unit,
)
from segmentation.criteria.values.base import ValueType, keyed
from segmentation.criteria.where import Column, Where, marks
from segmentation.criteria.words import Sentence, Words, phrase

OPERATORS = ("on", "before", "after", "between", "last", "next", "ago", "anniversary", "is_set", "is_not_set")


class _Moment(ValueType):
    operators = OPERATORS

    @override
    def operand(self, op: str, value: Any) -> Window | Anniversary:
        if op == "anniversary":
            return _anniversary(value)
        window = _window(op, value)
        self.check_window(window)
        return window

    def check_window(self, window: Window) -> None:
        """Refuse what is finer than the values are."""

    @override
    def told(self, op: str, operand: Any, name: Sentence, words: Words) -> Sentence:
        match operand:
            case Anniversary():
                return anniversary_told(operand, name, words)
            case Ago():
                return ago_told(operand, name, words)
            case Before():
                return phrase(_("{field} is before {date}"), field=name, date=words.moment(operand.moment))
            case After():
                return phrase(_("{field} is after {date}"), field=name, date=words.moment(operand.moment))
            case Bounds(start=date() as day) if op == "on":
                return phrase(_("{field} is on {date}"), field=name, date=words.moment(day))
        # Translators: window: "in the last 30 days (since 23 Oct)", "from 1 Nov to 5 Nov" …
        return phrase(_("{field} is {window}"), field=name, window=window_told(operand, words))


class Date(_Moment):
    """Days of the calendar, of no zone: `last`, `next` and `ago` count from today in the account's zone."""

    @override
    def check_window(self, window: Window) -> None:
        if not window.whole_days:
            raise RefusedError(
                gettext_noop("This is a date without a time: hours and times of day don't fit."), at="value"
            )

    @override
    def where(self, op: str, operand: Any, column: Column, context: Context) -> Where:
        if isinstance(operand, Anniversary):
            dates = operand.dates(context.today)
            return column.where(f"strftime({{}}, '%m-%d') IN ({marks(dates)})", *dates)
        days = context.own_days(operand)
        return _ranged(column, days.first, days.last)


class Instant(_Moment):
    """Instants: a day is the account's, from its first instant to its last."""

    @override
    def where(self, op: str, operand: Any, column: Column, context: Context) -> Where:
        if isinstance(operand, Anniversary):
            dates = operand.dates(context.today)
            local = "timezone(?, timezone('UTC', {}))"
            return column.where(f"strftime({local}, '%m-%d') IN ({marks(dates)})", str(context.zone), *dates)
        span: Span = context.own_span(operand)
        return _ranged(column, span.start and naive(span.start), span.last and naive(span.last))


def naive(at: datetime) -> datetime:
    """As moments are kept: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None)


def _ranged(column: Column, first: Any, last: Any) -> Where:
    if first is None:
        return column.where("{} <= ?", last)
    if last is None:
        return column.where("{} >= ?", first)
    return column.where("{} BETWEEN ? AND ?", first, last)


def _window(op: str, value: Any) -> Window:
    match op:
        case "on":
            day = within("value", read_day, value)
            return Bounds(day, day)
        case "before":
            return Before(within("value", read_moment, value))
        case "after":
            return After(within("value", read_moment, value))
        case "between":
            start, end = keyed(value, required=("from", "to"))
            bounds = Bounds(within("value.from", read_moment, start), within("value.to", read_moment, end))
            return within("value", ordered, bounds)
    count, unit = keyed(value, required=("n", "unit"))
    unit = within("value.unit", lambda given: read_unit(given, hours=op != "ago"), unit)
    count = within("value.n", lambda given: read_count(given, most=MOST[unit]), count)
    windows: dict[str, type[Last | Next | Ago]] = {"last": Last, "next": Next, "ago": Ago}
    return windows[op](count, unit)


def _anniversary(value: Any) -> Anniversary:
    if not isinstance(value, dict) or len(value) != 1 or (key := next(iter(value))) not in {"in_next", "in_last", "on"}:
        raise RefusedError(gettext_noop("An object with one of in_next, in_last and on is expected here."), at="value")
    if key == "on":
        if value[key] != "today":
            raise RefusedError(gettext_noop("Only “today” is possible here."), at="value.on")
        return Anniversary(1, ahead=True)
    days = within(f"value.{key}", lambda given: read_count(given, most=KEPT_WITHIN), value[key])
    return Anniversary(days, ahead=key == "in_next")
