"""How many of the contacts that somebody sees have each label.

The numbers kept with tags and categories (`tags.counting`) are of all contacts. Who sees some of them only is shown
these instead, counted at the moment of asking: they equal the lists that the numbers lead to.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import bitmap
from tags.counting import members_by_category, with_below
from tags.hooks import Kind
from tags.models import Category, Tag

Holders = Callable[[Kind, Sequence[int]], dict[int, BitMap]]  # the contacts of each label, by its id


def read(kind: Kind, labels: Sequence[int]) -> dict[int, BitMap]:
    """The contacts of each label, from its rows."""
    if kind == "category":
        return members_by_category(list(labels))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tag_id, string_agg(int4send(contact_id), '') FROM tags_contacttag"
            " WHERE tag_id = ANY(%s) GROUP BY tag_id",
            [list(labels)],
        )
        return {label: bitmap(packed) for label, packed in cursor.fetchall()}


_holders: list[Holders] = [read]


def register_holders(holders: Holders) -> None:
    """A faster way to the same sets."""
    _holders[:] = [holders]


def holders_of(kind: Kind, labels: Sequence[int]) -> dict[int, BitMap]:
    """The contacts exactly with each label. A label that nobody has may be missing."""
    return _holders[0](kind, labels) if labels else {}


def see_tags(tags: Iterable[Tag], mask: BitMap | None, *, now: datetime) -> None:
    """Put the reader's own number on each of these rows, for showing; nothing is written. `mask` None: they stay."""
    if mask is None:
        return
    rows = list(tags)
    found = holders_of("tag", [tag.pk for tag in rows])
    for tag in rows:
        tag.contacts_count = found.get(tag.pk, BitMap()).intersection_cardinality(mask)
        tag.counted_at = now


def tags_by_size(tags: Iterable[Tag], mask: BitMap, *, now: datetime, down: bool) -> list[Tag]:
    """These tags with the reader's numbers, in their order: that of all contacts' numbers would tell of others."""
    rows = list(tags)
    see_tags(rows, mask, now=now)
    return sorted(rows, key=lambda tag: ((-1 if down else 1) * (tag.contacts_count or 0), tag.name))


def see_categories(categories: Iterable[Category], mask: BitMap | None, *, now: datetime) -> None:
    """Put the reader's own numbers on these rows, for showing; of each, all that lie below it must be among them."""
    if mask is None:
        return
    rows = list(categories)
    found = holders_of("category", [category.pk for category in rows])
    own = {category.pk: found.get(category.pk, BitMap()) & mask for category in rows}
    within = with_below(rows, own)
    for category in rows:
        category.contacts_count, category.subtree_count = len(own[category.pk]), len(within[category.pk])
        category.counted_at = now
