"""What can be chosen to look at over time: segments, tags and categories by name, a few of each."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, ExpressionWrapper
from django.utils.translation import gettext as _

from segmentation.selectors import ARCHIVE, segments, standing
from tags.models import Category, Tag
from tags.normalising import parts
from tags.selectors import tags
from tags.tree import readable_paths

MOST = 15  # of a kind


@dataclass(frozen=True)
class Choice:
    token: str
    name: str
    archived: bool = False


@dataclass(frozen=True)
class Kind:
    """The choices of one kind; `more`: there are others, which a search finds."""

    name: str
    icon: str
    choices: list[Choice]
    more: bool


def choices(query: str, *, now: datetime) -> list[Kind]:
    """In the order of names; those whose name holds the query. Four queries."""
    text = query.strip()[:120].replace("\0", "")
    called = (
        segments()
        .annotate(archived=ExpressionWrapper(standing(now)[ARCHIVE], BooleanField()))
        .filter(name__icontains=text)
        .order_by("name")
    )
    found = tags(text=text, sort="name") if parts(text) or not text else Tag.objects.none()
    categories = Category.objects.order_by("path").filter(name__icontains=text)
    named = list(called.values_list("pk", "name", "archived")[: MOST + 1])
    marks = list(found.values_list("pk", "name")[: MOST + 1])
    places = list(categories.values_list("pk", flat=True)[: MOST + 1])
    paths = readable_paths(places)
    return [
        kind(_("Segments"), "layers", [Choice(f"segment.{pk}", name, old) for pk, name, old in named]),
        kind(_("Tags"), "tag", [Choice(f"tag.{pk}", name) for pk, name in marks]),
        kind(_("Categories"), "folder", [Choice(f"category.{pk}", paths[pk]) for pk in places]),
    ]


def kind(name: str, icon: str, found: list[Choice]) -> Kind:
    return Kind(name, icon, found[:MOST], len(found) > MOST)
