"""Drawing customers: a chunk at a time, every column as an array, the same for the same seed whatever the memory."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from contacts.models import Status
from demo.calendar import DAY_S, Arrivals, days_text, moments_text
from demo.campaigns import campaigns, sent_at
from demo.people import MEN, PROVINCES, SURNAMES, TOWNS, WOMEN, WOMENS_SURNAMES, drawn
from demo.shop import BESIDES, CONSENTS, DOMAINS, FRAMES, INTERESTS, KINDS, SOURCES, TAGS

CHUNK = 20_000
STATUSES = (Status.SUBSCRIBED.value, Status.PENDING.value, Status.UNSUBSCRIBED.value, Status.BOUNCED.value)
PLAIN = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ ", "acelnoszzacelnoszz-")
SOURCE, DOMAIN = drawn(SOURCES), drawn(DOMAINS)
# Younger and older customers; the mean age and the spread of three groups.
CONFIRMING = 0.3  # of the subscribed were asked to confirm their address
LATE, LATE_S = 0.3, 8 * DAY_S  # of these take days, so long on average; the others minutes
AGES = ((0.34, 29, 7), (0.38, 46, 9), (0.28, 68, 9))
PERMANENT, POTENTIAL = range(4), range(7, 10)  # of KINDS
SCORE_OF_KIND = np.array([1.5, 1.6, 1.8, 2.2, 0.9, 0.9, 0.8, 0.5, 0.7, 0.6])


@dataclass(frozen=True)
class Customers:
    """One chunk: lists and arrays of the same length, by number in the chunk."""

    size: int
    first: int  # the first one's number, from 0
    created: np.ndarray  # seconds since 1970
    changed: np.ndarray
    email: list[str | None]
    phone: list[str | None]
    given_name: list[str]
    surname: list[str]
    status: list[str]
    score: list[int]
    source: list[str]
    attributes: list[str]  # JSON
    kind: np.ndarray  # place in KINDS
    besides: np.ndarray  # bool, a row for each of BESIDES
    tags: np.ndarray  # bool, a row for each of TAGS
    answers: np.ndarray  # int, a row for each of CONSENTS: 0 not asked, 1 given, 2 withdrawn
    left: np.ndarray  # when they unsubscribed or their address was found dead; 0: never
    confirmed: np.ndarray  # when they confirmed an address that had been pending till then; 0: there was no need


class Drawing:
    """Draws chunk after chunk; remembers only how often each pair of names was drawn, for the addresses."""

    def __init__(self, *, seed: int, total: int, now: datetime, zone: ZoneInfo) -> None:
        self.seed, self.total, self.now = seed, total, now
        self.arrivals = Arrivals(now=now, zone=zone)
        self.mails = sent_at([each for each in campaigns(now, zone) if not each.sms])
        self.met = np.zeros((2, max(len(WOMEN.values), len(MEN.values)), len(SURNAMES.values)), dtype=np.int32)

    def chunk(self, first: int) -> Customers:
        """Customers from number `first` on. Chunks must be drawn in order."""
        size = min(CHUNK, self.total - first)
        rng = np.random.default_rng([self.seed, first])
        created = self.arrivals.draw(rng, first=first, size=size, total=self.total)
        now = int(self.now.timestamp())
        changed = created + ((now - created) * rng.beta(1, 4, size)).astype(np.int64)
        age = ages(rng, size)
        kind = rng.choice(len(KINDS), size=size, p=np.array([share for _, share in KINDS]) / sum(s for _, s in KINDS))
        man = (rng.random(size) < 0.43).astype(np.intp)
        first_names = np.where(man, MEN.draw(rng, size), WOMEN.draw(rng, size))
        surnames = SURNAMES.draw(rng, size)
        status = rng.choice(4, size=size, p=[0.83, 0.05, 0.09, 0.03])
        emails, given, family = self.named(rng, man, first_names, surnames)
        return Customers(
            size=size,
            first=first,
            created=created,
            changed=changed,
            email=emails,
            phone=phones(rng, size),
            given_name=given,
            surname=family,
            status=[STATUSES[place] for place in status.tolist()],
            score=scores(rng, kind).tolist(),
            source=[SOURCE.values[place] for place in SOURCE.draw(rng, size).tolist()],
            attributes=attributes(rng, age=age, kind=kind, created=created, now=now),
            kind=kind,
            besides=np.array([rng.random(size) < share for _, share in BESIDES]),
            tags=np.array([rng.random(size) < np.array(shares)[band(age)] for _, shares in TAGS]),
            answers=np.array([answers(rng, status, asked.given, asked.withdrawn) for asked in CONSENTS]),
            left=leaving(
                np.random.default_rng([self.seed, first, 2]),
                gone=status >= 2,
                created=created,
                changed=changed,
                mails=self.mails,
            ),
            confirmed=confirming(
                np.random.default_rng([self.seed, first, 4]), stayed=status == 0, created=created, changed=changed
            ),
        )

    def named(
        self, rng: np.random.Generator, man: np.ndarray, first_names: np.ndarray, surnames: np.ndarray
    ) -> tuple[list[str | None], list[str], list[str]]:
        """E-mail addresses, each once in the account; 3 % have none."""
        domains = DOMAIN.draw(rng, len(man)).tolist()
        without = (rng.random(len(man)) < 0.03).tolist()
        emails: list[str | None] = []
        given, family = [], []
        for sex, name, surname, domain, none in zip(
            man.tolist(), first_names.tolist(), surnames.tolist(), domains, without, strict=True
        ):
            first = (MEN if sex else WOMEN).values[name]
            last = SURNAMES.values[surname] if sex else WOMENS_SURNAMES[surname]
            given.append(first)
            family.append(last)
            if none:
                emails.append(None)
                continue
            self.met[sex, name, surname] += 1
            number = self.met[sex, name, surname]
            local = f"{first}.{last}{number if number > 1 else ''}".translate(PLAIN).lower()
            emails.append(f"{local}@{DOMAIN.values[domain]}")
        return emails, given, family


def ages(rng: np.random.Generator, size: int) -> np.ndarray:
    """Years, 16 to 95."""
    group = rng.choice(len(AGES), size=size, p=[share for share, _, _ in AGES])
    mean, spread = (np.array([row[place] for row in AGES], dtype=float)[group] for place in (1, 2))
    return np.clip(rng.normal(mean, spread), 16, 95)


def band(age: np.ndarray) -> np.ndarray:
    """0 up to 40, 1 from 40 to 60, 2 over 60."""
    return (age >= 40).astype(np.intp) + (age > 60)


def scores(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    """Lead scores: most are small, a few very large; a third over 20."""
    return np.minimum(rng.lognormal(1.6, 1.15, len(kind)) * SCORE_OF_KIND[kind] * 1.6, 5000).astype(np.int64)


def phones(rng: np.random.Generator, size: int) -> list[str | None]:
    """+48 99…: no Polish number begins so. A quarter have none."""
    numbers = rng.integers(0, 10_000_000, size).tolist()
    return [f"+4899{number:07}" if has else None for number, has in zip(numbers, rng.random(size) < 0.76, strict=True)]


def answers(rng: np.random.Generator, status: np.ndarray, given: float, withdrawn: float) -> np.ndarray:
    """Whoever unsubscribed has mostly withdrawn what was given."""
    drawn_at = rng.random(len(status))
    answer = np.where(drawn_at < given, 1, np.where(drawn_at < given + withdrawn, 2, 0))
    return np.where((status == 2) & (answer == 1) & (rng.random(len(status)) < 0.85), 2, answer)


def leaving(
    rng: np.random.Generator, *, gone: np.ndarray, created: np.ndarray, changed: np.ndarray, mails: np.ndarray
) -> np.ndarray:
    """When those `gone` left: at their last change, or rather in the hours after the letter that came before it."""
    if not len(mails):
        return np.where(gone, changed, 0)
    place = np.maximum(np.searchsorted(mails, changed - 7200, side="right") - 1, 0)
    letter, following = mails[place], np.append(mails, changed.max(initial=0))[place + 1]
    room = np.minimum(changed, np.maximum(following, letter + 3600)) - letter - 3600
    after = letter + 3600 + np.minimum(rng.exponential(4 * 3600, len(changed)), np.maximum(room, 0)).astype(np.int64)
    reached = (created + DAY_S < letter) & (letter + 7200 <= changed)
    return np.where(gone, np.where(reached, after, changed), 0)


def confirming(rng: np.random.Generator, *, stayed: np.ndarray, created: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """When those who `stayed` and had been asked to confirm their address did so: most at once, some after days."""
    size = len(created)
    asked = stayed & (rng.random(size) < CONFIRMING)
    pause = np.where(rng.random(size) < LATE, rng.exponential(LATE_S, size), rng.exponential(600, size))
    return np.where(asked, np.minimum(created + 1 + pause.astype(np.int64), changed), 0)


def attributes(
    rng: np.random.Generator, *, age: np.ndarray, kind: np.ndarray, created: np.ndarray, now: int
) -> list[str]:
    """Each customer's attributes as JSON, as docs/contacts.md wants them stored; some values are missing."""
    size = len(age)
    born = days_text((now - age * 365.2425 * DAY_S).astype(np.int64) // DAY_S)
    tested = np.maximum(now - rng.exponential(500 * DAY_S, size), created - 30 * DAY_S).astype(np.int64)
    opened = np.minimum(tested, now - DAY_S) // DAY_S * DAY_S + rng.integers(8 * 4, 17 * 4, size) * 900
    tested_at = moments_text(opened)  # by the quarter of an hour, while the shop is open
    town = TOWNS.draw(rng, size).tolist()
    diopters = (np.rint(np.where(age < 45, rng.normal(-2.4, 1.9, size), rng.normal(0.4, 2.1, size)) * 4) / 4).tolist()
    wears = rng.random(size) < np.where(kind == 2, 0.96, np.where(age < 45, 0.28, 0.06))
    frame = rng.choice(len(FRAMES), size=size, p=[0.38, 0.17, 0.14, 0.12, 0.11, 0.08]).tolist()
    likes = (rng.random((size, len(INTERESTS))) < 0.17).tolist()
    has = rng.random((7, size)) < np.array([0.97, 0.91, 0, 0.78, 0.82, 0.6, 0.7])[:, None]
    has[2] = ~np.isin(kind, list(POTENTIAL)) | (rng.random(size) < 0.2)
    return [
        "{"
        + ", ".join(
            [
                *([PLACES[town[row]]] if knows_town else []),
                *([f'"birth_date": "{born[row]}"'] if knows_birth else []),
                *([f'"last_eye_test": "{tested_at[row]}"'] if knows_test else []),
                *([f'"diopters": {diopters[row]:g}'] if knows_diopters else []),
                *([f'"wears_contacts": {"true" if wears[row] else "false"}'] if knows_wearing else []),
                *([f'"frame_style": "{FRAMES[frame[row]]}"'] if knows_frame else []),
                *([interests] if knows_interests and (interests := liked(likes[row])) else []),
            ]
        )
        + "}"
        for row, (
            knows_town,
            knows_birth,
            knows_test,
            knows_diopters,
            knows_wearing,
            knows_frame,
            knows_interests,
        ) in enumerate(has.T.tolist())
    ]


PLACES = [f'"city": "{town}", "province": "{province}"' for town, province in zip(TOWNS.values, PROVINCES, strict=True)]


def liked(chosen: list[bool]) -> str:
    """Sorted, as INTERESTS is; "" when there is none: a list is never empty."""
    words = ", ".join(f'"{interest}"' for interest, likes in zip(INTERESTS, chosen, strict=True) if likes)
    return f'"interests": [{words}]' if words else ""
