"""A small account full of edges, the same every time: in the database, and as the oracle's plain people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from contacts.models import Attribute, Consent, Contact, ContactConsent, Status
from segmentation.models import Calculation, SavedCriteria, Segment, UploadedList, Version
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests import population_behaviour, population_orders
from tests.oracle import Person, World

# Instants around which something happens: a night in which the clock skips or repeats an hour, New Year, leap days.
NOWS = [
    datetime(2026, 11, 21, 14, 3, 22, 123456, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    datetime(2027, 2, 28, 8, 0, tzinfo=UTC),
    datetime(2027, 3, 31, 21, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 4, 23, 22, 0, tzinfo=UTC),  # in Cairo: midnight itself does not exist on the 24th
]
ZONES = [
    ZoneInfo(name)
    for name in ("Europe/Warsaw", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati", "Africa/Cairo", "UTC")
]
TEXTS = [
    "Warszawa",
    "WARSZAWA",
    "warszawa ",
    "Łódź",
    "łódź",
    "ŁÓDŹ",
    "Straße",
    "STRASSE",
    "İstanbul",
    "istanbul",
    "Isparta",
    "ısparta",
    "100%",
    "100_",
    "a\\b",
    "Ὀδυσσεύς",
    "ǅ",
    "Ζεύς",
    "Ça va",
    "x" * 120,
    "Kraków",
    "ﬁn",
    "FIN",
    " ",
]
NUMBERS = [0, -1, 5, 20, 20.5, 21, 0.1, 0.2, 0.3, -0.3, 123456789012345, 1e-7, 1000.25, 2147483648]
OPTIONS = ["pro", "Pro", "free", "trial ą"]
DATES = [
    "2000-02-29",
    "1996-02-29",
    "1990-02-28",
    "1985-03-01",
    "1970-12-31",
    "1971-01-01",
    "2026-11-21",
    "2026-11-20",
    "2026-10-22",
    "2026-10-21",
    "2028-02-29",
    "2027-03-31",
    "1899-12-31",
    "2026-12-31",
    "2027-01-01",
    "2026-03-29",
    "2027-02-28",
    "1950-06-15",
]
TAGS = ["VIP", "KLIENT STALY", "PROMO_2026", "A-B"]
CATEGORIES = ["klient", "klient/media", "klient/media/tv", "klient/prasa", "klienta", "inne"]
CONSENTS = ["newsletter", "sms"]
ATTRIBUTES = {
    "city": "text",
    "visits": "number",
    "member": "boolean",
    "birthday": "date",
    "seen": "datetime",
    "plan": "choice",
    "likes": "choices",
}
SIZE = 90


def moments() -> list[datetime]:
    """Instants on both sides of every edge that windows have around NOWS."""
    found = []
    for now in NOWS:
        for zone in ZONES:
            midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
            found += [midnight.astimezone(UTC), midnight.astimezone(UTC) - timedelta(microseconds=1)]
            found += [(midnight - timedelta(days=days)).astimezone(UTC) for days in (1, 6, 29, 30, 31)]
        found += [now, now - timedelta(hours=24), now - timedelta(hours=24, microseconds=1), now + timedelta(hours=24)]
        found += [now + timedelta(days=days) for days in (-400, -3, 1, 7, 31)]
    return found


def people(seed: int) -> list[Person]:
    """The same people for the same seed. About a third of all values are missing."""
    random = Random(seed)
    instants = moments()

    def some(values: list[Any], *, missing: Any = None) -> Any:
        return missing if random.random() < 0.33 else random.choice(values)

    def labels(names: list[str]) -> dict[str, datetime]:
        return {name: random.choice(instants) for name in names if random.random() < 0.35}

    def person(number: int) -> Person:
        seen = some(instants)
        values = {
            "city": some(TEXTS),
            "visits": some(NUMBERS),
            "member": some([True, False]),
            "birthday": some(DATES),
            "seen": seen and seen.replace(microsecond=0).isoformat(),
            "plan": some(OPTIONS),
            "likes": some([["free", "pro"], ["Pro"], ["Pro", "free", "pro"]]),
        }
        return Person(
            number,
            {
                "id": number,
                "email": some([f"osoba{number}@example.com", f"o.{number}@poczta.example"]),
                "phone": some([f"+4850000{number:04}"]),
                "first_name": some(TEXTS, missing=""),
                "last_name": some(TEXTS, missing=""),
                "status": random.choice(Status.values),
                "lead_score": random.choice([-5, 0, 19, 20, 21, 100, 2147483647]),
                "source": some(["sklep", "Sklep", "import"], missing=""),
                "created_at": random.choice(instants),
            },
            {key: value for key, value in values.items() if value is not None},
            labels(TAGS),
            labels(CATEGORIES),
            {name: (random.choice(["given", "withdrawn"]), at) for name, at in labels(CONSENTS).items()},
        )

    found = [person(number) for number in range(1, SIZE + 1)]
    population_behaviour.draw(found, random)
    population_orders.draw(found, random)
    return found


def settle(found: list[Person]) -> World:
    """Put people into the database and return the oracle's world of them; ids are the database's own."""
    _define()
    contacts = Contact.objects.bulk_create(
        Contact(
            **{name: value for name, value in person.fields.items() if name != "id"},
            attributes=person.attributes,
            updated_at=NOWS[0],
        )
        for person in found
    )
    settled = [
        replace(person, id=contact.pk, fields={**person.fields, "id": contact.pk})
        for person, contact in zip(found, contacts, strict=True)
    ]
    _label(settled)
    world = World(settled, ATTRIBUTES, NOWS[0], ZONES[0])
    population_behaviour.settle(world)
    population_orders.settle(world)
    _refer(world)
    return world


def _define() -> None:
    for key, kind in ATTRIBUTES.items():
        options = sorted(OPTIONS) if kind.startswith("choice") else []
        Attribute.objects.create(key=key, name=key.title(), type=kind, options=options)
    for name in TAGS:
        Tag.objects.create(name=name)
    for path in CATEGORIES:
        above, _slash, name = path.rpartition("/")
        fields = {"name": name.title(), "slug_path": path}
        if above:
            Category.objects.add_child(Category.objects.get(slug_path=above), fields)
        else:
            Category.objects.add_root(fields)
    for key in CONSENTS:
        Consent.objects.create(key=key, name_en=f"{key} consent", name_pl=f"zgoda {key}")


def _label(settled: list[Person]) -> None:
    tags = dict(Tag.objects.values_list("name", "id"))
    categories = dict(Category.objects.values_list("slug_path", "id"))
    consents = dict(Consent.objects.values_list("key", "id"))
    for person in settled:
        for name, at in person.tags.items():
            ContactTag.objects.create(tag_id=tags[name], contact_id=person.id, assigned_at=at)
        for path, at in person.categories.items():
            ContactCategory.objects.create(category_id=categories[path], contact_id=person.id, assigned_at=at)
        for key, (state, at) in person.consents.items():
            ContactConsent.objects.create(
                consent_id=consents[key],
                contact_id=person.id,
                state=state,
                changed_at=at,
                source="test",
                wording_version=1,
            )


def _refer(world: World) -> None:
    """Two segments, saved criteria that lead on, and a file that names a contact there is not."""
    ids = sorted(person.id for person in world.people)
    first = {"kind": "field", "field": "lead_score", "op": "gt", "value": 19}
    second: Any = {
        "any": [
            {"kind": "segment", "segment": 0, "op": "in", "at": "now"},
            {"kind": "tag", "op": "all", "tags": ["VIP"]},
        ]
    }
    one = make_segment("first", first, members=ids[::2])
    second["any"][0]["segment"] = one.pk
    two = make_segment("second", second, members=[*ids[::3], 999_999])
    criteria = {"not": {"kind": "segment", "segment": two.pk, "op": "in", "at": "now"}}
    saved = SavedCriteria.objects.create(name="saved", criteria=criteria, created_at=world.now, updated_at=world.now)
    file = make_file("list.csv", [*ids[::5], 999_999])
    world.segments = {one.pk: (set(ids[::2]), first), two.pk: (set(ids[::3]), second)}
    world.saved = {saved.pk: criteria}
    world.files = {file.pk: set(ids[::5])}


def make_segment(name: str, criteria: Any, *, members: list[int] | None = None, now: datetime = NOWS[0]) -> Segment:
    """A segment; with `members` it has been calculated."""
    segment = Segment.objects.create(name=name, created_at=now)
    segment.version = Version.objects.create(segment=segment, number=1, criteria=criteria, created_at=now)
    if members is not None:
        segment.latest = Calculation.objects.create(
            segment=segment,
            version=segment.version,
            reason="created",
            state="done",
            requested_at=now,
            finished_at=now,
            as_of=now,
            members=BitMap(members).serialize(),
            count=len(members),
            joined_count=len(members),
            left_count=0,
        )
    segment.save()
    return segment


def make_file(name: str, members: list[int]) -> UploadedList:
    return UploadedList.objects.create(name=name, key="id", matched=BitMap(members).serialize(), created_at=NOWS[0])
