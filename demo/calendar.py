"""When contacts came: six years with growth, seasons and weekdays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

YEARS = 6
GROWTH = 0.28  # more contacts each year than in the one before, as the exponent of a year
# School in September, examinations of drivers in spring, presents in December, holidays in between.
MONTHS = np.array([0.90, 0.85, 1.05, 1.15, 1.15, 1.05, 0.75, 0.80, 1.30, 1.10, 1.00, 1.25])
WEEKDAYS = np.array([1.10, 1.05, 1.05, 1.00, 1.15, 0.90, 0.35])
HOURS = np.array([1, 1, 0.5, 0.5, 0.5, 1, 2, 5, 9, 12, 14, 14, 13, 12, 12, 13, 14, 14, 11, 8, 6, 5, 3, 2], dtype=float)
DAY_S = 24 * 3600


class Arrivals:
    """Moments at which contacts came, the first six years before `now`, none after it."""

    def __init__(self, *, now: datetime, zone: ZoneInfo) -> None:
        self.last = int(now.timestamp()) - 60
        today = now.astimezone(zone).date()
        first = today - timedelta(days=365 * YEARS)
        days = [first + timedelta(days=step) for step in range((today - first).days + 1)]
        self.starts = np.array([start_of(day, zone) for day in days], dtype=np.int64)
        weights = np.array([MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] for day in days])
        weights *= np.exp(GROWTH * np.arange(len(days)) / 365)
        self.until = np.cumsum(weights) / weights.sum()

    def draw(self, rng: np.random.Generator, *, first: int, size: int, total: int) -> np.ndarray:
        """Of `total` contacts in the order of their coming, those from number `first` on.

        Shape: int64 array of `size`. Units: seconds since 1970, UTC.
        """
        quantiles = (np.arange(first, first + size) + rng.random(size)) / total
        day = np.minimum(np.searchsorted(self.until, quantiles), len(self.starts) - 1)
        hour = rng.choice(24, size=size, p=HOURS / HOURS.sum())
        moments = self.starts[day] + hour * 3600 + rng.integers(0, 3600, size)
        return np.sort(np.where(moments > self.last, self.last - rng.integers(0, DAY_S // 4, size), moments))


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
