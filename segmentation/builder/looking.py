"""What the builder's inputs ask for to be filled in by eye: values that there are, how a number is spread."""

from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from config.requests import Request
from contacts.sight import sight
from segmentation.builder.distribution import NoSuchNumberError
from segmentation.builder.distribution import distribution as distributed
from segmentation.builder.sent import from_post
from segmentation.builder.values import observed
from segmentation.builder.views import counted_in, place_in
from segmentation.criteria import Context
from segmentation.engine import snapshot
from users.access import reads, signed_in


@require_GET
def values(request: Request) -> HttpResponse:
    """The values that contain what is typed, most frequent first, as entries of a list."""
    now, zone = request.now, ZoneInfo(request.tenant.timezone)
    with snapshot():
        context = Context(now=now, zone=zone, mask=sight(request))
        found = observed(request.GET.get("of", ""), request.GET.get("q", ""), context=context)
    if found is None:
        raise Http404
    return render(request, "segmentation/builder/_values.html", {"found": found})


@reads
@require_POST
def distribution(request: Request) -> HttpResponse:
    """How the number in the field `of` is spread: a small drawing, and a large one for the popup."""
    builder = from_post(request.POST, place=place_in(request))
    if builder.problem:
        return HttpResponse(status=422)
    now, zone = request.now, ZoneInfo(request.tenant.timezone)
    mask, user = counted_in(request, builder.place), signed_in(request)
    try:
        found = distributed(builder, request.GET.get("of", ""), now=now, zone=zone, user=user, mask=mask)
    except NoSuchNumberError:
        raise Http404 from None
    return render(request, "segmentation/builder/_spread.html", {"found": found})
