"""A contact's labels, for the archive that is handed over: those it has, and those it once had."""

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import QuerySet

from contacts.handing_over import Part, Row
from contacts.models import Contact
from tags.models import ContactCategory, ContactTag, Past, PastCategory, PastTag
from tags.tree import readable_paths

AnyPast = TypeVar("AnyPast", bound=Past)


def tags(contact: Contact) -> Iterator[Row]:
    for link in ContactTag.objects.filter(contact=contact).select_related("tag").order_by("assigned_at", "tag_id"):
        yield {"tag": link.tag.name, "since": link.assigned_at}


def categories(contact: Contact) -> Iterator[Row]:
    links = list(ContactCategory.objects.filter(contact=contact).order_by("assigned_at", "category_id"))
    paths = readable_paths([link.category_id for link in links])
    for link in links:
        yield {"category": paths[link.category_id], "since": link.assigned_at}


def former_tags(contact: Contact) -> Iterator[Row]:
    for row in once(PastTag.objects.select_related("tag"), contact):
        yield from ({"tag": row.tag.name} | times for times in spells(row, contact))


def former_categories(contact: Contact) -> Iterator[Row]:
    rows = list(once(PastCategory.objects.all(), contact))
    paths = readable_paths([row.category_id for row in rows])
    for row in rows:
        yield from ({"category": paths[row.category_id]} | times for times in spells(row, contact))


def once(rows: QuerySet[AnyPast], contact: Contact) -> QuerySet[AnyPast]:
    """The notes that speak of the contact."""
    return rows.filter(span__contains=contact.pk, contacts__contains=[contact.pk]).order_by("removed_at", "pk")


def spells(row: Past, contact: Contact) -> Iterator[Row]:
    for who, since in zip(row.contacts, row.since, strict=True):
        if who == contact.pk:
            yield {"since": since, "until": row.removed_at}


PARTS = [
    Part("tags", ("tag", "since"), tags),
    Part("categories", ("category", "since"), categories),
    Part("former_tags", ("tag", "since", "until"), former_tags),
    Part("former_categories", ("category", "since", "until"), former_categories),
]
