"""Ready-made segments: a gallery of starting points, each with the number of contacts it would have now."""

from dataclasses import dataclass, field
from datetime import datetime

from django.http import Http404, HttpResponse
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_safe
from pyroaring import BitMap

from config.pages import page
from config.requests import Request
from contacts.folding import folded
from contacts.sight import sight
from segmentation import hooks
from segmentation.criteria import Catalog, Context, CriteriaError, parse
from segmentation.engine import evaluate, snapshot
from segmentation.templates import GROUPS, Template, TemplateGroup

LONGEST = 200


@dataclass(frozen=True)
class Card:
    """A starting point as an account would have it. `count`: contacts now, where they were counted."""

    template: Template
    count: int | None = None

    @property
    def ready(self) -> bool:
        """Whether nothing has to be filled in first, so that there is a number."""
        return not self.template.blanks


@dataclass(frozen=True)
class Shelf:
    """The cards of a group. `at`: when they were counted."""

    group: TemplateGroup
    cards: list[Card]
    at: datetime | None = None
    guides: list[hooks.Guide] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.cards) + len(self.guides)

    @property
    def countable(self) -> bool:
        return any(card.ready for card in self.cards)


@require_safe
def templates(request: Request) -> HttpResponse:
    """The gallery, all of it or what the search leaves; the numbers come after the page."""
    text = text_in(request)
    catalog = Catalog()
    shelves = [shelf for group in GROUPS if (shelf := shelf_of(group, catalog, text)).size]
    context = {"shelves": shelves, "q": text, "found": sum(shelf.size for shelf in shelves)}
    return page(request, "segmentation/templates.html", context, part="gallery")


@require_safe
def counts(request: Request, key: str) -> HttpResponse:
    """How many contacts each of a group would have now, in one snapshot of the data."""
    group = next((group for group in GROUPS if group.key == key), None)
    if group is None:
        raise Http404(f"no ready-made criteria about {key}")
    shelf = counted(group, text_in(request), now=request.now, mask=sight(request))
    return page(request, "segmentation/templates.html", {"shelves": [shelf], "found": len(shelf.cards)}, part="counts")


def text_in(request: Request) -> str:
    """What is searched for."""
    return request.GET.get("q", "").replace("\x00", "")[:LONGEST]


def shelf_of(group: TemplateGroup, catalog: Catalog, text: str = "") -> Shelf:
    """The group's cards whose name or explanation holds all words of `text`."""
    words = folded(text).split()
    held = folded(str(group.name))

    def fits(said: str) -> bool:
        return all(word in f"{held} {folded(said)}" for word in words)

    cards = [Card(one.fitted(catalog)) for one in group.templates if fits(f"{one.name} {one.help}")]
    offered = [guide for guide in hooks.guides if guide.group == group.key and guide.offered()]
    return Shelf(group, cards, guides=[guide for guide in offered if fits(f"{guide.name} {guide.text}")])


def counted(group: TemplateGroup, text: str, *, now: datetime, mask: BitMap | None) -> Shelf:
    """The group's cards that fit the search, with their numbers; what cannot be counted as it is has none."""
    with snapshot():
        context = Context(now=now, zone=get_current_timezone(), mask=mask)
        cards = [Card(card.template, count_of(card, context)) for card in shelf_of(group, context.catalog, text).cards]
    return Shelf(group, cards, at=now)


def count_of(card: Card, context: Context) -> int | None:
    if not card.ready:
        return None
    try:
        return evaluate(parse(card.template.criteria), context=context).count
    except CriteriaError:  # a built-in type of activities can have been changed by the account
        return None
