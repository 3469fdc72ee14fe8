"""Labels in the box that finds things."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.find import Findings, Found
from config.templatetags.numbers import number
from contacts.folding import folded
from tags.models import Tag
from tags.normalising import parts
from tags.selectors import tags
from tags.tree import branches

MOST = 8


def find_tags(_request: HttpRequest, text: str) -> Findings:
    """Tags whose name holds the text, normalised; the most used first. The page of tags lists them all."""
    matches = tags(text=text, sort="-contacts_count") if parts(text) else Tag.objects.none()
    manager = reverse("contacts:manager")
    found = [
        Found(tag.name, f"{manager}?tag={tag.pk}", detail=size(tag.contacts_count), icon="tag")
        for tag in matches[:MOST]
    ]
    url = f"{reverse('tags:tags')}?{urlencode({'q': text})}"
    return Findings(_("Tags"), found, total=matches.count() if len(found) == MOST else len(found), url=url)


def find_categories(_request: HttpRequest, text: str) -> Findings:
    """Categories whose own name holds the text. Their page is one tree and has no search."""
    wanted = folded(text.strip())
    fitting = [branch for branch in branches() if wanted in folded(branch.name)]
    manager = reverse("contacts:manager")
    found = [
        Found(
            branch.title,
            f"{manager}?category={branch.pk}",
            detail=size(branch.category.subtree_count),
            icon="folder",
        )
        for branch in fitting[:MOST]
    ]
    return Findings(_("Categories"), found, total=len(fitting), url=reverse("tags:categories"))


def size(contacts: int | None) -> str:
    """The number of contacts in words; nothing while it has not been counted."""
    if contacts is None:
        return ""
    return ngettext("%(number)s contact", "%(number)s contacts", contacts) % {"number": number(contacts)}
