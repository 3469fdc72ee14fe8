"""Whose a row of facts is: the contacts that the cells name, as far as who imports sees them."""

from collections.abc import Iterable
from typing import Any

from pyroaring import BitMap

from activities.services.people import bearing, now_those
from activities.services.values import text
from contacts.models import Contact


def contacts_named(way: str, values: Iterable[Any], *, mask: BitMap | None) -> dict[Any, int]:
    """The contact that each value leads to, also by a merge. mask: those who are seen; None: all."""
    clean = {value: cleaned(way, value) for value in values}
    found: dict[Any, int]
    wanted = {(way, value) for value in clean.values()}
    if way == "id":
        ids = [value for value in clean.values() if isinstance(value, int)]
        found = {(way, pk): pk for pk in Contact.objects.filter(pk__in=ids).values_list("pk", flat=True)}
    else:
        found = dict(bearing(wanted))
    if missing := wanted - found.keys():
        found |= now_those(missing)
    return {
        value: found[way, name]
        for value, name in clean.items()
        if (way, name) in found and (mask is None or found[way, name] in mask)
    }


def cleaned(way: str, value: Any) -> Any:
    """As contacts bear it. What could be no name of anybody finds nobody."""
    if way == "id":
        return value if 0 < value < 2**31 else 0
    if not 0 < len(value) <= 254 or not value.isprintable():
        return ""
    given = text(value, longest=254)
    return given.lower() if way == "email" else given
