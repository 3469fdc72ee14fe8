"""A contact's labels, for the archive that is handed over."""

from collections.abc import Iterator

from contacts.handing_over import Part, Row
from contacts.models import Contact
from tags.models import ContactCategory, ContactTag
from tags.tree import readable_paths


def tags(contact: Contact) -> Iterator[Row]:
    for link in ContactTag.objects.filter(contact=contact).select_related("tag").order_by("assigned_at", "tag_id"):
        yield {"tag": link.tag.name, "since": link.assigned_at}


def categories(contact: Contact) -> Iterator[Row]:
    links = list(ContactCategory.objects.filter(contact=contact).order_by("assigned_at", "category_id"))
    paths = readable_paths([link.category_id for link in links])
    for link in links:
        yield {"category": paths[link.category_id], "since": link.assigned_at}


PARTS = [Part("tags", ("tag", "since"), tags), Part("categories", ("category", "since"), categories)]
