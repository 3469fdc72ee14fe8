"""The shop's campaigns: a newsletter each month, what the seasons bring, and text messages."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from demo.calendar import DAY_S, YEARS, start_of

MONTHLY = (
    "Nowy rok, nowe oprawki",
    "Walentynki: dwie pary w cenie jednej",
    "Wiosna w salonie: nowa kolekcja",
    "Alergia a oczy: co nosić w kwietniu",
    "Okulary przeciwsłoneczne już są",
    "Lato bez mrużenia oczu",
    "Na wakacje: soczewki i płyn w zestawie",
    "Ostatni tydzień wyprzedaży letniej",
    "Wzrok ucznia: zbadaj przed jesienią",
    "Jesienne wieczory przy ekranie",
    "Kierowco, dzień jest coraz krótszy",
    "Prezent, który widać",
)


@dataclass(frozen=True)
class Season:
    """What comes back each year. `pull`: how much more of it is opened than of a newsletter."""

    month: int
    day: int
    key: str
    subject: str
    pull: float
    sms: bool = False


SEASONS = (
    Season(2, 10, "walentynki", "Walentynki u Optyka Zielonego: −20 % na drugą parę", 1.1),
    Season(3, 20, "szkla-progresywne", "Szkła progresywne z darmowym dopasowaniem", 0.8),
    Season(5, 26, "dzien-matki", "Dzień Matki: okulary przeciwsłoneczne −25 %", 1.0),
    Season(6, 21, "lato-sms", "Lato: soczewki −15 % tylko dziś", 1.0, sms=True),
    Season(8, 25, "powrot-do-szkoly", "Powrót do szkoły: badanie wzroku za 1 zł", 1.2),
    Season(10, 8, "dzien-wzroku", "Światowy Dzień Wzroku: zapraszamy na bezpłatne badanie", 1.4),
    Season(11, 24, "black-friday", "Black Friday: oprawki do −50 %", 1.5),
    Season(11, 25, "black-friday-sms", "Black Friday kończy się o północy", 1.2, sms=True),
    Season(12, 12, "prezenty", "Bon podarunkowy zdąży przed Wigilią", 1.0),
)


@dataclass(frozen=True)
class Campaign:
    """One sending to many. `at`: when it began, seconds since 1970."""

    key: str
    subject: str
    at: int
    pull: float
    sms: bool = False


def campaigns(now: datetime, zone: ZoneInfo) -> list[Campaign]:
    """All of six years, in the order of their sending; none in the last hour, for it takes that long."""
    made = []
    today = now.astimezone(zone).date()
    for year in range(today.year - YEARS, today.year + 1):
        for month, subject in enumerate(MONTHLY, 1):
            day = workday(date(year, month, 5))
            made.append(Campaign(f"newsletter-{year}-{month:02}", subject, begun(day, 9, zone), 0.9))
        for season in SEASONS:
            day = date(year, season.month, season.day)
            at = begun(day, 12 if season.sms else 7, zone)
            made.append(Campaign(f"{season.key}-{year}", season.subject, at, season.pull, season.sms))
    last = int(now.timestamp())
    return sorted(
        (each for each in made if last - YEARS * 365 * DAY_S < each.at <= last - 3600), key=lambda each: each.at
    )


def begun(day: date, hour: int, zone: ZoneInfo) -> int:
    return start_of(day, zone) + hour * 3600


def workday(day: date) -> date:
    """The first of Monday to Thursday from `day` on."""
    while day.weekday() > 3:
        day += timedelta(days=1)
    return day


def sent_at(those: list[Campaign]) -> np.ndarray:
    return np.array([each.at for each in those], dtype=np.int64)
