"""Sets of contacts that a page here has counted, for the contact manager to list: hidden parameters of its address.

`?compared=12.15.both`: a part of two calculations, which never change. `?leaving=7.30.1795…` and `?joining=…`: of a
segment, a number of days and the forecast that counted them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from pyroaring import BitMap

from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.manager import ManagerFilter
from contacts.models import Contact
from contacts.selectors import restricted
from insights import forecasting
from insights.overlap import BOTH, FIRST, PARTS, Overlap, of_calculation
from segmentation.criteria import CriteriaError
from segmentation.models import Segment

LONGEST_ID = 19
DAYS = tuple(map(str, (forecasting.SINCE, *forecasting.TOLD)))


@dataclass(frozen=True, eq=False)
class ContactSet:
    """The contacts, the filter's chip, and a sentence on whose they are and as of when."""

    ids: BitMap
    words: str
    told: SafeString


Resolve = Callable[[HttpRequest, list[str]], ContactSet]


class SetField(forms.CharField):
    """The text of the address; its value is a ContactSet."""

    def __init__(self, *, resolve: Callable[[str], ContactSet], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.resolve = resolve

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return self.resolve(text) if text else None


class SetFilter(django_filters.Filter):
    field_class = SetField


def set_filter(name: str, label: Any, resolve: Resolve) -> ManagerFilter:
    """A hidden filter; `resolve` gets the parts of the parameter between its dots. Raises: ValidationError."""
    return ManagerFilter(
        name=name,
        filter=lambda request: SetFilter(
            method=narrowed,
            label=label,
            widget=forms.HiddenInput,
            max_length=80,
            resolve=lambda text: resolve(request, text.split(".")),
        ),
        words=lambda found: found.words,
        note=note,
        hidden=True,
    )


def narrowed(contacts: QuerySet[Contact], _name: str, found: ContactSet | None) -> QuerySet[Contact]:
    return contacts if found is None else restricted(contacts, found.ids)


def note(_request: HttpRequest, found: ContactSet, total: int) -> SafeString:
    """Whose these are; and how many were counted but are contacts no more, if the list is shorter for that."""
    count = len(found.ids)
    gone = count - restricted(Contact.objects.all(), found.ids).count() if total != count else 0
    if not gone:
        return found.told
    told = ngettext("%(number)s of them has been deleted since.", "%(number)s of them have been deleted since.", gone)
    return format_html("{} {}", found.told, told % {"number": number(gone)})


def ids_in(texts: list[str]) -> list[int]:
    """Ids as the address writes them; 0, which nothing has, for what is none."""
    return [int(t) if t.isascii() and t.isdecimal() and len(t) < LONGEST_ID else 0 for t in texts]


# --- parts of two segments -------------------------------------------------------------------------------------
def compared(request: HttpRequest, texts: list[str]) -> ContactSet:
    """`CALCULATION.CALCULATION.PART`."""
    calculations = [of_calculation(pk) for pk in ids_in(texts[:2])]
    if len(texts) != 3 or texts[2] not in PARTS or None in calculations:
        raise ValidationError(_("There is no such comparison (any more)."))
    first, second = (one for one in calculations if one is not None)
    overlap, part, now = Overlap(first, second), texts[2], request.now  # type: ignore[attr-defined]
    ids = overlap.ids(part)
    names = {"first": first.name, "second": second.name}
    words = {
        FIRST: _("Only in %(first)s, not in %(second)s"),
        BOTH: _("Both in %(first)s and in %(second)s"),
    }.get(part, _("Only in %(second)s, not in %(first)s"))
    text = ngettext(
        "%(number)s contact, by the calculation of %(when)s and that of %(when_second)s.",
        "%(number)s contacts, by the calculation of %(when)s and that of %(when_second)s.",
        len(ids),
    ) % {
        "number": number(len(ids)),
        "when": moment_text(first.as_of, now=now),
        "when_second": moment_text(second.as_of, now=now),
    }
    address = f"{reverse('insights:compare', args=[first.segment])}?with={second.segment}"
    return ContactSet(ids, words % names, format_html('<a href="{}">{}</a>: {}', address, words % names, text))


# --- forecasts -----------------------------------------------------------------------------------------------
class Looked(NamedTuple):
    """What an address names: `SEGMENT.DAYS`, or `SEGMENT.DAYS.FORECAST`. `anew`: that one is kept no more."""

    segment: Segment
    forecast: forecasting.Forecast
    days: int
    anew: bool


def forecast_of(request: HttpRequest, texts: list[str]) -> Looked:
    """The forecast of an address; one that is no longer kept is taken again."""
    pk, days, *rest = ids_in(texts) if len(texts) in (2, 3) and texts[1] in DAYS else (0, 0)
    segment = Segment.objects.select_related("version").filter(pk=pk, latest__isnull=False).first()
    if segment is None:
        raise ValidationError(_("There is no such forecast."))
    found = forecasting.kept(segment, rest[0]) if rest else forecasting.newest(segment)
    if found is not None:
        return Looked(segment, found, days, anew=False)
    now, zone = request.now, request.tenant.zone  # type: ignore[attr-defined]
    try:
        return Looked(segment, forecasting.taken(segment, now=now, zone=zone), days, anew=bool(rest))
    except CriteriaError as error:
        raise ValidationError(str(error)) from None


def leaving(request: HttpRequest, texts: list[str]) -> ContactSet:
    looked = forecast_of(request, texts)
    soon = pgettext("contacts who will leave a segment", "Leave %(name)s within %(days)s days")
    words = soon if looked.days else _("Members of %(name)s who no longer match")
    return _told(request, looked, looked.forecast.leaving(looked.days), words)


def joining(request: HttpRequest, texts: list[str]) -> ContactSet:
    looked = forecast_of(request, texts)
    soon = pgettext("contacts who will join a segment", "Join %(name)s within %(days)s days")
    words = soon if looked.days else _("Match %(name)s and are no members yet")
    return _told(request, looked, looked.forecast.joining(looked.days), words)


def _told(request: HttpRequest, looked: Looked, ids: BitMap, template: str) -> ContactSet:
    words = template % {"name": looked.segment.name, "days": looked.days}
    text = ngettext(
        "%(number)s contact in the forecast of %(when)s.", "%(number)s contacts in the forecast of %(when)s.", len(ids)
    ) % {"number": number(len(ids)), "when": moment_text(looked.forecast.at, now=request.now)}  # type: ignore[attr-defined]
    if looked.anew:
        text = f"{text} {_('It was taken just now: the one before is no longer kept.')}"
    address = reverse("insights:forecast", args=[looked.segment.pk])
    return ContactSet(ids, words, format_html('<a href="{}">{}</a>: {}', address, words, text))


FILTERS = [
    set_filter("compared", gettext_lazy("Comparison of segments"), compared),
    set_filter("leaving", gettext_lazy("Forecast: who leaves"), leaving),
    set_filter("joining", gettext_lazy("Forecast: who joins"), joining),
]
