"""Labels in the box that finds things."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.find import Findings, Found
from config.requests import Request
from config.templatetags.numbers import number
from contacts.folding import folded
from contacts.sight import sight
from tags.models import Tag
from tags.normalising import parts
from tags.seeing import see_categories, see_tags
from tags.selectors import tags
from tags.tree import branches

MOST = 8


def find_tags(request: Request, text: str) -> Findings:
    """Tags whose name holds the text, normalised; the most used first. The page of tags lists them all.

    For who sees some contacts only in the order of their names: how much others use them is not told.
    """
    mask = sight(request)
    sort = "-contacts_count" if mask is None else "name"
    matches = tags(text=text, sort=sort) if parts(text) else Tag.objects.none()
    shown = list(matches[:MOST])
    see_tags(shown, mask, now=request.now)
    manager = reverse("contacts:manager")
    found = [Found(tag.name, f"{manager}?tag={tag.pk}", detail=size(tag.contacts_count), icon="tag") for tag in shown]
    url = f"{reverse('tags:tags')}?{urlencode({'q': text})}"
    return Findings(_("Tags"), found, total=matches.count() if len(found) == MOST else len(found), url=url)


def find_categories(request: Request, text: str) -> Findings:
    """Categories whose own name holds the text. Their page is one tree and has no search."""
    wanted = folded(text.strip())
    tree = branches()
    fitting = [branch for branch in tree if wanted in folded(branch.name)]
    if fitting:
        see_categories([branch.category for branch in tree], sight(request), now=request.now)
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
