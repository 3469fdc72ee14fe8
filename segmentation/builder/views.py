"""What the builder's buttons and inputs ask for while a page is being filled in. Nothing here changes shared data."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from segmentation.builder.drafts import PLACE, keep_draft
from segmentation.builder.drafts import discard_draft as forget
from segmentation.builder.form import Builder, from_post
from segmentation.builder.live import Live, live
from segmentation.builder.shape import Group
from users.access import reads, signed_in

SEQUENCE = "X-Builder-Sequence"
FIRST = "1"  # the count that a page asks for when it is opened: nothing has been typed yet


def place_in(request: HttpRequest) -> str:
    """What is being edited, as the page says."""
    place = request.POST.get("place", "")
    return place if PLACE.fullmatch(place) else "unknown:0"


@reads
@require_POST
def redraw(request: HttpRequest) -> HttpResponse:
    """The builder after one of its buttons; only one criterion, if that is what is to be replaced."""
    builder = from_post(request.POST, place=place_in(request))
    builder.prepare(request)
    status = 422 if builder.problem else 200
    target = request.htmx.target  # type: ignore[attr-defined]
    node = builder.display.find(target) if builder.display and target else None
    if node is not None and not node.is_group and not builder.problem:
        return render(request, "segmentation/builder/_criterion.html", {"criterion": node, "builder": builder})
    return render(request, "segmentation/builder/_builder.html", {"builder": builder}, status=status)


@reads
@require_POST
def count(request: HttpRequest) -> HttpResponse:
    """Every number of what is in the form, exact now; and the form is kept as a draft."""
    now = request.now  # type: ignore[attr-defined]
    builder = from_post(request.POST, place=place_in(request))
    sequence = request.headers.get(SEQUENCE, "")
    if builder.problem:
        result = Live(taken_at=now, missing=builder.problem)
    else:
        result = live(builder, now=now, zone=ZoneInfo(request.tenant.timezone), user=signed_in(request))  # type: ignore[attr-defined]
        if sequence != FIRST and worth_keeping(builder):
            result.kept_at = keep_draft(request.user, builder.place, request.POST, now=now)  # type: ignore[arg-type]
    groups = {item.id for item in builder.shape.items() if isinstance(item, Group)}
    counts = [(node, node in groups, numbers) for node, numbers in result.nodes.items()]
    context = {"live": result, "counts": counts}
    status = 422 if builder.problem else 200
    response = render(request, "segmentation/builder/_counts.html", context, status=status)
    if sequence.isdecimal():
        response[SEQUENCE] = sequence
    return response


def worth_keeping(builder: Builder) -> bool:
    """Whether anything has been chosen, or the thing been named."""
    return not builder.pristine or any(text.strip() for text in builder.settings.get("name", []))


@reads
@require_POST
def discard_draft(request: HttpRequest) -> HttpResponse:
    """Forgets the draft and opens the page again as it is without."""
    forget(request.user, place_in(request))  # type: ignore[arg-type]
    back = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "/")
