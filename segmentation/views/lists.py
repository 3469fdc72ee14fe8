"""The lists: In creation, Ready to use, Archive."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from config.asked import page_number
from config.pages import page
from config.requests import Request
from contacts.models import Contact
from contacts.sight import sight
from segmentation import listing, selectors
from segmentation.forms import ListFilterForm
from segmentation.selectors import segment_for

TEMPLATE = "segmentation/lists.html"


def show(request: Request, where: str) -> HttpResponse:
    """A list with its tabs, as a page or, for HTMX, as the part that changes; 422 and no rows for a broken address."""
    now, mask = request.now, sight(request)
    form = ListFilterForm(request.GET)
    sort = listing.sort_in(where, request.GET.get("sort", ""))
    problems = listing.refusals(request.GET, form)
    context = {
        "tabs": selectors.tabs(request),
        "here": f"segmentation:{where}",
        "where": where,
        "filters": form,
        "narrowed": listing.any_filter(form),
        "account_empty": not (Contact.objects.exists() if mask is None else mask),
        "elsewhere": urlencode({"q": request.GET.get("q", "")}),
        "sort": sort,
        "problems": problems,
        "now": now,
        "just_ready": selectors.just_ready(now, mask=mask) if where == selectors.IN_CREATION else [],
    }
    if not problems:
        context["page"] = listing.page_of(request, where, form=form, sort=sort, number=page_number(request.GET))
    return page(request, TEMPLATE, context, part="listing", status=422 if problems else 200)


@require_safe
def in_creation(request: Request) -> HttpResponse:
    """Segments waiting for or under their calculation, with progress (IP18)."""
    return show(request, selectors.IN_CREATION)


@require_safe
def ready(request: Request) -> HttpResponse:
    """Calculated, window open (IP19)."""
    return show(request, selectors.READY)


@require_safe
def archive(request: Request) -> HttpResponse:
    """Window closed (IP20)."""
    return show(request, selectors.ARCHIVE)


@require_safe
def search(request: Request) -> HttpResponse:
    """All three lists together, each segment with the list it is in: where the find box leads."""
    return show(request, selectors.SEARCH)


@require_safe
def progress(request: Request, pk: int) -> HttpResponse:
    """How far one calculation is; when it has ended, the page is told to fetch its list anew."""
    row = listing.row_of(request, segment_for(request, pk))
    response = page(request, "segmentation/_progress.html", {"row": row})
    if not row.calculating:
        response["HX-Trigger"] = "segment-calculated"
    return response
