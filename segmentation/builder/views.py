"""What the builder's buttons and inputs ask for while a page is being filled in. Nothing here changes shared data."""

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from pyroaring import BitMap

from config.requests import Request
from contacts.sight import sight
from segmentation.builder.drafts import PLACE, STEP, as_begun
from segmentation.builder.drafts import discard_draft as forget
from segmentation.builder.live import Live, live
from segmentation.builder.sent import from_post
from segmentation.builder.shape import Group
from segmentation.criteria import Words
from segmentation.models import Segment
from segmentation.seen import scope
from users.access import reads, signed_in

SEQUENCE = "X-Builder-Sequence"
FIRST = "1"  # the count that a page asks for when it is opened; somebody quick may have typed already


def place_in(request: Request) -> str:
    """What is being edited, as the page says."""
    place = request.POST.get("place", "")
    return place if PLACE.fullmatch(place) else "unknown:0"


def counted_in(request: Request, place: str) -> BitMap | None:
    """The contacts that numbers in this form are of: those who are seen; of a segment, by its owner as well."""
    mask = sight(request)
    what, _colon, pk = place.partition(":")
    if what != "segment" or not pk.isdecimal():
        return mask
    segment = Segment.objects.select_related("owner").filter(pk=pk).first()
    return scope(segment, mask) if segment else mask


@reads
@require_POST
def redraw(request: Request) -> HttpResponse:
    """The builder after one of its buttons; only one criterion, if that is what is to be replaced."""
    builder = from_post(request.POST, place=place_in(request))
    builder.prepare(request)
    status = 422 if builder.problem or builder.refused else 200
    target = request.htmx.target
    node = builder.display.find(target) if builder.display and target else None
    if node is not None and not node.is_group and not builder.problem:
        return render(request, "segmentation/builder/_criterion.html", {"criterion": node, "builder": builder})
    return render(request, "segmentation/builder/_builder.html", {"builder": builder}, status=status)


@reads
@require_POST
def count(request: Request) -> HttpResponse:
    """Every number of what is in the form, exact now; and the form is kept as a draft."""
    now, zone = request.now, ZoneInfo(request.tenant.timezone)
    builder = from_post(request.POST, place=place_in(request))
    sequence = request.headers.get(SEQUENCE, "")
    passing = request.headers.get(STEP) == "drawing" or (sequence == FIRST and as_begun(builder))
    if not passing:
        builder.remember(request)  # before the counting: whoever leaves meanwhile finds it all again
    if builder.problem:
        result = Live(taken_at=now, missing=builder.problem)
    else:
        result = live(builder, now=now, zone=zone, user=signed_in(request), mask=counted_in(request, builder.place))
    result.kept_at = builder.kept_at
    builder.tell(Words(now=now, zone=zone, catalog=builder.catalog))
    groups = {item.id for item in builder.shape.items() if isinstance(item, Group)}
    counts = [(node, node in groups, numbers) for node, numbers in result.nodes.items()]
    context = {"live": result, "counts": counts, "builder": builder, "passing": passing}
    status = 422 if builder.problem else 200
    response = render(request, "segmentation/builder/_counts.html", context, status=status)
    if sequence.isdecimal():
        response[SEQUENCE] = sequence
    if builder.kept_at and (address := filled_by_address(request)):
        response["HX-Replace-Url"] = address
    return response


def filled_by_address(request: Request) -> str:
    """The page's address without what filled it (`?template=KEY`), if that is what filled it.

    Once something has been changed and kept, a reload shows the draft and not once more what the address asks for.
    """
    current = urlsplit(request.htmx.current_url_abs_path or "")
    return current.path if current.query and current.path == reverse("segmentation:create") else ""


@reads
@require_POST
def discard_draft(request: Request) -> HttpResponse:
    """Forgets the draft and opens the page again as it is without."""
    forget(signed_in(request), place_in(request), window=request.POST.get("window", ""))
    back = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "/")
