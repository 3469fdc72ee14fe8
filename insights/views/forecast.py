"""How many will leave and join in the next 30 days if nothing happens, with their lists and a curve."""

from datetime import timedelta

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from config.pages import page
from config.requests import Request
from contacts.sight import sight
from insights import forecasting
from segmentation.criteria import CriteriaError
from segmentation.selectors import segment_for
from segmentation.views.segment import head

FRESH = timedelta(minutes=10)  # a forecast younger than this is shown again when the page is opened


@require_safe
def forecast(request: Request, pk: int) -> HttpResponse:
    """The page; `?count=1` takes a new forecast, which the page asks for by itself where there is no fresh one."""
    segment = segment_for(request, pk)
    now, zone = request.now, request.tenant.zone
    context, seen = head(request, segment), forecasting.Seen(segment, sight(request))
    if segment.latest_id is None:
        return page(request, "insights/forecast.html", context, part="forecast")
    if "count" in request.GET:
        try:
            context["forecast"] = forecasting.taken(seen, now=now, zone=zone)
        except CriteriaError as error:
            return page(request, "insights/forecast.html", context | {"problem": error}, part="forecast", status=422)
    else:
        known = forecasting.newest(seen)
        context["forecast"] = known if known and now - known.at < FRESH else None
    found = context["forecast"]
    context["curve"] = [(point.at, point.count) for point in found.curve] if found else []
    return page(request, "insights/forecast.html", context, part="forecast")
