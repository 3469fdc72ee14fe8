"""Up to 8 segments taken apart (SG6): their parts, and one part as it is picked."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe
from pyroaring import BitMap

from config.asked import page_number, problems_in
from config.downloads import as_csv, day, lines, refused, written
from config.pages import page
from config.requests import Request
from contacts.sight import sight, within
from insights.overlap import Measured, measured
from insights.part_sets import list_url
from insights.parts import ANY, MOST, Part, Way, bounded, criteria, listed, picked, taken_apart, union, words
from insights.shares import short_shares
from insights.views.matrix import offered
from insights.views.overlap_near import nearly_the_same
from segmentation.contact_sets import create_url, everyone, whole
from segmentation.models import Segment
from segmentation.selectors import archived
from users.access import signed_in, writers_only

PER_PAGE = 50  # parts
TEMPLATE = "insights/overlap.html"
WAYS = {"in": Way.IN, "out": Way.OUT, "any": Way.EITHER}
SORTS: dict[str, Any] = {"contacts": lambda part: part.count, "segments": lambda part: sum(part.inside)}
KEPT_NAMES = ("q", "near")


@dataclass(frozen=True)
class Chosen:
    """What the address names: segments by name, those not calculated yet, and what is wrong with it."""

    segments: list[Measured]
    waiting: list[Segment]
    problems: list[str]


@dataclass(frozen=True)
class Picked:
    """One part as it was asked for. bounded: of the calculations alone; else of all contacts there are now."""

    words: str
    count: int
    list_url: str
    create_url: str
    bounded: bool


@dataclass(frozen=True)
class Row:
    """A part in the table. share: of all who are in at least one segment."""

    part: Part
    share: str
    name: str
    words: str
    width: str
    list_url: str
    create_url: str


# --- the page ------------------------------------------------------------------------------------------------------
@require_safe
def overlap(request: Request) -> HttpResponse:
    """`?segment=1&segment=2…`: the parts; `part-1=in&part-2=out`: one of them, picked."""
    mask, sort = sight(request), request.GET.get("sort") or "-contacts"
    chosen = chosen_of(request, mask)
    text = "" if chosen.problems else request.GET.get("q", "")
    known = {one.segment: one for one in chosen.segments}
    others = offered(text, known | dict.fromkeys(one.pk for one in chosen.waiting), mask=mask)
    context: dict[str, Any] = {
        "q": text,
        "sort": sort,
        "problems": chosen.problems,
        "chosen": chosen.segments,
        "waiting": chosen.waiting,
        "offered": others,
        "archived": archived([*known, *(pk for pk, *_row in others)], now=request.now),
        "most": MOST,
        "restricted": mask is not None,
        "matrix_url": f"{reverse('insights:matrix')}?{urlencode([('segment', pk) for pk in known])}",
    }
    if not chosen.problems and len(chosen.segments) > 1:
        parts = taken_apart(chosen.segments)
        ways = ways_of(request.GET, chosen.segments, parts)
        context |= parts_of(request, chosen.segments, parts, sort)
        context["picked"] = picked_of(request, chosen.segments, ways)
        context["picks"] = list(zip(chosen.segments, ways, strict=True))
        context |= times_of(chosen.segments)
    if not request.htmx:
        context |= nearly_the_same(request, only_kept=True)
    return page(request, TEMPLATE, context, part="overlap", status=422 if chosen.problems else 200)


def chosen_of(request: Request, mask: BitMap | None) -> Chosen:
    """What is asked for. Unknown segments, or too many, are a problem; one not calculated yet is left out and told."""
    ids = list(dict.fromkeys(map(whole, request.GET.getlist("segment"))))
    found = measured(ids[:MOST], mask=mask)
    waiting = list(Segment.objects.filter(pk__in=[pk for pk in ids[:MOST] if pk not in found]))
    query = request.GET.copy()
    problems = []
    for name in [*query]:
        if name == "segment":
            query.pop(name)
        elif name.startswith("part-") and whole(name.removeprefix("part-")):
            values = query.pop(name)
            if len(values) > 1 or values[0] not in WAYS:
                problems.append(_("A part lies in a segment, outside of it, or either way."))
    problems += problems_in(query, texts=KEPT_NAMES, sorts=SORTS)
    if len(ids) > MOST:
        problems.append(_("At most %(most)s segments can be taken apart at once.") % {"most": MOST})
    elif len(found) + len(waiting) < len(ids):
        problems.append(_("One of these segments is not there (any more)."))
    return Chosen(list(found.values()), waiting, problems)


def ways_of(query: QueryDict, chosen: list[Measured], parts: list[Part]) -> str:
    """How the part that is picked lies to each; where nothing is said, as the largest of `parts` that fit."""
    asked = [WAYS.get(query.get(f"part-{one.segment}", "")) for one in chosen]
    fitting = (
        part.ways
        for part in parts
        if all(way in (None, Way.EITHER, own) for way, own in zip(asked, part.ways, strict=True))
    )
    largest = next(fitting, Way.EITHER * len(chosen))
    return "".join(way or own for way, own in zip(asked, largest, strict=True))


def parts_of(request: Request, chosen: list[Measured], parts: list[Part], sort: str) -> dict[str, Any]:
    together, largest = sum(part.count for part in parts), max((part.count for part in parts), default=0)
    shares = dict(zip(parts, short_shares([part.count for part in parts]), strict=True))
    in_order = sorted(parts, key=SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))
    shown = Paginator(in_order, PER_PAGE).get_page(page_number(request.GET))
    rows = [
        Row(
            part,
            shares[part],
            name_of(chosen, part),
            words(chosen, part.ways),
            f"{100 * part.count / largest:.2f}%",
            list_url(chosen, part.ways),
            create_url_for(request, criteria(chosen, part.ways)),
        )
        for part in shown.object_list
    ]
    return {
        "page": shown,
        "rows": rows,
        "parts": len(parts),
        "together": together,
        "together_url": list_url(chosen, ANY) if together else "",
        "together_create_url": create_url_for(request, criteria(chosen, ANY)) if together else "",
    }


def name_of(chosen: list[Measured], part: Part) -> str:
    """The segments that a part is in."""
    names = [one.name for one, inside in zip(chosen, part.inside, strict=True) if inside]
    if len(names) == len(chosen):
        return _("In both") if len(names) == 2 else _("In all %(number)s") % {"number": len(names)}
    return _("Only in %(names)s") % {"names": listed(names)}


def picked_of(request: Request, chosen: list[Measured], ways: str) -> Picked:
    """Nobody has neither a list nor criteria."""
    base = BitMap() if bounded(ways) else within(everyone(request), sight(request))
    count = len(picked(chosen, ways, everyone=base))
    tree = criteria(chosen, ways)
    if not count:
        return Picked(words(chosen, ways), 0, "", "", bounded(ways))
    address = list_url(chosen, ways) if tree else reverse("contacts:manager")
    return Picked(words(chosen, ways), count, address, create_url_for(request, tree), bounded(ways))


def create_url_for(request: Request, tree: dict[str, Any] | None) -> str:
    """Create segment with these criteria; empty for who may not, and for all contacts."""
    return create_url(tree) if signed_in(request).may_write else ""


def times_of(chosen: list[Measured]) -> dict[str, datetime]:
    times = [one.as_of for one in chosen]
    return {"first_at": min(times), "last_at": max(times)}


# --- as a file -----------------------------------------------------------------------------------------------------
@require_safe
@writers_only
def numbers(request: Request) -> HttpResponse:
    """All parts as CSV: a column for each segment, the contacts, their share of all who are in at least one."""
    chosen = chosen_of(request, sight(request))
    if chosen.problems or len(chosen.segments) < 2:
        return refused(chosen.problems or [_("Choose two segments or more")])
    columns = [f"{one.name} ({written(one.as_of)})" for one in chosen.segments]
    rows: list[list[object]] = [[*columns, _("contacts"), _("per cent of all who are in at least one")]]
    together = len(union(chosen.segments))
    marks = {True: pgettext("a contact is … a segment", "in"), False: pgettext("a contact is … a segment", "not in")}
    rows += [
        [*(marks[one] for one in part.inside), part.count, Fraction(100 * part.count, together)]
        for part in taken_apart(chosen.segments)
    ]
    return as_csv(lines(rows), f"{_('Overlap')} {day(request.now)}")
