"""Whose facts they are: finding the contacts that a batch names, and keeping them until it is written."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from pyroaring import BitMap

from activities.services.errors import Complaints
from activities.services.values import text
from contacts.aliases import now_called
from contacts.id_sets import id_array

Named = tuple[str, int | str]  # ("email", "ala@example.com")
WAYS = ("id", "email", "external_id")
LARGEST = 2**31 - 1


def named(raw: Any) -> Named:
    """`{"id": 7}`, `{"email": "…"}` or `{"external_id": "…"}`. Raises: ValidationError."""
    if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in WAYS:
        raise ValidationError(
            _('Name the contact by one of id, email and external_id: {"email": "ala@example.com"}.'), code="contact"
        )
    way, value = next(iter(raw.items()))
    if way == "id":
        if type(value) is not int:
            raise ValidationError(_("An id is a whole number."), code="contact")
        return way, value
    given = text(value, longest=254)
    if not given:
        raise ValidationError(_("This field is required."), code="required")
    return way, given.lower() if way == "email" else given


def keep(people: Sequence[Named | None], complaints: Complaints, *, sight: BitMap | None = None) -> list[int]:
    """The id of each contact named, all of them kept from being deleted until the transaction ends; of none, 0.

    sight: those whom the writer sees, None: everybody. The others are not there for them.

    One being deleted or merged is waited for; whoever was merged into another is that one. Locked in the order of ids,
    so that two batches cannot wait for each other.

    Raises: BatchError that names the items whose contact does not exist, or is gone meanwhile.
    """
    wanted: set[Named] = {one for one in people if one is not None}
    ids: dict[Named | None, int] = {one: one[1] for one in wanted if isinstance(one[1], int) and 0 < one[1] <= LARGEST}
    ids.update(bearing(wanted))
    kept = locked(ids.values())
    if missing := [one for one in wanted if ids.get(one) not in kept]:  # merged, before or just now; or there is none
        ids.update(now_those(missing))
        kept |= locked(ids[one] for one in missing if one in ids)
    if sight is not None:
        kept = {pk for pk in kept if pk in sight}
    for item, one in enumerate(people):
        if one is not None and ids.get(one) not in kept:
            complaints.add(item, f"contact.{one[0]}", _("There is no such contact."), "no_contact")
    complaints.finish()
    return [ids.get(one, 0) for one in people]


def bearing(wanted: Iterable[Named]) -> dict[Named | None, int]:
    """The contacts that bear these addresses and external ids."""
    found: dict[Named | None, int] = {}
    with connection.cursor() as cursor:
        for way in ("email", "external_id"):
            values = [one[1] for one in wanted if one[0] == way]
            if values:
                cursor.execute(f"SELECT {way}, id FROM contacts_contact WHERE {way} = ANY (%s)", [values])  # noqa: S608
                found.update({(way, value): pk for value, pk in cursor.fetchall()})
    return found


def locked(ids: Iterable[int]) -> set[int]:
    """Those of the contacts that there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM contacts_contact WHERE id = ANY (%s::int[]) ORDER BY id FOR KEY SHARE", [id_array(set(ids))]
        )
        return {pk for (pk,) in cursor.fetchall()}


def now_those(missing: Collection[Named]) -> dict[Named | None, int]:
    """Of contacts that are not found, those that were merged: the contact that was called so, or is by now."""
    by_way: dict[str, dict[str, Named]] = {}
    for one in missing:
        if not isinstance(one[1], int) or abs(one[1]) <= LARGEST:  # a longer id nobody has, and str() may refuse it
            by_way.setdefault(one[0], {})[str(one[1])] = one
    found: dict[Named | None, int] = {
        named_so[value]: pk for way, named_so in by_way.items() for value, pk in now_called(way, named_so).items()
    }
    return found | bearing(missing)
