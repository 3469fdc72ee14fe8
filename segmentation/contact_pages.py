"""What segments add to the contact manager (the members of a calculation) and to a contact's page (its segments)."""

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.manager import ManagerFilter, Panel
from contacts.models import Contact
from contacts.selectors import restricted
from jobs.models import JobState
from segmentation.models import Calculation, Segment, bitmap_of

LOOKED_AT = 500  # segments, the newest calculations first: half a second's work at a million members each


# --- go to contact manager (IP24) ----------------------------------------------------------------------------
def calculation_filter(_request: HttpRequest) -> django_filters.Filter:
    """`?calculation=ID`: exactly the members of that calculation who still are contacts."""
    done = Calculation.objects.filter(state=JobState.DONE).defer("joined", "left").select_related("segment")
    return django_filters.ModelChoiceFilter(
        queryset=done,
        method=members_of,
        label=gettext_lazy("Calculation"),
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": gettext_lazy("There is no such calculation (any more).")},
    )


def members_of(contacts: QuerySet[Contact], _name: str, calculation: Calculation | None) -> QuerySet[Contact]:
    return contacts if calculation is None else restricted(contacts, calculation.member_ids)


def words(calculation: Calculation) -> str:
    """The filter's chip."""
    return _("Segment: %(name)s") % {"name": calculation.segment.name}


def note(request: HttpRequest, calculation: Calculation, total: int) -> SafeString:
    """Whose members these are, as of when, and why fewer are shown than were counted.

    The count of a calculation never changes; contacts deleted since are no longer there to be shown, and said.
    """
    count = calculation.count or 0
    now = request.now  # type: ignore[attr-defined]
    text = ngettext(
        "%(number)s contact in the calculation of %(when)s.",
        "%(number)s contacts in the calculation of %(when)s.",
        count,
    ) % {"number": number(count), "when": moment_text(calculation.as_of or now, now=now)}
    address = reverse("segmentation:preview", args=[calculation.segment_id])
    parts: list[str] = [format_html('<a href="{}">{}</a>: {}', address, calculation.segment.name, text)]
    if gone := deleted_since(calculation, total):
        told = ngettext(
            "%(number)s of them has been deleted since.", "%(number)s of them have been deleted since.", gone
        )
        parts.append(told % {"number": number(gone)})
    if calculation.segment.latest_id != calculation.pk:
        parts.append(_("There is a newer calculation."))
    return format_html(" ".join(["{}"] * len(parts)), *parts)


def deleted_since(calculation: Calculation, total: int) -> int:
    """How many members are contacts no more. Asked of the database only if the list is shorter than the count."""
    if total == calculation.count:
        return 0
    return (calculation.count or 0) - restricted(Contact.objects.all(), calculation.member_ids).count()


# --- the segments a contact is in (SG3) ----------------------------------------------------------------------
class Membership:
    """A segment that holds a contact, as of its last calculation."""

    def __init__(self, pk: int, name: str, as_of: datetime | None, *, ready: bool) -> None:
        self.pk, self.name, self.as_of, self.ready = pk, name, as_of, ready


def memberships(contact: Contact, *, now: datetime) -> list[Membership]:
    """Segments whose last calculation holds the contact: those ready first, then by name."""
    rows = Segment.objects.filter(latest__isnull=False).order_by("-latest")
    found: list[Membership] = []
    for pk, name, ready_until, as_of, members in rows.values_list(
        "pk", "name", "ready_until", "latest__as_of", "latest__members"
    )[:LOOKED_AT].iterator(chunk_size=20):
        if contact.pk in bitmap_of(members):
            found.append(Membership(pk, name, as_of, ready=ready_until is not None and now < ready_until))
    return sorted(found, key=lambda membership: (not membership.ready, membership.name.casefold()))


def panel(request: HttpRequest, contact: Contact) -> dict[str, Any]:
    """The contact page's card."""
    return {
        "segments": memberships(contact, now=request.now),  # type: ignore[attr-defined]
        "looked_at": LOOKED_AT,
        "in_all": Segment.objects.filter(latest__isnull=False).count(),
    }


FILTER = ManagerFilter(name="calculation", filter=calculation_filter, words=words, note=note, hidden=True)
PANEL = Panel(name="segments", template="segmentation/_contact_panel.html", context=panel, order=30)
