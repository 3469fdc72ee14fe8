"""Where the bit is shown: a card on the contact's page, and a list in the contact manager. Nowhere else, on purpose.

No criterion, column, export or answer of the API carries it on (docs/network-signal.md, "Where it is shown").
"""

from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.fields import ChoiceField
from pyroaring import BitMap

from config.requests import Request
from config.templatetags.times import moment_text
from contacts.holding import Packed
from contacts.id_sets import bitmap
from contacts.manager import ManagerFilter, Panel
from contacts.models import ConsentState, Contact, ContactConsent
from contacts.selectors import restricted
from network.exchanging import asked_about
from network.models import Elsewhere, Membership
from rollout.selectors import is_open
from segmentation.contact_sets import require_open

YES = "yes"
AREA = "network"


def panel(request: Request, contact: Contact) -> dict[str, Any]:
    """One query, two where there is no yes; nothing is shown of an account that does not take part.

    `asked`: whether no yes is a no; of whom nothing was asked nothing is known. `agrees`: has given the chosen consent.
    """
    if not is_open(AREA, request.tenant):
        return {"network": None}
    yes = Exists(Elsewhere.objects.filter(contact_id=contact.pk))
    given = ContactConsent.objects.filter(contact=contact.pk, consent=OuterRef("consent_id"), state=ConsentState.GIVEN)
    own = Membership.objects.annotate(elsewhere=yes, agrees=Q(consent=None) | Exists(given)).first()
    return {"network": own, "asked": own is not None and (own.elsewhere or asked_about(own, contact))}


PANEL = Panel(name="network", template="network/_panel.html", context=panel, order=8)


def members() -> BitMap:
    """Who has a yes."""
    return bitmap(Elsewhere.objects.aggregate(packed=Packed("contact_id"))["packed"])


class SignalField(ChoiceField):
    """Refuses every value while the area is closed to the account."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value:
            require_open(AREA)


class SignalFilter(django_filters.ChoiceFilter):
    field_class = SignalField


def signal_filter(_request: Request) -> django_filters.Filter:
    """`?network=yes`."""

    def by_signal(queryset: QuerySet[Contact], _name: str, value: str) -> QuerySet[Contact]:
        return restricted(queryset, members()) if value else queryset

    return SignalFilter(
        method=by_signal,
        choices=[(YES, gettext_lazy("Yes"))],
        label=gettext_lazy("Network signal"),
        widget=forms.HiddenInput,
    )


def note(request: Request, _value: Any, _total: int) -> str:
    """Whose data it is, and as of when."""
    own = Membership.objects.first()
    if own is None:
        return _("The network signal is off: no contact has one.")
    if own.answered_at is None:
        return ""  # `unknown` says so
    when = moment_text(own.answered_at, now=request.now)
    return _("As of %(when)s, by the network signal; not your own data.") % {"when": when}


def unknown(_value: Any) -> str:
    """Why nobody is listed before the first answer."""
    waiting = Membership.objects.filter(answered_at=None).exists()
    return _("The network has not answered yet.") if waiting else ""


FILTER = ManagerFilter(
    name="network",
    filter=signal_filter,
    words=lambda _value: _("Engaged elsewhere in the network"),
    note=note,
    unknown=unknown,
    members=lambda _value: members(),
    hidden=True,
)
