"""Which segments are nearly the same (SG6), and what differs."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from config.asked import problems_in
from config.pages import page
from config.requests import Request
from contacts.sight import sight
from insights import near as nearly
from insights.errors import NotKeptError
from segmentation.models import Segment
from segmentation.sentences import sentence_of


@require_safe
def near(request: Request) -> HttpResponse:
    """Segments that are nearly the same: asked for by the page where sets have to be read; a page of its own."""
    problems = problems_in(request.GET)
    context: dict[str, Any] = {"problems": problems} if problems else nearly_the_same(request)
    return page(request, "insights/near.html", context, part="near", status=422 if problems else 200)


def nearly_the_same(request: Request, *, only_kept: bool = False) -> dict[str, Any]:
    """The pairs with what differs. `near_waits`: the sets have to be compared first."""
    try:
        found = nearly.near(mask=sight(request), only_kept=only_kept)
    except NotKeptError:
        return {"near_waits": True}
    ids = {one.segment for pair in found.pairs for one in (pair.first, pair.second)}
    segments = Segment.objects.select_related("version", "latest").defer(
        "latest__members", "latest__joined", "latest__left"
    )
    known = segments.in_bulk(ids)
    rows = []
    for pair in found.pairs:
        first, second = known.get(pair.first.segment), known.get(pair.second.segment)
        if first is None or second is None:
            continue
        trees = [one.version.criteria if one.version else None for one in (first, second)]
        told = [sentence_of(tree, now=request.now) if tree else "" for tree in trees]
        address = f"{reverse('contacts:manager')}?compared={pair.first.calculation}.{pair.second.calculation}"
        rows.append(
            {
                "pair": pair,
                "first": first,
                "second": second,
                "sentences": told,
                "same_criteria": trees[0] is not None and trees[0] == trees[1],
                "list_url": address,
            }
        )
    return {"near": rows, "near_whole": found.whole, "nearest": nearly.NEAREST}
