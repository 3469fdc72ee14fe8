"""The contacts of a part of several segments, for the contact manager: `?parts=12.15.20~io-`.

Calculations, which never change, and how the part lies to each: in, out or either; `any`: in at least one.
"""

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from pyroaring import BitMap

from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.sight import sight, within
from insights.overlap import Measured, of_calculations
from insights.parts import ANY, MOST, Way, bounded, picked, words
from segmentation.contact_sets import People, everyone, linked, set_filter, whole

NAME = "parts"


def token(chosen: list[Measured], ways: str) -> str:
    """What `read` understands."""
    return f"{'.'.join(str(one.calculation) for one in chosen)}~{ways}"


def list_url(chosen: list[Measured], ways: str) -> str:
    return f"{reverse('contacts:manager')}?{NAME}={token(chosen, ways)}"


def page_url(chosen: list[Measured]) -> str:
    return f"{reverse('insights:overlap')}?{'&'.join(f'segment={one.segment}' for one in chosen)}"


def people(request: Request, text: str) -> People:
    """`CALCULATION.CALCULATION…~WAYS`."""
    named, _tilde, ways = text.partition("~")
    ids = [whole(each) for each in named.split(".")]
    mask = sight(request)
    found = of_calculations(ids, mask=mask) if len(ids) <= MOST else {}
    known = ways == ANY or (len(ways) == len(ids) and set(ways) <= set(Way))
    if not known or len(found) < len(ids):
        raise ValidationError(_("There is no such comparison (any more)."))
    chosen = [found[pk] for pk in ids]
    part = picked(chosen, ways, everyone=BitMap() if bounded(ways) else within(everyone(request), mask))
    title, now = words(chosen, ways), request.now
    if not bounded(ways):
        when = moment_text(now, now=now)
        told = ngettext("%(number)s contact now, %(when)s.", "%(number)s contacts now, %(when)s.", len(part))
    else:
        first, last = (moment_text(pick(one.as_of for one in chosen), now=now) for pick in (min, max))
        when = first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}
        told = ngettext(
            "%(number)s contact, by the calculations of %(when)s.",
            "%(number)s contacts, by the calculations of %(when)s.",
            len(part),
        )
    told %= {"number": number(len(part)), "when": when}
    return People(part, title, format_html("{}: {}. {}", linked(page_url(chosen), _("Overlap")), title, told))


FILTERS = [set_filter(NAME, people, label=gettext_lazy("Overlap of segments"))]
