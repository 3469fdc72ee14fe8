"""Engagement as of any day and its change over 30 days, against plain Python (ED2 to ED6)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyroaring import BitMap

from contacts.erasing.models import Erasure
from contacts.erasing.services import erase_contact
from contacts.merging import merge_contacts
from contacts.models import Contact
from contacts.services.contacts import update_contact
from insights.engagement.erased import ALL
from insights.engagement.figures import Asked, Figures, taken
from insights.engagement.moments import END, GONE, PARTS, START, STATES, SUBSCRIBED, UNSUBSCRIBED, Looked
from insights.shares import hundredths, shares, short_shares
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Warsaw")
DAY = timedelta(days=1)
STATUSES = ("subscribed", "unsubscribed", "bounced", "pending")
GAINS = ("new", "joined", "moved_in")


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.ERASURE_JOURNAL = tmp_path


def numbers(days: int = 90, day: date | None = None, *, mask: BitMap | None = None, **asked: Any) -> Figures:
    return taken(Asked(days, day, **asked), now=NOW, zone=ZONE, mask=mask)


# --- shares ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("counts", [[1, 2], [1, 1, 1], [1, 6], [999_999, 1], [3, 0], [1] * 7, [10**9, 1, 1]])
def test_shares_add_to_exactly_a_hundred_per_cent(counts: list[int]) -> None:
    found = hundredths(counts)
    assert sum(found) == 10_000
    assert all(abs(share - count * 10_000 / sum(counts)) < 1 for share, count in zip(found, counts, strict=True))


def test_shares_of_nobody_are_none() -> None:
    assert shares([0, 0]) == ["–", "–"]
    assert shares([1, 2]) == ["33.33\N{NO-BREAK SPACE}%", "66.67\N{NO-BREAK SPACE}%"]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([19, 4, 1], ["79.2", "16.7", "4.1"]),  # alone 4.2
        ([1, 1, 1], ["33.4", "33.3", "33.3"]),
        ([3, 0], ["100", "0"]),
        ([9999, 1], [">99.9", "<0.1"]),
        ([0, 0], ["–", "–"]),
    ],
)
def test_short_shares_add_up_as_well(counts: list[int], told: list[str]) -> None:
    assert [share.removesuffix("\N{NO-BREAK SPACE}%") for share in short_shares(counts)] == told


# --- plain Python ----------------------------------------------------------------------------------------------
@dataclass
class Person:
    """What happened to one contact."""

    created: datetime
    statuses: list[tuple[datetime, str]]  # the first at `created`
    facts: list[datetime] = field(default_factory=list)
    erased: datetime | None = None

    def there(self, at: datetime) -> bool:
        return self.created <= at and (self.erased is None or at < self.erased)

    def status(self, at: datetime) -> str:
        at = at if self.erased is None else self.erased  # of the erased nothing else is known
        return [status for since, status in self.statuses if since <= at][-1]

    def state(self, at: datetime, days: int) -> str:
        at = at if self.erased is None else self.erased
        today = at.astimezone(ZONE).date()
        window = (today - DAY * (days - 1), today)
        active = any(window[0] <= fact.astimezone(ZONE).date() <= window[1] and fact <= at for fact in self.facts)
        return "engaged" if active else "unengaged"


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + DAY - timedelta(microseconds=1)


def made(chance: random.Random) -> Person:
    """A contact in the tables, and what happened to it; moments gather around midnights of the zone."""
    started = chance.choice([300, 120, 60, 31, 30, 20, 3])
    created = moment(chance, started)
    person = Person(created, [(created, chance.choice(STATUSES[:2]))])
    contact = factories.contact(now=created, status=person.statuses[0][1])
    for at in sorted(moment(chance, chance.choice([100, 45, 31, 30, 29, 10, 2])) for _ in range(chance.randrange(3))):
        status = chance.choice(STATUSES)
        if at > person.statuses[-1][0] and status != person.statuses[-1][1]:
            contact = update_contact(contact, fields={"status": status}, now=at, by="x")
            person.statuses.append((at, status))
    if chance.random() < 0.25:
        last = max(person.statuses[-1][0], moment(chance, chance.choice([60, 31, 30, 29, 5, 1])))
        person.erased = last + timedelta(hours=1) if last + timedelta(hours=1) < NOW else None
    for _ in range(chance.choice([0, 1, 1, 2, 4])):
        at = moment(chance, chance.choice([130, 121, 120, 119, 91, 90, 89, 60, 31, 30, 29, 12, 1, 0]))
        if person.erased is None or at < person.erased:
            make, counts = chance.choice(MAKING)
            make(contact, at)
            person.facts += [at] if counts else []
    if person.erased is not None:
        erase_contact(Contact.objects.get(pk=contact.pk), now=person.erased, by="x")
    return person


def moment(chance: random.Random, days_ago: int) -> datetime:
    midnight = datetime(2026, 11, 21, tzinfo=ZONE) - DAY * days_ago
    at = midnight + chance.choice([-timedelta(microseconds=1), timedelta(0), timedelta(hours=5), timedelta(hours=23)])
    return min(at.astimezone(UTC), NOW - timedelta(hours=2))


MAKING = [
    (lambda contact, at: factories.activity(contact, "email_open", at=at), True),
    (lambda contact, at: factories.activity(contact, "product_view", at=at), True),
    (lambda contact, at: factories.visit(contact, at=at), True),
    (lambda contact, at: factories.order(contact, at=at, total=1), True),
    (lambda contact, at: factories.order(contact, at=at, total=1, status="cancelled"), False),
    (lambda contact, at: factories.activity(contact, "email_sent", at=at), False),
]


def told(people: Sequence[Person], start: datetime, end: datetime, *, days: int, population: str) -> dict[str, Any]:
    """The change by state and part: each person looked at twice."""
    found = {state: dict.fromkeys(PARTS, 0) for state in STATES}

    def within(person: Person, at: datetime) -> bool:
        return person.there(at) and population in (ALL, person.status(at))

    for person in people:
        before, after = within(person, start), within(person, end)
        old, new = person.state(start, days), person.state(end, days)
        found[old][START] += before
        found[new][END] += after
        if before and after and old != new:
            found[new]["moved_in"] += 1
            found[old]["moved_out"] += 1
        elif before and not after:
            found[old][UNSUBSCRIBED if person.there(end) else GONE] += 1
        elif after and not before:
            found[new]["joined" if person.there(start) else "new"] += 1
    return found


@pytest.mark.parametrize("seed", range(2))
def test_the_change_adds_up_to_the_person_whatever_happens(seed: int) -> None:
    chance = random.Random(seed)
    people = [made(chance) for _ in range(45)]
    for day in (None, date(2026, 11, 20), date(2026, 10, 25)):
        for days in (90, 30):
            for population in (SUBSCRIBED, ALL):
                figures = numbers(days, day, population=population)
                end = NOW if day is None else end_of(day)
                start = end_of((day or date(2026, 11, 21)) - DAY * 30)
                assert (figures.moment, figures.start, figures.unknown) == (end, start, 0)
                expected = told(people, start, end, days=days, population=population)
                for state in STATES:
                    parts = {part: cell.count for part, cell in figures.change[state].items()}
                    assert parts == {part: expected[state][part] for part in parts}, (seed, day, days, state)
                    gains = sum(parts.get(part, 0) for part in GAINS)
                    losses = sum(parts.get(part, 0) for part in ("moved_out", UNSUBSCRIBED, GONE))
                    assert parts[START] + gains - losses == parts[END]


def test_the_last_point_of_the_curve_is_the_table_also_while_contacts_come() -> None:
    factories.contact(now=NOW - DAY * 10)
    factories.contact(now=NOW + timedelta(milliseconds=20))  # by a clock a little ahead
    figures = numbers()
    assert figures.curve[-1].there == figures.all[ALL].count == 2
    assert figures.curve[-2].there == 1


def test_the_table_and_the_curve_are_what_each_day_was() -> None:
    chance = random.Random(7)
    people = [made(chance) for _ in range(40)]
    figures = numbers(90, step="day")
    assert [point.day for point in figures.curve] == [date(2026, 11, 21) - DAY * back for back in range(90, -1, -1)]
    for point in figures.curve[::9]:
        at = NOW if point.day == date(2026, 11, 21) else end_of(point.day)
        there = [person for person in people if person.there(at)]
        gone = [person for person in there if person.erased]
        assert point.engaged.erased == sum(person.state(at, 90) == "engaged" for person in gone)
        assert point.engaged.erased + point.unengaged.erased == len(gone)
        assert (point.engaged.count, point.there) == (sum(one.state(at, 90) == "engaged" for one in there), len(there))
    for day in (None, date(2026, 10, 25)):
        at, figures = NOW if day is None else end_of(day), numbers(90, day)
        for status in STATUSES:
            for state in STATES:
                own = [p for p in people if p.there(at) and p.status(at) == status and p.state(at, 90) == state]
                assert figures.table[status][state].count == len(own), (day, status, state)
        assert figures.all[ALL].count == sum(figures.table[status][ALL].count for status in STATUSES)


# --- one by one ------------------------------------------------------------------------------------------------
def test_now_it_is_the_criterion_itself_and_facts_ahead_have_not_happened() -> None:
    people = [factories.contact(now=NOW - DAY * 200) for _ in range(4)]
    factories.visit(people[0], at=NOW + timedelta(hours=3))  # today, and yet to come
    factories.visit(people[1], at=NOW)
    factories.visit(people[2], at=datetime(2026, 8, 24, 0, 0, tzinfo=ZONE))  # the first moment of 90 days
    factories.visit(people[3], at=datetime(2026, 8, 23, 23, 59, 59, tzinfo=ZONE))
    context = Context(now=NOW, zone=ZONE)
    looked = Looked(context, 90, context.today)
    engaged = evaluate(parse({"kind": "engagement", "state": "engaged", "days": 90}), context=context).members
    assert looked.end.engaged == engaged == BitMap([people[1].pk, people[2].pk])
    assert looked.moment(context.today - DAY).engaged == BitMap([people[2].pk, people[3].pk])


def test_windows_day_by_day_are_those_of_each_day() -> None:
    chance, person = random.Random(3), [factories.contact(now=NOW - DAY * 200) for _ in range(12)]
    for _ in range(60):
        factories.visit(chance.choice(person), at=NOW - DAY * chance.randrange(200))
    context = Context(now=NOW, zone=ZONE)
    facts, last = Looked(context, 90, context.today).facts, context.today
    for days in (1, 2, 30, 90):
        ends = [last - DAY * back for back in range(90, -1, -chance.choice([1, 7]))]
        found = dict(facts.windows(days, ends))
        assert found == {end: facts.within(end - DAY * (days - 1), end) for end in ends}


def test_whose_window_no_proof_speaks_of_is_told_and_in_no_number() -> None:
    people = [factories.contact(now=NOW - DAY * 100) for _ in range(3)]
    factories.visit(people[0], at=NOW - DAY * 20)  # 18 days before it was erased
    for person in people[:2]:
        erase_contact(person, now=NOW - DAY * 2, by="x")
    Erasure.objects.filter(ids=[people[1].pk]).update(told={})  # of before proofs said it
    assert numbers(90).change["engaged"][GONE].count == 1
    assert (numbers(90).unknown, numbers(45).unknown, numbers(10).unknown) == (1, 1, 2)
    assert numbers(10).all[ALL].count == 1


def test_a_proof_says_a_bit_for_each_window_and_status_and_age_alone() -> None:
    person = factories.contact(now=NOW - DAY * 100, status="pending")
    factories.activity(person, "email_click", at=NOW - DAY * 40)
    proof = erase_contact(person, now=NOW, by="x")
    assert proof.told["status"] == "pending"
    assert proof.told["engaged"] == {"30": False, "60": True, "90": True}


def test_who_was_merged_counts_as_one_person_throughout() -> None:
    kept, other = (factories.contact(now=NOW - DAY * 100, status=status) for status in ("subscribed", "subscribed"))
    update_contact(other, fields={"status": "unsubscribed"}, now=NOW - DAY * 50, by="x")
    update_contact(other, fields={"status": "subscribed"}, now=NOW - DAY * 10, by="x")
    factories.visit(other, at=NOW - DAY * 3)
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={}, now=NOW - DAY, by="x")
    figures = numbers(90)
    assert figures.merged == 1
    assert {part: cell.count for part, cell in figures.change["engaged"].items() if cell.count} == {
        "moved_in": 1,
        "end": 1,
    }
    assert figures.change["unengaged"][START].count == 1


def test_who_sees_some_contacts_only_is_told_of_these_and_of_nobody_erased() -> None:
    mine, others = factories.contact(now=NOW - DAY * 100), [factories.contact(now=NOW - DAY * 99) for _ in range(2)]
    for person in (mine, *others):
        factories.visit(person, at=NOW - DAY)
    erase_contact(others[1], now=NOW, by="x")
    figures = numbers(90, mask=BitMap([mine.pk]), step="day")
    assert (figures.all["engaged"].count, figures.all[ALL].count, figures.curve[-1].there) == (1, 1, 1)
    assert (figures.change["engaged"][GONE].count, figures.unknown, figures.passed) == (0, 0, 0)
    assert numbers(90).change["engaged"][GONE].count == 1


def test_who_came_and_was_erased_meanwhile_is_told_beside() -> None:
    person = factories.contact(now=NOW - DAY * 5)
    erase_contact(person, now=NOW - DAY, by="x")
    figures = numbers(90, population=ALL)
    assert figures.passed == 1
    assert all(cell.count == 0 for state in STATES for cell in figures.change[state].values())
