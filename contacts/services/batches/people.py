"""The contacts that a batch names: found by every name at once, and held until it is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from json import loads
from typing import Any

from django.db import connection
from pyroaring import BitMap

from contacts.erasing.names import KINDS, erased
from contacts.hooks import AgainError
from contacts.id_sets import id_array
from contacts.models import Status
from contacts.services.batches.reading import Drafts
from contacts.services.contacts import FIELDS
from contacts.sight import sees
from users.models import User

NAMES = ("id", "external_id", "email")
UNIQUE = ("email", "external_id")  # those of them that are fields
DEFAULTS = (
    dict.fromkeys(FIELDS, "")
    | dict.fromkeys(("email", "phone", "external_id"))
    | {
        "status": Status.SUBSCRIBED.value,
        "lead_score": 0,
    }
)
BEARING = """
SELECT id FROM contacts_contact WHERE id = ANY (%(ids)s::int[])
UNION SELECT id FROM contacts_contact WHERE email = ANY (%(emails)s)
UNION SELECT id FROM contacts_contact WHERE external_id = ANY (%(external_ids)s)
"""
CALLED = """
SELECT kind, value, contact_id FROM contacts_contactalias
WHERE kind = 'id' AND value = ANY (%(texts)s) OR kind = 'email' AND value = ANY (%(emails)s)
    OR kind = 'external_id' AND value = ANY (%(external_ids)s)
"""
COLUMNS = ", ".join(FIELDS)
# Others may write facts of them meanwhile, and no batch anything. In the order of ids, so that none waits in a ring.
LOCK = f"""
SELECT id, attributes::text, updated_at, {COLUMNS} FROM contacts_contact
WHERE id = ANY (%s::int[]) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 (our own names)


@dataclass(eq=False, slots=True)
class Person:
    """A contact as it will be. `pk` 0: it is new, and has none yet."""

    pk: int
    own: dict[str, Any]
    attributes: dict[str, Any]
    updated_at: datetime
    seen: bool = True
    new: bool = False
    changed: bool = False
    former: dict[str, Any] = field(default_factory=dict)  # the e-mail and external id it has in the table

    @property
    def state(self) -> dict[str, Any]:
        """As `state_of` says it of a contact."""
        return {**self.own, **{f"attributes.{key}": value for key, value in self.attributes.items()}}

    def __str__(self) -> str:
        own = self.own
        return f"{own['first_name']} {own['last_name']}".strip() or own["email"] or own["phone"] or f"#{self.pk}"


@dataclass
class People:
    """Whoever bears or has borne a name that the batch gives, by these names; then those made of it."""

    by_id: dict[int, Person]
    bearing: dict[tuple[str, Any], Person]
    aliases: dict[tuple[str, Any], Person]
    erased: dict[tuple[str, str], datetime]  # when whoever was called so was erased

    def named(self, way: str, value: Any) -> tuple[Person | None, bool]:
        """Whom a name leads to, and whether it does so by a merge."""
        person = self.by_id.get(value) if way == "id" else self.bearing.get((way, value))
        if person is not None:
            return person, False
        return self.aliases.get((way, value)), True


def found_people(drafts: Drafts, *, now: datetime, user: User | None) -> People:
    """The contacts, locked, and before them the labels that are to be put on.

    Raises: AgainError, when one of them has gone in between.
    """
    names = names_in(drafts)
    with connection.cursor() as cursor:
        cursor.execute(BEARING, names)
        ids = {pk for (pk,) in cursor.fetchall()}
        cursor.execute(CALLED, names)
        called = cursor.fetchall()
    ids |= {pk for _kind, _value, pk in called}
    drafts.hold_labels(now=now)
    mask = sees(user)
    by_id = locked(ids, mask) if ids else {}
    if len(by_id) < len(ids):
        raise AgainError
    aliases = {(kind, int(value) if kind == "id" else value): by_id[pk] for kind, value, pk in called}
    bearing = {(way, value): each for each in by_id.values() for way in UNIQUE if (value := each.own[way]) is not None}
    return People(by_id, bearing, aliases, erased(taken(drafts, bearing)))


def names_in(drafts: Drafts) -> dict[str, Any]:
    """Every name that the batch gives, also those in fields that contacts are not found by: they may be taken."""
    found: Mapping[str, set[Any]] = {way: set() for way in NAMES}
    for draft in drafts.each:
        for way in NAMES:
            if (value := draft.name(way)) is not None:
                found[way].add(value)
    return {
        "ids": id_array(found["id"]),
        "texts": [str(pk) for pk in found["id"]],
        "emails": list(found["email"]),
        "external_ids": list(found["external_id"]),
    }


def taken(drafts: Drafts, bearing: Mapping[tuple[str, Any], Person]) -> set[tuple[str, str]]:
    """The e-mails, phones and external ids that the batch brings in: no contact found bears them."""
    given = {(kind, value) for draft in drafts.each for kind in KINDS if (value := draft.fields.get(kind))}
    return given - bearing.keys()


def locked(ids: Iterable[int], mask: BitMap | None) -> dict[int, Person]:
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [id_array(ids)])
        rows = cursor.fetchall()
    found = {}
    for pk, attributes, updated_at, *values in rows:
        own = dict(zip(FIELDS, values, strict=True))
        former = {way: own[way] for way in UNIQUE}
        found[pk] = Person(pk, own, loads(attributes), updated_at, seen=mask is None or pk in mask, former=former)
    return found
