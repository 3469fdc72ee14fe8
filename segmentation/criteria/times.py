"""Windows of time: calendar ones in the account's zone, exact hours, days that are 23 or 25 hours long.

Every window ends up as a `Span` of instants or as `Days` of the calendar; both include both ends.
"""

import re
from abc import ABC, abstractmethod
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop as _
from typing_extensions import override

from segmentation.criteria.errors import RefusedError, within

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)  # the finest time that is kept
Moment = TypeVar("Moment", date, datetime)
YEARS = range(2, 9999)  # so that no zone and no window leads out of the calendar
KEPT_WITHIN = 366  # days that hold every anniversary
MOST = {"hour": 876_000, "day": 36_500, "week": 5_200, "month": 1_200, "year": 100}
A_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
AN_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class Span(NamedTuple):
    """Instants from `start` to `last`, both included; None: open."""

    start: datetime | None
    last: datetime | None


class Days(NamedTuple):
    """Days of the calendar from `first` to `last`, both included; None: open."""

    first: date | None
    last: date | None


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day. Where the clock skips midnight, the instant it skips to."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last instant of a day."""
    return start_of(day + DAY, zone) - TICK


def shift(day: date, count: int, unit: str) -> date:
    """The day `count` units later (earlier if negative); months and years clip to the last day of the month."""
    if unit in {"day", "week"}:
        return day + DAY * count * (7 if unit == "week" else 1)
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Window(ABC):
    """A stretch of time, known once `now` and the zone are."""

    @abstractmethod
    def days(self, today: date) -> Days:
        """In days; only of windows that speak of whole days."""

    def span(self, now: datetime, zone: ZoneInfo) -> Span:
        """In instants: whole days from their first instant to their last."""
        first, last = self.days(now.astimezone(zone).date())
        return Span(None if first is None else start_of(first, zone), None if last is None else end_of(last, zone))

    @property
    def whole_days(self) -> bool:
        """Whether it speaks of nothing finer than days."""
        return True


@dataclass(frozen=True)
class Last(Window):
    """The last `count` units. Today is one of the days; it ends now."""

    count: int
    unit: str

    @override
    def days(self, today: date) -> Days:
        return Days(shift(today, -self.count, self.unit) + DAY, today)

    @override
    def span(self, now: datetime, zone: ZoneInfo) -> Span:
        if self.unit == "hour":
            return Span(now - timedelta(hours=self.count), now)
        return Span(super().span(now, zone).start, now)

    @property
    @override
    def whole_days(self) -> bool:
        return self.unit != "hour"


@dataclass(frozen=True)
class Next(Window):
    """The next `count` units. Today is one of the days; it begins now."""

    count: int
    unit: str

    @override
    def days(self, today: date) -> Days:
        return Days(today, shift(today, self.count, self.unit) - DAY)

    @override
    def span(self, now: datetime, zone: ZoneInfo) -> Span:
        if self.unit == "hour":
            return Span(now, now + timedelta(hours=self.count))
        return Span(now, super().span(now, zone).last)

    @property
    @override
    def whole_days(self) -> bool:
        return self.unit != "hour"


@dataclass(frozen=True)
class Ago(Window):
    """Exactly that one day, `count` units ago."""

    count: int
    unit: str

    def day(self, today: date) -> date:
        return shift(today, -self.count, self.unit)

    @override
    def days(self, today: date) -> Days:
        return Days(self.day(today), self.day(today))


@dataclass(frozen=True)
class Bounds(Window):
    """From one moment to another; a day includes all of it, an instant is itself. None: open."""

    start: date | datetime | None
    end: date | datetime | None

    @override
    def days(self, today: date) -> Days:
        return Days(self.start, self.end)

    @override
    def span(self, now: datetime, zone: ZoneInfo) -> Span:
        return Span(
            None if self.start is None else first_of(self.start, zone),
            None if self.end is None else last_of(self.end, zone),
        )

    @property
    @override
    def whole_days(self) -> bool:
        return not isinstance(self.start, datetime) and not isinstance(self.end, datetime)


@dataclass(frozen=True)
class Before(Window):
    """Earlier than a day begins, or than an instant."""

    moment: date | datetime

    @override
    def days(self, today: date) -> Days:
        return Days(None, self.moment - DAY)

    @override
    def span(self, now: datetime, zone: ZoneInfo) -> Span:
        return Span(None, first_of(self.moment, zone) - TICK)

    @property
    @override
    def whole_days(self) -> bool:
        return not isinstance(self.moment, datetime)


@dataclass(frozen=True)
class After(Window):
    """Later than a day ends, or than an instant."""

    moment: date | datetime

    @override
    def days(self, today: date) -> Days:
        return Days(self.moment + DAY, None)

    @override
    def span(self, now: datetime, zone: ZoneInfo) -> Span:
        return Span(last_of(self.moment, zone) + TICK, None)

    @property
    @override
    def whole_days(self) -> bool:
        return not isinstance(self.moment, datetime)


