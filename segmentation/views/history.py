"""History: the size after each recalculation, and who joined and left (IP30)."""

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe
from pyroaring import BitMap

from config.pages import page
from config.requests import Request
from contacts.models import Contact
from contacts.sight import sight, within
from segmentation.models import Calculation, Cause, Movement
from segmentation.seen import cut
from segmentation.selectors import SETS, attempts, causes_of, movements, segment_for
from segmentation.selectors import history as history_of
from segmentation.sentences import sentence_of
from segmentation.views.segment import head

PER_PAGE = 50
PLOTTED = 120  # the newest ones; the table has all


@require_safe
def history(request: Request, pk: int) -> HttpResponse:
    """A table and a plot of all finished calculations."""
    segment = segment_for(request, pk)
    rows = history_of(segment)
    mask = sight(request)
    newest = list(rows.select_related(None).defer("node_counts", *SETS)[:PLOTTED])
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    cut([*newest, *shown.object_list], mask)
    causes = causes_of(shown.object_list, mask=mask)
    context = head(request, segment) | {
        "page": shown,
        "steps": [(calculation, causes[calculation.pk]) for calculation in shown.object_list],
        "plotted": [(row.finished_at, row.count) for row in reversed(newest)],
        "attempts": attempts(segment),
    }
    return page(request, "segmentation/history.html", context, part="steps")


@require_safe
def step(request: Request, pk: int, calculation: int) -> HttpResponse:
    """Who joined and who left with one calculation; `?cause=` those for one cause alone."""
    segment = segment_for(request, pk)
    found = (
        Calculation.objects.defer("members").select_related("version").filter(segment=segment, pk=calculation).first()
    )
    if found is None or found.count is None:
        raise Http404(f"no calculation {calculation}")
    mask = sight(request)
    cut([found], mask)
    way = "left" if request.GET.get("show") == "left" else "joined"
    told = [movement for movement in movements(found, mask=mask) if movement.direction == way]
    cause = request.GET.get("cause", "")
    ids = found.left_ids if way == "left" else found.joined_ids
    if cause:
        ids = ids_of(told, cause)
    people: Page = Paginator(within(ids, mask), PER_PAGE).get_page(request.GET.get("page"))
    known = Contact.objects.in_bulk(list(people.object_list))
    people.object_list = [(pk, known.get(pk)) for pk in people.object_list]
    context = head(request, segment) | {
        "calculation": found,
        "erased": 0 if mask is not None else erased_of(told, cause) if cause else found.erased.get(way, 0),
        "way": way,
        "causes": told,
        "cause": cause,
        "page": people,
        "sentence": sentence_of(found.version.criteria, now=found.as_of),
    }
    status = 422 if cause and cause not in Cause.values else 200
    return page(request, "segmentation/step.html", context, part="people", status=status)


def erased_of(told: list[Movement], cause: str) -> int:
    """Of one cause, how many are known by number alone."""
    return next((movement.erased.get("members", 0) for movement in told if movement.cause == cause), 0)


def ids_of(told: list[Movement], cause: str) -> BitMap:
    """Those of one cause; nobody where there are none."""
    return next((movement.member_ids for movement in told if movement.cause == cause), BitMap())
