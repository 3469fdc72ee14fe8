"""Whose facts they are: finding the contacts that a batch names, and keeping them until it is written."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from activities.services.errors import Complaints
from activities.services.values import text
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


def keep(people: Sequence[Named | None], complaints: Complaints) -> list[int]:
    """The id of each contact named, all of them kept from being deleted until the transaction ends.

    One being deleted is waited for. Locked in the order of ids, so that two batches cannot wait for each other.

    Raises: BatchError that names the items whose contact does not exist, or is gone meanwhile.
    """
    wanted = set(people) - {None}
    ids: dict[Named | None, int] = {
        one: one[1] for one in wanted if one and isinstance(one[1], int) and 0 < one[1] <= LARGEST
    }
    with connection.cursor() as cursor:
        for way in ("email", "external_id"):
            values = [one[1] for one in wanted if one and one[0] == way]
            if values:
                column = "email" if way == "email" else "external_id"
                cursor.execute(f"SELECT {column}, id FROM contacts_contact WHERE {column} = ANY (%s)", [values])  # noqa: S608
                ids.update({(way, value): pk for value, pk in cursor.fetchall()})
        cursor.execute(
            "SELECT id FROM contacts_contact WHERE id = ANY (%s::int[]) ORDER BY id FOR KEY SHARE",
            [id_array(set(ids.values()))],
        )
        kept = {pk for (pk,) in cursor.fetchall()}
    for item, one in enumerate(people):
        if one is not None and ids.get(one) not in kept:
            complaints.add(item, f"contact.{one[0]}", _("There is no such contact."), "no_contact")
    complaints.finish()
    return [ids[one] for one in people]
