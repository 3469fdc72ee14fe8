"""Weeks and months of the account's zone, in statements of DuckDB and as labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.templatetags.times import month_pattern, small_months
from mirror.reading import naive
from segmentation.criteria.times import DAY, end_of, shift, start_of

WEEK = timedelta(weeks=1)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of clocks on the wall


class Span(NamedTuple):
    """Instants from `start` to `last`, both included."""

    start: datetime
    last: datetime


class Stretch(NamedTuple):
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def span(self, zone: ZoneInfo) -> Span:
        """Its instants."""
        return Span(start_of(self.first, zone), end_of(self.last, zone))


def week_of(day: date) -> Stretch:
    """The week, from Monday to Sunday, that holds a day."""
    monday = day - DAY * day.weekday()
    return Stretch(monday, monday + WEEK - DAY)


@dataclass(frozen=True)
class Weeks:
    """So many weeks, from Monday to Sunday, the last one that of `today`."""

    count: int
    today: date

    @property
    def monday(self) -> date:
        """The first day of the first."""
        return self.today - DAY * self.today.weekday() - WEEK * (self.count - 1)

    @property
    def all(self) -> list[Stretch]:
        return [Stretch(self.monday + WEEK * n, self.monday + WEEK * (n + 1) - DAY) for n in range(self.count)]

    @property
    def whole(self) -> Stretch:
        return Stretch(self.monday, self.monday + WEEK * self.count - DAY)

    def sql(self, zone: ZoneInfo) -> str:
        """The number of the week of a row's `moment`, from 0, of rows within `whole`."""
        monday = (datetime.combine(self.monday, datetime.min.time()) - EPOCH) // timedelta(microseconds=1)
        week = WEEK // timedelta(microseconds=1)
        return f"(({local(self.whole.span(zone), zone)}) - {monday}) // {week}"


@dataclass(frozen=True)
class Months:
    """So many months of the calendar, the last one that of `today`."""

    count: int
    today: date

    @property
    def first(self) -> date:
        """The first day of the first."""
        return shift(self.today.replace(day=1), 1 - self.count, "month")

    @property
    def all(self) -> list[Stretch]:
        return [
            Stretch(shift(self.first, n, "month"), shift(self.first, n + 1, "month") - DAY) for n in range(self.count)
        ]

    @property
    def whole(self) -> Stretch:
        return Stretch(self.first, shift(self.first, self.count, "month") - DAY)

    def sql(self, zone: ZoneInfo) -> str:
        """The number of the month of a row's `moment`, from 0; -1 before the first, `count` after the last."""
        span = self.whole.span(zone)
        wall = f"make_timestamp({local(span, zone)})"
        months = f"(year({wall}) * 12 + month({wall}) - {self.first.year * 12 + self.first.month})"
        before, after = naive(span.start), naive(span.last)
        return f"CASE WHEN moment < {before} THEN -1 WHEN moment > {after} THEN {self.count} ELSE {months} END"


@lru_cache(maxsize=16)  # asked for once for each type of activity: 1 ms
def local(span: Span, zone: ZoneInfo) -> str:
    """The clock on the wall at a row's `moment` within `span`, in microseconds since 1970: a statement of DuckDB.

    The clock's changes are few and known: adding what it is ahead is five times as quick as asking for the zone.
    """
    changes = list(_changes(span.start, span.last, zone))
    if len(changes) == 1:
        return f"epoch_us(moment) + {changes[0][1]}"
    cases = [f"WHEN moment >= {naive(at)} THEN {ahead}" for at, ahead in reversed(changes[1:])]
    return f"epoch_us(moment) + CASE {' '.join(cases)} ELSE {changes[0][1]} END"


def _changes(start: datetime, last: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, int]]:
    """From when on the clock is how many microseconds ahead of UTC, the first at `start`."""
    at, ahead = start, _ahead(start, zone)
    yield start, ahead
    while at < last:
        following = min(at + DAY, last)
        if (then := _ahead(following, zone)) != ahead:
            before, after = int(at.timestamp()), int(following.timestamp()) + 1  # it changes at a whole second
            while after - before > 1:
                middle = (before + after) // 2
                same = _ahead(datetime.fromtimestamp(middle, UTC), zone) == ahead
                before, after = (middle, after) if same else (before, middle)
            yield datetime.fromtimestamp(after, UTC), then
            ahead = then
        at = following


def _ahead(at: datetime, zone: ZoneInfo) -> int:
    return (at.astimezone(zone).utcoffset() or timedelta(0)) // timedelta(microseconds=1)


# --- in words --------------------------------------------------------------------------------------------------
def month_name(day: date) -> str:
    """ "November 2026"."""
    text = str(date_format(day, "F Y", use_l10n=False))
    return text.lower() if small_months() else text


def month_short(day: date) -> str:
    """ "Nov 2026": for an axis."""
    return str(date_format(day, f"{month_pattern()} Y", use_l10n=False))


def months_after(number: int) -> str:
    """How long after its own month a cohort is looked at."""
    if not number:
        return _("the same month")
    return ngettext("after %(n)s month", "after %(n)s months", number) % {"n": number}


def week_name(week: Stretch) -> str:
    """ "16–22 Nov 2026"."""
    return days_name(*week)


def week_short(week: Stretch, *, now: datetime) -> str:
    """ "16–22 Nov", with the year where it is not the current one: for an axis."""
    return days_name(*week, now=now)


def days_name(first: date, last: date, *, now: datetime | None = None) -> str:
    """Days from one to another, saying a month and a year once: "16–22 Nov 2026", "30 Nov – 6 Dec 2026".

    now: the year is left out where it is the current one.
    """
    month = month_pattern()
    whole = f"j {month}" if now and timezone.localtime(now).year == first.year == last.year else f"j {month} Y"
    end = str(date_format(last, whole, use_l10n=False))
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    start = date_format(first, f"j {month}" if first.year == last.year else whole, use_l10n=False)
    return f"{start} – {end}"


def stretch_name(days: tuple[date | None, date | None]) -> str:
    """A stretch of days by the largest unit that it is: a year, years, a month, days; open ones said in words."""
    first, last = days
    if first is None:
        return _("before %(day)s") % {"day": begins(last + DAY)} if last else ""
    if last is None:
        return _("from %(day)s on") % {"day": begins(first)}
    if first.day == 1 and (last + DAY).day == 1:
        if first.month == 1 and last.month == 12:
            return str(first.year) if first.year == last.year else f"{first.year}–{last.year}"
        if (first.year, first.month) == (last.year, last.month):
            return month_name(first)
    return days_name(first, last)


def begins(day: date) -> str:
    """A day that begins something: of a year's first one the year."""
    if (day.month, day.day) == (1, 1):
        return str(day.year)
    return month_name(day) if day.day == 1 else days_name(day, day)


def begins_short(day: date) -> str:
    """The same for an axis."""
    return month_short(day) if day.day == 1 and day.month > 1 else begins(day)
