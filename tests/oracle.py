"""The criteria language again, slow and obvious: one person at a time, in plain Python, without a database.

Shares no code with segmentation.criteria. What the two do not agree on is a bug in one of them, or in docs/criteria.md.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle_behaviour import BehaviourOracle
from tests.oracle_orders import OrdersOracle

ONE_DAY = timedelta(days=1)
FIELD_TYPES = {
    "id": "number",
    "email": "text",
    "phone": "text",
    "first_name": "text",
    "last_name": "text",
    "status": "choice",
    "lead_score": "number",
    "source": "text",
    "created_at": "datetime",
}


@dataclass
class Person:
    """A contact as plain values; `labels`: what -> name -> since when."""

    id: int
    fields: dict[str, Any]
    attributes: dict[str, Any]
    tags: dict[str, datetime] = field(default_factory=dict)
    categories: dict[str, datetime] = field(default_factory=dict)
    consents: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    activities: list[Any] = field(default_factory=list)  # as tests.oracle_behaviour has them
    visits: list[Any] = field(default_factory=list)
    orders: list[Any] = field(default_factory=list)  # as tests.oracle_orders has them


@dataclass
class World(BehaviourOracle, OrdersOracle):
    """Everything criteria can speak of, and the instant at which they do."""

    people: list[Person]
    attribute_types: dict[str, str]
    now: datetime
    zone: ZoneInfo
    segments: dict[int, tuple[set[int], Any]] = field(default_factory=dict)  # last members, criteria
    saved: dict[int, Any] = field(default_factory=dict)
    files: dict[int, set[int]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def members(self, tree: Any) -> set[int]:
        return {person.id for person in self.people if self.holds(tree, person)}

    def holds(self, tree: Any, person: Person) -> bool:
        if "all" in tree:
            return all(self.holds(one, person) for one in tree["all"])
        if "any" in tree:
            return any(self.holds(one, person) for one in tree["any"])
        if "not" in tree:
            return not self.holds(tree["not"], person)
        return bool(getattr(self, "holds_" + tree["kind"])(tree, person))

    def holds_field(self, c: Any, person: Person) -> bool:
        value = person.fields[c["field"]]
        return self.compare(FIELD_TYPES[c["field"]], None if value == "" else value, c["op"], c.get("value"))

    def holds_attribute(self, c: Any, person: Person) -> bool:
        key = c["attribute"]
        return self.compare(self.attribute_types[key], person.attributes.get(key), c["op"], c.get("value"))

    def holds_tag(self, c: Any, person: Person) -> bool:
        has = [name in person.tags and self.inside(person.tags[name], c.get("within")) for name in c["tags"]]
        return {"any": any(has), "all": all(has), "none": not any(has)}[c["op"]]

    def holds_category(self, c: Any, person: Person) -> bool:
        def has(wanted: str) -> bool:
            return any(
                (path == wanted or (not c.get("only_this_level") and path.startswith(wanted + "/")))
                and self.inside(since, c.get("within"))
                for path, since in person.categories.items()
            )

        found = [has(path) for path in c["categories"]]
        return {"any": any(found), "all": all(found), "none": not any(found)}[c["op"]]

    def holds_consent(self, c: Any, person: Person) -> bool:
        if c["consent"] not in person.consents:
            return c["state"] == "unknown"
        state, since = person.consents[c["consent"]]
        return state == c["state"] and self.inside(since, c.get("within"))

    def holds_segment(self, c: Any, person: Person) -> bool:
        members, criteria = self.segments[c["segment"]]
        is_in = person.id in members if c.get("at", "latest") == "latest" else self.holds(criteria, person)
        return is_in == (c["op"] == "in")

    def holds_saved(self, c: Any, person: Person) -> bool:
        return self.holds(self.saved[c["criteria"]], person)

    def holds_file(self, c: Any, person: Person) -> bool:
        return person.id in self.files[c["file"]]

    def holds_sample(self, c: Any, person: Person) -> bool:
        digest = hashlib.blake2b(unicodedata.normalize("NFC", c["salt"]).encode()).digest()
        x = (person.id * 0x9E3779B97F4A7C15 + int.from_bytes(digest[:8], "big")) % 2**64
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
        return (x ^ (x >> 31)) % 10_000 < Decimal(str(c["percent"])) * 100

    # --- values ---------------------------------------------------------------------------------------------------

    def compare(self, kind: str, value: Any, op: str, wanted: Any) -> bool:
        negative = {"ne": "eq", "not_in": "in", "not_contains": "contains", "none": "any", "is_not_set": "is_set"}
        if op in negative:
            return not self.compare(kind, value, negative[op], wanted)
        if value is None:
            return False
        if op == "is_set":
            return True
        holds = {
            "text": lambda: text_holds(fold(value), value, op, wanted),
            "number": lambda: number_holds(Decimal(str(value)), op, wanted),
            "boolean": lambda: value is (op == "is_true"),
            "choice": lambda: value == wanted if op == "eq" else value in wanted,
            "choices": lambda: {"any": any, "all": all}[op](one in value for one in wanted),
            "date": lambda: self.moment_holds(value, op, wanted),
            "datetime": lambda: self.moment_holds(value, op, wanted),
        }
        return bool(holds[kind]())

    def moment_holds(self, value: Any, op: str, wanted: Any) -> bool:
        if isinstance(value, str):
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        if op == "on":
            return self.day_of(value) == date.fromisoformat(wanted)
        if op == "before":
            return self.is_before(value, wanted)
        if op == "after":
            return self.is_after(value, wanted)
        if op == "between":
            return self.inside(value, wanted)
        if op in ("last", "next"):
            return self.inside(value, {op: wanted["n"], "unit": wanted["unit"]})
        if op == "ago":
            return self.day_of(value) == moved(self.today, -wanted["n"], wanted["unit"])
        return self.anniversary_holds(self.day_of(value), wanted)

    def day_of(self, value: Any) -> date:
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def is_before(self, value: Any, bound: str) -> bool:
        if "T" in bound:
            return self.instant(value) < self.instant(datetime.fromisoformat(bound))
        return self.day_of(value) < date.fromisoformat(bound)

    def is_after(self, value: Any, bound: str) -> bool:
        if "T" in bound:
            return self.instant(value) > self.instant(datetime.fromisoformat(bound))
        return self.day_of(value) > date.fromisoformat(bound)

    def instant(self, value: datetime) -> datetime:
        return (value if value.tzinfo else value.replace(tzinfo=self.zone)).astimezone(UTC)

    def inside(self, value: Any, window: Any) -> bool:
        if window is None:
            return True
        if "last" in window:
            if window["unit"] == "hour":
                return self.now - timedelta(hours=window["last"]) <= value <= self.now
            first = moved(self.today, -window["last"], window["unit"]) + ONE_DAY
            return first <= self.day_of(value) and (
                value <= self.now if isinstance(value, datetime) else value <= self.today
            )
        if "next" in window:
            if window["unit"] == "hour":
                return self.now <= value <= self.now + timedelta(hours=window["next"])
            last = moved(self.today, window["next"], window["unit"]) - ONE_DAY
            return self.day_of(value) <= last and (
                value >= self.now if isinstance(value, datetime) else value >= self.today
            )
        early = "from" in window and self.is_before(value, window["from"])
        late = "to" in window and self.is_after(value, window["to"])
        return not early and not late

    def anniversary_holds(self, born: date, wanted: Any) -> bool:
        days = [self.today + ONE_DAY * n for n in range(wanted.get("in_next", 1))]
        if "in_last" in wanted:
            days = [self.today - ONE_DAY * n for n in range(wanted["in_last"])]
        return any(kept_in(born, day.year) == day for day in days)


def kept_in(born: date, year: int) -> date:
    """When a birthday is kept in a year."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def moved(day: date, count: int, unit: str) -> date:
    """A day so many units away, by going there."""
    if unit == "day":
        return day + ONE_DAY * count
    if unit == "week":
        return day + ONE_DAY * 7 * count
    months = count * (12 if unit == "year" else 1)
    year, month = day.year, day.month
    for _step in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    number = day.day
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


def fold(value: str) -> str:
    return unicodedata.normalize("NFC", value).casefold()


def text_holds(folded: str, value: str, op: str, wanted: Any) -> bool:
    if op == "in":
        return folded in [fold(one) for one in wanted]
    if op == "matches":
        return re.search(wanted, value, re.IGNORECASE) is not None
    needle = fold(wanted)
    return {
        "eq": folded == needle,
        "contains": needle in folded,
        "starts_with": folded.startswith(needle),
        "ends_with": folded.endswith(needle),
    }[op]


def number_holds(value: Decimal, op: str, wanted: Any) -> bool:
    if op == "in":
        return value in [Decimal(str(one)) for one in wanted]
    if op == "between":
        return Decimal(str(wanted["from"])) <= value <= Decimal(str(wanted["to"]))
    bound = Decimal(str(wanted))
    return {
        "eq": value == bound,
        "lt": value < bound,
        "lte": value <= bound,
        "gt": value > bound,
        "gte": value >= bound,
    }[op]