@dataclass(frozen=True)
class Anniversary:
    """The same day and month of any year, within `days` days of which today is the first (`ahead`) or the last.

    29 February is kept on 28 February in years without it.
    """

    days: int
    ahead: bool

    def between(self, today: date) -> tuple[date, date]:
        """The first and the last day on which it may fall."""
        reach = DAY * (self.days - 1)
        return (today, today + reach) if self.ahead else (today - reach, today)

    def dates(self, today: date) -> list[str]:
        """The days of the year that are kept then, as `MM-DD`."""
        first, last = self.between(today)
        kept = set()
        day = first
        while day <= last:
            kept.add(f"{day:%m-%d}")
            if f"{day:%m-%d}" == "02-28" and (day + DAY).day == 1:
                kept.add("02-29")
            day += DAY
        return sorted(kept)


def first_of(moment: date | datetime, zone: ZoneInfo) -> datetime:
    """The first instant of a day; an instant itself, in `zone` where it names none."""
    return _instant(moment, zone) if isinstance(moment, datetime) else start_of(moment, zone)


def last_of(moment: date | datetime, zone: ZoneInfo) -> datetime:
    """The last instant of a day; an instant itself, in `zone` where it names none."""
    return _instant(moment, zone) if isinstance(moment, datetime) else end_of(moment, zone)


def _instant(at: datetime, zone: ZoneInfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


# --- reading ----------------------------------------------------------------------------------------------------


def read_moment(value: Any) -> date | datetime:
    """A day `2026-11-21`, or an instant `2026-11-21T14:00` with or without seconds and offset."""
    if isinstance(value, str):
        try:
            if A_DAY.fullmatch(value):
                return _in_calendar(date.fromisoformat(value))
            if AN_INSTANT.fullmatch(value):
                return _in_calendar(datetime.fromisoformat(value))
        except ValueError as error:
            if isinstance(error, RefusedError):
                raise
    raise RefusedError(_("A date (2026-11-21) or a date and time (2026-11-21T14:00) is expected here."))


def read_day(value: Any) -> date:
    """A day `2026-11-21`."""
    if isinstance(value, str) and A_DAY.fullmatch(value):
        moment = read_moment(value)
        if not isinstance(moment, datetime):
            return moment
    raise RefusedError(_("A date (2026-11-21) is expected here."))


def read_count(value: Any, *, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError(_("A whole number is expected here."))
    if not 1 <= value <= most:
        raise RefusedError(_("A number from 1 to {limit} is expected here."), limit=most)
    return value


def read_unit(value: Any, *, hours: bool = True) -> str:
    if not isinstance(value, str) or value not in MOST:
        raise RefusedError(_("One of hour, day, week, month and year is expected here."))
    if value == "hour" and not hours:
        raise RefusedError(_("Hours don't fit here: this speaks of whole days."))
    return value


def read_window(value: Any) -> Window:
    """`{"last": n, "unit": u}`, `{"next": n, "unit": u}`, `{"from": d}`, `{"to": d}` or `{"from": d, "to": d}`."""
    if not isinstance(value, dict):
        raise RefusedError(_("A window of time is expected here: “last”, “next”, “from” or “to”."))
    keys = set(value)
    if "last" in keys:
        return Last(*_counted(value, "last"))
    if "next" in keys:
        return Next(*_counted(value, "next"))
    _only(keys, {"from", "to"})
    if not keys:
        raise RefusedError(_("A window of time is expected here: “last”, “next”, “from” or “to”."))
    start = within("from", read_moment, value["from"]) if "from" in keys else None
    end = within("to", read_moment, value["to"]) if "to" in keys else None
    return ordered(Bounds(start, end))


def _counted(value: dict[str, Any], name: str) -> tuple[int, str]:
    _only(set(value), {name, "unit"})
    if "unit" not in value:
        raise RefusedError(_("This is missing."), at="unit")
    unit = within("unit", read_unit, value["unit"])
    return within(name, lambda count: read_count(count, most=MOST[unit]), value[name]), unit


def ordered(bounds: Bounds) -> Bounds:
    """Refuses an end before the start, as far as that shows without knowing the zone."""
    start, end = bounds.start, bounds.end
    if start is None or end is None or isinstance(start, datetime) != isinstance(end, datetime):
        return bounds
    if isinstance(start, datetime) and isinstance(end, datetime) and (start.tzinfo is None) != (end.tzinfo is None):
        return bounds
    if start > end:
        raise RefusedError(_("The end lies before the start."))
    return bounds


def _only(keys: set[Any], known: set[str]) -> None:
    for key in sorted(map(str, keys)):
        if key not in known:
            raise RefusedError(_("Unknown key “{key}”."), at=key[:60], key=key[:60])


def _in_calendar(moment: Moment) -> Moment:
    if moment.year not in YEARS:
        raise RefusedError(_("This year is out of range."))
    return moment
