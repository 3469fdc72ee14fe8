"""Days, weeks and months of the account's zone, and the seconds at which they begin."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from insights.statistics.calendars import Stretch, days_name, month_name, month_short
from segmentation.criteria.times import DAY, shift, start_of

By = Literal["day", "week", "month"]
MOST: dict[By, int] = {"day": 60, "week": 52, "month": 24}  # periods shown at once
COHORTS = 12  # months
EARLIEST, LATEST = date(1970, 1, 2), date(9000, 1, 1)


@dataclass(frozen=True)
class Period:
    """Its days, all of them, also where it is still running."""

    by: By
    days: Stretch

    @staticmethod
    def of(by: By, day: date) -> "Period":
        """The one that holds a day."""
        match by:
            case "day":
                first = day
            case "week":
                first = day - DAY * day.weekday()
            case "month":
                first = day.replace(day=1)
        return Period(by, Stretch(first, shift(first, 1, by) - DAY))

    @property
    def name(self) -> str:
        return month_name(self.days.first) if self.by == "month" else days_name(*self.days)

    def short(self, *, now: datetime) -> str:
        """For an axis."""
        return month_short(self.days.first) if self.by == "month" else days_name(*self.days, now=now)

    def edge(self, zone: ZoneInfo) -> int:
        """The second at which it begins."""
        return second(start_of(self.days.first, zone))

    def end(self, zone: ZoneInfo, now: int) -> int:
        """The second at which the next one begins; of the running one, of which more is to come, the one after now."""
        return min(second(start_of(self.days.last + DAY, zone)), now + 1)


def second(at: datetime) -> int:
    """Since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def periods(by: By, low: date, today: date, *, most: int | None = None) -> list[Period]:
    """The last ones, the running one at the end, as far back as there was anybody."""
    found = [Period.of(by, today)]
    while found[0].days.first > max(low, EARLIEST) and len(found) < (most or MOST[by]):
        found.insert(0, Period.of(by, found[0].days.first - DAY))
    return found


def edges(found: list[Period], zone: ZoneInfo, now: int) -> list[int]:
    """Where each begins, and where the last one ends."""
    return [*(one.edge(zone) for one in found), found[-1].end(zone, now)]


def by_named(text: str) -> By | None:
    """The unit an address names."""
    return next((by for by in MOST if by == text), None)


def named(unit: str, first: str, today: date) -> Period | None:
    """The one an address names (`week`, `2026-11-16`), if it has begun; None: there is no such period."""
    by = by_named(unit)
    if by is None:
        return None
    try:
        day = date.fromisoformat(first)
    except ValueError:
        return None
    if not EARLIEST <= day <= today:
        return None
    period = Period.of(by, day)
    return period if period.days.first == day else None
