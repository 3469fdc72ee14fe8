"""What the contact manager and a contact's page show of labels."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.requests import Request
from contacts.manager import Belonging, Column, Panel
from contacts.models import Contact
from tags.models import ContactCategory, ContactTag, Tag
from tags.pickers import allowed_to
from tags.tree import branches


def tags_panel(_request: Request, contact: Contact) -> dict[str, Any]:
    """The contact's tags, in the order of their names, with the time each was put on."""
    return {"links": ContactTag.objects.filter(contact=contact).select_related("tag").order_by("tag__name")}


def categories_panel(request: Request, contact: Contact) -> dict[str, Any]:
    """The contact's categories, and those that the user may put it in and take it out of."""
    taken = set(ContactCategory.objects.filter(contact=contact).values_list("category_id", flat=True))
    tree, allowed = branches(), allowed_to(request.user)
    return {
        "inside": [(branch, allowed is None or branch.pk in allowed) for branch in tree if branch.pk in taken],
        "tree": [branch for branch in tree if allowed is None or branch.pk in allowed],
        "taken": taken,
    }


def tags_of(_request: Request, ids: list[int]) -> dict[int, list[Tag]]:
    """Of each contact on a page of the manager, its tags. One query."""
    found: dict[int, list[Tag]] = {}
    for link in ContactTag.objects.filter(contact_id__in=ids).select_related("tag").order_by("tag__name"):
        found.setdefault(link.contact_id, []).append(link.tag)
    return found


@dataclass(frozen=True)
class Inside:
    """A category that a contact is in: its name, and with those above it."""

    name: str
    title: str


def categories_of(_request: Request, ids: list[int]) -> dict[int, list[Inside]]:
    """Of each contact on a page of the manager, its categories in the order of the tree. Two queries."""
    inside: dict[int, set[int]] = {}
    for pk, category in ContactCategory.objects.filter(contact_id__in=ids).values_list("contact_id", "category_id"):
        inside.setdefault(pk, set()).add(category)
    tree = branches() if inside else []
    return {pk: [Inside(each.name, each.title) for each in tree if each.pk in taken] for pk, taken in inside.items()}


def belongings(_request: Request, contact: Contact) -> list[Belonging]:
    """What is taken off a contact that is deleted."""
    return [
        Belonging(_("Tags"), ContactTag.objects.filter(contact=contact).count()),
        Belonging(_("Categories"), ContactCategory.objects.filter(contact=contact).count()),
    ]


COLUMN = Column(
    name="tags", label=_("Tags"), template="tags/_cell.html", values=tags_of, group=_("Labels"), begins=True
)
CATEGORIES_COLUMN = Column(
    name="categories", label=_("Categories"), template="tags/_cell.html", values=categories_of, group=_("Labels")
)
TAGS = Panel(name="tags", template="tags/_tags_panel.html", context=tags_panel, order=10)
CATEGORIES = Panel(name="categories", template="tags/_categories_panel.html", context=categories_panel, order=20)
