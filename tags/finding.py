"""Labels in the box that finds things."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.find import Found
from config.templatetags.numbers import number
from contacts.folding import folded
from tags.normalising import parts
from tags.selectors import suggested
from tags.tree import branches

MOST = 8


def find_tags(_request: HttpRequest, text: str) -> Iterator[Found]:
    """Tags whose name holds the text, normalised; the most used first."""
    if not parts(text):
        return
    for tag in suggested(text)[:MOST]:
        url = f"{reverse('contacts:manager')}?tag={tag.pk}"
        yield Found(tag.name, url, _("Tags"), detail=size(tag.contacts_count), icon="tag")


def find_categories(_request: HttpRequest, text: str) -> Iterator[Found]:
    """Categories whose own name holds the text."""
    wanted = folded(text.strip())
    fitting = [branch for branch in branches() if wanted in folded(branch.name)]
    for branch in fitting[:MOST]:
        url = f"{reverse('contacts:manager')}?category={branch.pk}"
        yield Found(branch.title, url, _("Categories"), detail=size(branch.category.subtree_count), icon="folder")


def size(contacts: int | None) -> str:
    """The number of contacts in words; nothing while it has not been counted."""
    if contacts is None:
        return ""
    return ngettext("%(number)s contact", "%(number)s contacts", contacts) % {"number": number(contacts)}
