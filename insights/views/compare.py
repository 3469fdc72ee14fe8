"""Two segments beside each other, and whom to compare a segment with (SG6)."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from pyroaring import BitMap

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from contacts.folding import folded, plain
from contacts.sight import sight
from insights.overlap import BOTH, BY_NAME, FIRST, SECOND, Measured, Overlap, measured
from insights.people import LONGEST
from segmentation.contact_sets import create_url, whole
from segmentation.listing import by_contacts_seen
from segmentation.models import Segment
from segmentation.selectors import segment_for, segments
from segmentation.views.segment import head

PER_PAGE = 20  # sets of as many segments are loaded for a page
SORTS: dict[str, Any] = {"name": BY_NAME, "contacts": F("latest__count"), "calculated": F("latest__as_of")}


@dataclass(frozen=True)
class PartRow:
    """One part of a comparison, with its list and what makes a segment of it."""

    name: str
    title: str
    count: int
    list_url: str
    create_url: str


@require_safe
def compare(request: Request, pk: int) -> HttpResponse:
    """`?with=ID`: that pair. Below it the other segments, each with its overlap."""
    segment = segment_for(request, pk)
    context = head(request, segment) | {"q": request.GET.get("q", ""), "sort": request.GET.get("sort") or "name"}
    if segment.latest_id is None:
        return page(request, "insights/compare.html", context)
    problems = problems_in(request.GET, texts=("q", "with"), sorts=SORTS)
    mask = sight(request)
    (own,) = measured([segment.pk], mask=mask).values()
    if wanted := request.GET.get("with"):
        overlap, problem = paired(own, wanted, mask=mask)
        problems += [problem] if problem else []
        context |= {"overlap": overlap, "parts": parts(overlap) if overlap else []}
    if problems:
        return page(request, "insights/compare.html", context | {"problems": problems}, part="others", status=422)
    context["page"], context["others"] = others(request, own)
    return page(request, "insights/compare.html", context, part="others")


def paired(own: Measured, wanted: str, *, mask: BitMap | None) -> tuple[Overlap | None, str]:
    """The pair asked for, or why there is none."""
    pk = whole(wanted)
    if pk == own.segment:
        return None, _("A segment is compared with another one.")
    found = measured([pk], mask=mask)
    if pk in found:
        return Overlap(own, found[pk]), ""
    known = Segment.objects.filter(pk=pk).values_list("name", flat=True).first()
    if known is None:
        return None, _("There is no such segment (any more).")
    return None, _("“%(name)s” has not been calculated yet.") % {"name": known}


def parts(overlap: Overlap) -> list[PartRow]:
    """The three parts, with the addresses of their lists and of Create segment."""
    first, second = overlap.first, overlap.second
    told = [
        (FIRST, _("Only in %(name)s") % {"name": first.name}, overlap.only_first),
        (BOTH, _("In both"), overlap.both),
        (SECOND, _("Only in %(name)s") % {"name": second.name}, overlap.only_second),
    ]
    listed = f"{reverse('contacts:manager')}?compared={first.calculation}.{second.calculation}"
    return [
        PartRow(
            name,
            title,
            count,
            f"{listed}.{name}",
            create_url(overlap.criteria(name)),
        )
        for name, title, count in told
    ]


def others(request: Request, own: Measured) -> tuple[Page, list[Overlap]]:
    """A page of the other segments that have been calculated, and their overlaps with `own`."""
    sort = request.GET.get("sort") or "name"
    by, mask = SORTS[sort.removeprefix("-")], sight(request)
    rows = named(segments().filter(latest__isnull=False).exclude(pk=own.segment), request.GET.get("q", ""))
    if mask is not None and by == SORTS["contacts"]:
        by = by_contacts_seen(rows, mask)
    rows = rows.order_by(by.desc() if sort.startswith("-") else by.asc(), "pk")
    shown = Paginator(rows.values_list("pk", flat=True), PER_PAGE).get_page(page_number(request.GET))
    ids: list[int] = list(shown.object_list)
    found = measured(ids, mask=mask)
    return shown, [Overlap(own, found[pk]) for pk in ids if pk in found]


def named(rows: QuerySet[Segment], text: str) -> QuerySet[Segment]:
    """Those with `text` in their name, whatever its case and diacritics."""
    wanted = folded(text.strip()[:LONGEST])
    return rows.alias(plain_name=plain("name")).filter(plain_name__contains=wanted) if wanted else rows
