"""Sets of contacts that a page here has counted, for the contact manager to list: hidden parameters of its address.

`?compared=12.15.both`: a part of two calculations, which never change. `?leaving=7.30.1795…` and `?joining=…`: of a
segment, a number of days and the forecast that counted them.
"""

from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from pyroaring import BitMap

from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.sight import sight
from insights import forecasting
from insights.overlap import BOTH, FIRST, PARTS, Overlap, of_calculation
from segmentation.contact_sets import People, linked, set_filter, whole
from segmentation.criteria import CriteriaError
from segmentation.models import Segment

DAYS = tuple(map(str, (forecasting.SINCE, *forecasting.TOLD)))


# --- parts of two segments -------------------------------------------------------------------------------------
def compared(request: Request, text: str) -> People:
    """`CALCULATION.CALCULATION.PART`."""
    texts = text.split(".")
    calculations = [of_calculation(whole(named), mask=sight(request)) for named in texts[:2]]
    if len(texts) != 3 or texts[2] not in PARTS or None in calculations:
        raise ValidationError(_("There is no such comparison (any more)."))
    first, second = (one for one in calculations if one is not None)
    overlap, part, now = Overlap(first, second), texts[2], request.now
    ids = overlap.ids(part)
    names = {"first": first.name, "second": second.name}
    words = {
        FIRST: _("Only in %(first)s, not in %(second)s"),
        BOTH: _("Both in %(first)s and in %(second)s"),
    }.get(part, _("Only in %(second)s, not in %(first)s"))
    told = ngettext(
        "%(number)s contact, by the calculation of %(when)s and that of %(when_second)s.",
        "%(number)s contacts, by the calculation of %(when)s and that of %(when_second)s.",
        len(ids),
    ) % {
        "number": number(len(ids)),
        "when": moment_text(first.as_of, now=now),
        "when_second": moment_text(second.as_of, now=now),
    }
    address = f"{reverse('insights:compare', args=[first.segment])}?with={second.segment}"
    return People(ids, words % names, format_html("{}: {}", linked(address, words % names), told))


# --- forecasts -----------------------------------------------------------------------------------------------
class Looked(NamedTuple):
    """What an address names: `SEGMENT.DAYS`, or `SEGMENT.DAYS.FORECAST`. `anew`: that one is kept no more."""

    segment: Segment
    forecast: forecasting.Forecast
    days: int
    anew: bool


def forecast_of(request: Request, text: str) -> Looked:
    """The forecast of an address; one that is no longer kept is taken again."""
    texts = text.split(".")
    pk, days, *rest = map(whole, texts) if len(texts) in (2, 3) and texts[1] in DAYS else (0, 0)
    segment = Segment.objects.select_related("version", "owner").filter(pk=pk, latest__isnull=False).first()
    if segment is None or rest == [0]:
        raise ValidationError(_("There is no such forecast."))
    seen = forecasting.Seen(segment, sight(request))
    found = forecasting.kept(seen, rest[0]) if rest else forecasting.newest(seen)
    if found is not None:
        return Looked(segment, found, days, anew=False)
    now, zone = request.now, request.tenant.zone
    try:
        return Looked(segment, forecasting.taken(seen, now=now, zone=zone), days, anew=bool(rest))
    except CriteriaError as error:
        raise ValidationError(str(error)) from None


def leaving(request: Request, text: str) -> People:
    looked = forecast_of(request, text)
    soon = pgettext("contacts who will leave a segment", "Leave %(name)s within %(days)s days")
    words = soon if looked.days else _("Members of %(name)s who no longer match")
    return _told(request, looked, looked.forecast.leaving(looked.days), words)


def joining(request: Request, text: str) -> People:
    looked = forecast_of(request, text)
    soon = pgettext("contacts who will join a segment", "Join %(name)s within %(days)s days")
    words = soon if looked.days else _("Match %(name)s and are no members yet")
    return _told(request, looked, looked.forecast.joining(looked.days), words)


def _told(request: Request, looked: Looked, ids: BitMap, template: str) -> People:
    words = template % {"name": looked.segment.name, "days": looked.days}
    text = ngettext(
        "%(number)s contact in the forecast of %(when)s.", "%(number)s contacts in the forecast of %(when)s.", len(ids)
    ) % {"number": number(len(ids)), "when": moment_text(looked.forecast.at, now=request.now)}
    if looked.anew:
        text = f"{text} {_('It was taken just now: the one before is no longer kept.')}"
    address = reverse("insights:forecast", args=[looked.segment.pk])
    return People(ids, words, format_html("{}: {}", linked(address, words), text))


FILTERS = [
    set_filter("compared", compared, label=gettext_lazy("Comparison of segments")),
    set_filter("leaving", leaving, label=gettext_lazy("Forecast: who leaves")),
    set_filter("joining", joining, label=gettext_lazy("Forecast: who joins")),
]
