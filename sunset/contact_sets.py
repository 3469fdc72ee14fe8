"""Contacts that a page of sunsets has counted, for the contact manager to list: hidden parameters of its address.

`?sunset=3.message`, `?sunset=3.back.2026-11-16` (that week): of a sunset. `?silent=180.1-2.7.30`: who would get the tag
by a plan that may not be switched on yet: days, consents, saved criteria (0: none), in so many days (0: now), then the
tag, if there is one.
"""

from datetime import date

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from pyroaring import BitMap

from config.requests import Request
from contacts.models import Consent
from contacts.sight import as_seen, sight, within
from insights.statistics.calendars import week_name, week_of
from segmentation.contact_sets import People, linked, set_filter, size_text, whole
from segmentation.criteria import CriteriaError
from segmentation.models import SavedCriteria
from sunset.models import Sunset
from sunset.numbers import BACK, GOT, MESSAGE, OTHER, STAGES, WITHDRAWN, events, standings
from sunset.outlook import AHEAD, getting_tag
from sunset.plans import LONGEST, Plan
from sunset.standing import AREA, with_segments

MOST_CONSENTS = 50


def stage_label(stage: str, *, ended: bool = False) -> str:
    """What those at a stage are called; `ended`: of a sunset in whose message stage nobody is any more."""
    if ended and stage == MESSAGE:
        return pgettext("contacts of a sunset", "In the message stage when it ended")
    labels = {
        MESSAGE: pgettext("contacts of a sunset", "In the message stage"),
        BACK: pgettext("contacts of a sunset", "Came back"),
        WITHDRAWN: pgettext("contacts of a sunset", "Consent withdrawn"),
        OTHER: pgettext("contacts of a sunset", "Over for another reason"),
        GOT: pgettext("contacts of a sunset", "Got the tag"),
    }
    return labels[stage]


def of_sunset(request: Request, text: str) -> People:
    """`SUNSET.STAGE` or `SUNSET.STAGE.MONDAY`."""
    pk, _dot, rest = text.partition(".")
    stage, _dot, week = rest.partition(".")
    sunset = with_segments(whole(pk))
    if sunset is None or stage not in STAGES:
        raise ValidationError(_("There is no such list of a sunset (any more)."))
    now = request.now
    label = stage_label(stage, ended=sunset.ended)
    if week:
        ids, label = in_week(sunset, stage, week, request)
    else:
        ids = standings([sunset], **as_seen(request))[sunset.pk].stage(stage)
    title = pgettext("some contacts of a group", "%(group)s: %(part)s") % {"group": sunset.name, "part": label}
    page = linked(reverse("sunset:sunset", args=[sunset.pk]), sunset.name)
    return People(ids, title, format_html("{}: {}. {}", page, label, size_text(ids, now, now=now)))


def in_week(sunset: Sunset, stage: str, week: str, request: Request) -> tuple[BitMap, str]:
    try:
        first = date.fromisoformat(week)
    except ValueError:
        raise ValidationError(_("There is no such list of a sunset (any more).")) from None
    found = events(sunset, zone=request.tenant.zone)
    words = _("%(what)s in the week %(week)s") % {"what": stage_label(stage), "week": week_name(week_of(first))}
    return within(found.get((stage, first), BitMap()), sight(request)), words


def silent(request: Request, text: str) -> People:
    """`DAYS.CONSENTS.SAVED.AHEAD` or `DAYS.CONSENTS.SAVED.AHEAD.TAG`."""
    plan, days = plan_in(text)
    now = request.now
    try:
        ids = getting_tag(plan, days, **as_seen(request))
    except CriteriaError as error:
        raise ValidationError(error.message) from error
    if days:
        title = ngettext(
            "Would get the tag in %(days)s day by time alone", "Would get the tag in %(days)s days by time alone", days
        ) % {"days": days}
    else:
        title = _("Would get the tag of a sunset today")
    tree = {"all": [plan.quiet, {"not": plan.tagged}]} if plan.tag else plan.quiet
    return People(ids, title, format_html("{}. {}", title, size_text(ids, now, now=now)), tree if not days else None)


def plan_in(text: str) -> tuple[Plan, int]:
    """The plan of an address. Raises: ValidationError."""
    parts = text.split(".", 4)
    wrong = ValidationError(_("There is no such list of a sunset (any more)."))
    if len(parts) < 4:
        raise wrong
    days, saved, ahead = numbers = [whole(parts[place]) for place in (0, 2, 3)]
    if [str(each) for each in numbers] != [parts[0], parts[2], parts[3]]:
        raise wrong
    wanted = [whole(each) for each in parts[1].split("-")[:MOST_CONSENTS]]
    consents = tuple(Consent.objects.filter(pk__in=wanted).order_by("pk"))
    if not 1 <= days <= LONGEST or ahead not in (0, *AHEAD) or not consents or len(consents) != len(set(wanted)):
        raise wrong
    if saved and not SavedCriteria.objects.filter(pk=saved).exists():
        raise wrong
    return Plan(days, 1, parts[4] if len(parts) == 5 else "", consents, saved or None), ahead


def address_of(plan: Plan, days: int) -> str:
    """The parameter's text for who would get the tag of `plan` in so many days."""
    consents = "-".join(str(each.pk) for each in plan.consents)
    return f"{plan.days}.{consents}.{plan.left_out or 0}.{days}" + (f".{plan.tag}" if plan.tag else "")


FILTERS = [
    set_filter("sunset", of_sunset, label=gettext_lazy("Sunset"), area=AREA),
    set_filter("silent", silent, label=gettext_lazy("Without a sign of life"), area=AREA),
]
