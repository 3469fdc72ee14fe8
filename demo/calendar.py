"""When things happen: six years with growth, seasons, weekdays and hours of the day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

YEARS = 6
GROWTH = 0.28  # more contacts each year than in the one before, as the exponent of a year
# School in September, examinations of drivers in spring, presents in December, holidays in between.
MONTHS = np.array([0.90, 0.85, 1.05, 1.15, 1.15, 1.05, 0.75, 0.80, 1.30, 1.10, 1.00, 1.25])
WEEKDAYS = np.array([1.10, 1.05, 1.05, 1.00, 1.15, 0.90, 0.35])
HOURS = np.array([1, 1, 0.5, 0.5, 0.5, 1, 2, 5, 9, 12, 14, 14, 13, 12, 12, 13, 14, 14, 11, 8, 6, 5, 3, 2], dtype=float)
# What is done at home: Sundays and evenings; Black Friday's November.
HOME_GROWTH = 0.1
HOME_MONTHS = np.array([0.95, 0.85, 0.95, 1.05, 1.10, 1.00, 0.75, 0.85, 1.20, 1.05, 1.30, 1.25])
HOME_WEEKDAYS = np.array([1.10, 1.05, 1.00, 0.98, 0.92, 0.85, 1.15])
HOME_HOURS = np.array(
    [2, 1, 0.5, 0.4, 0.4, 0.6, 2, 4, 6, 7, 8, 8, 8, 8, 8, 8, 8, 9, 11, 14, 16, 16, 12, 6], dtype=float
)
DAY_S = 24 * 3600


class Days:
    """The days of six years up to `now`, each with its weight."""

    def __init__(
        self, *, now: datetime, zone: ZoneInfo, growth: float, months: np.ndarray, weekdays: np.ndarray
    ) -> None:
        self.last = int(now.timestamp()) - 60
        today = now.astimezone(zone).date()
        first = today - timedelta(days=365 * YEARS)
        days = [first + timedelta(days=step) for step in range((today - first).days + 1)]
        self.starts = np.array([start_of(day, zone) for day in days], dtype=np.int64)
        weights = np.array([months[day.month - 1] * weekdays[day.weekday()] for day in days])
        weights *= np.exp(growth * np.arange(len(days)) / 365)
        self.until = np.cumsum(weights) / weights.sum()

    def day(self, quantiles: np.ndarray) -> np.ndarray:
        """Places in `starts`: of days by the share of all weight that lies before."""
        return np.minimum(np.searchsorted(self.until, quantiles), len(self.starts) - 1)


class Arrivals(Days):
    """Moments at which contacts came, the first six years before `now`, none after it."""

    def __init__(self, *, now: datetime, zone: ZoneInfo) -> None:
        super().__init__(now=now, zone=zone, growth=GROWTH, months=MONTHS, weekdays=WEEKDAYS)

    def draw(self, rng: np.random.Generator, *, first: int, size: int, total: int) -> np.ndarray:
        """Of `total` contacts in the order of their coming, those from number `first` on.

        Shape: int64 array of `size`. Units: seconds since 1970, UTC.
        """
        day = self.day((np.arange(first, first + size) + rng.random(size)) / total)
        hour = rng.choice(24, size=size, p=HOURS / HOURS.sum())
        moments = self.starts[day] + hour * 3600 + rng.integers(0, 3600, size)
        return np.sort(np.where(moments > self.last, self.last - rng.integers(0, DAY_S // 4, size), moments))


class Evenings(Days):
    """Moments at which contacts sit down to the shop's site, from their coming until `before` seconds before `now`."""

    def __init__(self, *, now: datetime, zone: ZoneInfo, before: int) -> None:
        super().__init__(now=now, zone=zone, growth=HOME_GROWTH, months=HOME_MONTHS, weekdays=HOME_WEEKDAYS)
        self.last = int(now.timestamp()) - before
        self.hours = np.cumsum(HOME_HOURS) / HOME_HOURS.sum()

    def draw(self, rng: np.random.Generator, *, came: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Moments by how far `along` its contact's time with the shop each lies, 0 its coming, 1 now.

        Shape: int64 array, as `along`. Units: seconds since 1970, UTC.
        """
        begun = self.until[np.maximum(np.searchsorted(self.starts, came, side="right") - 1, 0)]
        day = self.day(begun + (1 - begun) * along)
        hour = np.searchsorted(self.hours, rng.random(len(along)))
        moments = self.starts[day] + hour * 3600 + rng.integers(0, 3600, len(along))
        room, part = self.last - came, rng.random(len(along))
        early, late = moments < came, moments > self.last
        moments[early] = (came + part * np.minimum(room, 6 * 3600)).astype(np.int64)[early]
        moments[late] = (self.last - part * np.minimum(room, 6 * 3600)).astype(np.int64)[late]
        return moments


def start_of(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def moments_text(seconds: np.ndarray) -> list[str]:
    """2024-05-06T07:08:09+00:00, the form in which attributes keep moments and PostgreSQL reads them."""
    return [f"{text}+00:00" for text in seconds.astype("datetime64[s]").astype(str).tolist()]


def days_text(days: np.ndarray) -> list[str]:
    """2024-05-06, from days since 1970."""
    return days.astype("datetime64[D]").astype(str).tolist()


def epoch_days(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) // DAY_S
