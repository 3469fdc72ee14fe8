"""Any number of segments beside each other, up to 20: each pair's overlap in one table (SG6)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import problems_in
from config.pages import page
from contacts.folding import polish_key_of
from insights.contact_sets import ids_in
from insights.overlap import MOST, Cell, Measured, measured
from insights.overlap import matrix as overlaps
from insights.views.compare import SORTS, named
from segmentation.selectors import segments

OFFERED = 50  # segments to tick, besides those that are chosen


@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """`?segment=1&segment=2…`: the table; above it the segments to choose from."""
    sort = request.GET.get("sort") or "-contacts"
    ids = list(dict.fromkeys(ids_in(request.GET.getlist("segment"))))
    chosen = measured(ids[: MOST + 1])
    problems = problems_of(request, ids, chosen)
    context: dict[str, Any] = {
        "q": request.GET.get("q", ""),
        "sort": sort,
        "problems": problems,
        "chosen": [chosen[pk] for pk in ids if pk in chosen],
        "most": MOST,
    }
    context |= offered(context["q"], chosen)
    if not problems and len(chosen) > 1:
        context["rows"] = ordered(overlaps(by_size(list(chosen.values()), sort)), sort)
        context["columns"] = [cell.column for cell in overlaps(by_size(list(chosen.values()), sort))[0][1]]
    return page(request, "insights/matrix.html", context, part="table", status=422 if problems else 200)
