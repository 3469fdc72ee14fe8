"""What segments add to the contact manager (lists of people, tools) and to a contact's page (its segments)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from pyroaring import BitMap

from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.manager import Panel, Tool
from contacts.models import Contact
from contacts.sight import sight, within
from jobs.models import JobState
from segmentation.builder.reuse import Session
from segmentation.contact_queries import find_query, used
from segmentation.contact_sets import People, linked, sentences, set_filter, size_text, whole
from segmentation.criteria import Context, CriteriaError, parse
from segmentation.engine import evaluate
from segmentation.health import note_use
from segmentation.models import (
    Calculation,
    Cause,
    Direction,
    Movement,
    SavedCriteria,
    Segment,
    UploadedList,
    bitmap_of,
)
from segmentation.readers import list_name
from segmentation.seen import may_open
from segmentation.sentences import sentence_of
from users.access import signed_in

LOOKED_AT = 500  # segments, the newest calculations first: half a second's work at a million members each


# --- the members of a calculation: of the last one (IP24), of a past one (SG6) -------------------------------
def members_of(request: Request, text: str) -> People:
    """`?calculation=ID`: exactly its members who still are contacts."""
    found = calculation_of(request, text, "joined", "left")
    ids = within(found.member_ids, sight(request))
    erased = out_of_sight(request, found.erased, "members")
    count = len(ids) + erased
    said = ngettext(
        "%(number)s contact in the calculation of %(when)s.",
        "%(number)s contacts in the calculation of %(when)s.",
        count,
    ) % {"number": number(count), "when": taken(request, found)}
    newer = "" if found.segment.latest_id == found.pk else _("There is a newer calculation.")
    title = _("Segment: %(name)s") % {"name": found.segment.name}
    return People(ids, title, sentences(format_html("{}: {}", to_segment(found), said), newer), erased=erased)


def out_of_sight(request: Request, erased: dict[str, int], which: str) -> int:
    """How many were taken out of a set because they were erased; told to who sees all contacts."""
    return erased.get(which, 0) if sight(request) is None else 0


def moved_with(request: Request, text: str) -> People:
    """`?moved=ID.joined`, `?moved=ID.left.changed`: who joined or left with a calculation, by one cause or any."""
    pk, _dot, rest = text.partition(".")
    way, _dot, cause = rest.partition(".")
    if way not in Direction.values or (cause and cause not in Cause.values) or text.endswith("."):
        raise ValidationError(_("“%(text)s” names nobody who joined or left."), params={"text": text[:60]})
    found = calculation_of(request, pk, "members")
    ids = found.left_ids if way == Direction.LEFT else found.joined_ids
    erased = out_of_sight(request, found.erased, way)
    if cause:
        one = Movement.objects.filter(calculation=found, direction=way, cause=cause).first()
        ids = one.member_ids if one else BitMap()
        erased = out_of_sight(request, one.erased, "members") if one else 0
    ids = within(ids, sight(request))
    count = len(ids) + erased
    if way == Direction.LEFT:
        title = _("Left: %(name)s")
        said = ngettext(
            "%(number)s contact left with the calculation of %(when)s.",
            "%(number)s contacts left with the calculation of %(when)s.",
            count,
        )
    else:
        title = _("Joined: %(name)s")
        said = ngettext(
            "%(number)s contact joined with the calculation of %(when)s.",
            "%(number)s contacts joined with the calculation of %(when)s.",
            count,
        )
    said %= {"number": number(count), "when": taken(request, found)}
    why = _("Why: %(cause)s.") % {"cause": Cause(cause).label} if cause else ""
    step = linked(
        f"{reverse('segmentation:step', args=[found.segment_id, found.pk])}?show={way}", _("All of this step")
    )
    note = sentences(format_html("{}: {}", to_segment(found), said), why, step)
    return People(ids, title % {"name": found.segment.name}, note, erased=erased)


def calculation_of(request: Request, text: str, *unread: str) -> Calculation:
    """A finished calculation by its id, without the sets that are not asked for. Its segment is used by that.

    Raises: ValidationError.
    """
    done = Calculation.objects.filter(state=JobState.DONE).defer(*unread).select_related("segment")
    found = done.filter(pk=whole(text)).first()
    if found is None:
        raise ValidationError(_("There is no such calculation (any more)."))
    note_use(found.segment, now=request.now)
    return found


def to_segment(found: Calculation) -> SafeString:
    return linked(reverse("segmentation:preview", args=[found.segment_id]), found.segment.name)


def taken(request: Request, found: Calculation) -> str:
    """The instant that a calculation speaks of."""
    now = request.now
    return str(moment_text(found.as_of or now, now=now))


# --- whoever satisfies criteria now ----------------------------------------------------------------------------
def asked_for(request: Request, text: str) -> People:
    """`?advanced=KEY`: the advanced filter, criteria kept under a key (IP8)."""
    query = find_query(text)
    if query is None:
        raise ValidationError(_("This advanced filter is not kept any more. Build it again."))
    ids = satisfying(request, query.criteria, place=f"contacts:{query.pk}")
    used(query, now=request.now)
    edit = request.GET.copy()
    edit.pop("page", None)
    note = sentences(
        sentence_of(query.criteria, now=request.now),
        linked(f"{reverse('segmentation:contact_filter')}?{edit.urlencode()}", _("Edit the advanced filter")),
    )
    return People(ids, _("Advanced filter"), note, query.criteria)


def meeting(request: Request, text: str) -> People:
    """`?saved=ID`: who meets saved criteria now."""
    found = SavedCriteria.objects.filter(pk=whole(text)).first()
    if found is None:
        raise ValidationError(_("These saved criteria are no longer there."))
    criteria = {"kind": "saved", "criteria": found.pk}
    ids = satisfying(request, criteria, place=f"saved:{found.pk}")
    title = _("Saved criteria: %(name)s") % {"name": found.name}
    told = sentence_of(found.criteria, now=request.now)
    page = linked(reverse("segmentation:saved_edit", args=[found.pk]), found.name)
    return People(ids, title, format_html("{}: {}", page, told), criteria)


def satisfying(request: Request, criteria: dict[str, Any], *, place: str) -> BitMap:
    """Who satisfies criteria at this moment; what was counted before and cannot have changed is not counted again.

    Raises: ValidationError, if they name something that is no longer there: never fewer people instead.
    """
    zone = ZoneInfo(request.tenant.timezone)
    reuse = Session(signed_in(request).pk, place)
    context = Context(now=request.now, zone=zone, mask=sight(request), reuse=reuse)
    try:
        return evaluate(parse(criteria), context=context).members
    except CriteriaError as error:
        raise ValidationError(error.message) from error


# --- a list of contacts: uploaded, or fixed --------------------------------------------------------------------
def listed_in(request: Request, text: str) -> People:
    """`?list=ID`: the contacts that an uploaded list matched, or that a fixed one holds."""
    found = UploadedList.objects.filter(pk=whole(text)).first()
    if found is None:
        raise ValidationError(_("There is no such list (any more)."))
    ids = within(found.matched_ids, sight(request))
    said = size_text(ids, found.created_at, now=request.now)
    address = reverse("segmentation:upload", args=[found.pk])
    name = list_name(found.pk, found.name, fixed=found.report.get("fixed"), by=found.created_by_id)
    page = linked(address, name) if may_open(request, found) else name
    title = name if name != found.name else _("List: %(name)s") % {"name": name}
    return People(ids, title, format_html("{}: {}", page, said), {"kind": "file", "file": found.pk})


# --- the segments a contact is in (SG3) ----------------------------------------------------------------------
class Membership:
    """A segment that holds a contact, as of its last calculation."""

    def __init__(self, pk: int, name: str, as_of: datetime | None, *, ready: bool) -> None:
        self.pk, self.name, self.as_of, self.ready = pk, name, as_of, ready


def memberships(contact: Contact, *, now: datetime) -> list[Membership]:
    """Segments whose last calculation holds the contact: those ready first, then by name."""
    rows = Segment.objects.filter(latest__isnull=False).order_by("-latest_id")
    found: list[Membership] = []
    for pk, name, ready_until, as_of, members in rows.values_list(
        "pk", "name", "ready_until", "latest__as_of", "latest__members"
    )[:LOOKED_AT].iterator(chunk_size=20):
        if contact.pk in bitmap_of(members):
            found.append(Membership(pk, name, as_of, ready=ready_until is not None and now < ready_until))
    return sorted(found, key=lambda membership: (not membership.ready, membership.name.casefold()))


def panel(request: Request, contact: Contact) -> dict[str, Any]:
    """The contact page's card."""
    return {
        "segments": memberships(contact, now=request.now),
        "looked_at": LOOKED_AT,
        "in_all": Segment.objects.filter(latest__isnull=False).count(),
    }


FILTERS = [
    set_filter("calculation", members_of, label=gettext_lazy("Calculation")),
    set_filter("moved", moved_with, label=gettext_lazy("Joined or left")),
    set_filter("advanced", asked_for, label=gettext_lazy("Advanced filter")),
    set_filter("saved", meeting, label=gettext_lazy("Saved criteria")),
    set_filter("list", listed_in, label=gettext_lazy("List")),
]
TOOLS = [
    Tool(name="advanced", template="segmentation/contacts/_advanced.html"),
    Tool(name="segment", template="segmentation/contacts/_segment.html"),
    Tool(name="segment-of-selected", template="segmentation/contacts/_segment_of_selected.html", selected=True),
]
PANEL = Panel(name="segments", template="segmentation/_contact_panel.html", context=panel, order=30)
