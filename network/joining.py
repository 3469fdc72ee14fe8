"""What the network signal gives to contacts: what goes with one, what is handed over, what a consent is needed for."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

import pool.services as pool
from contacts.handing_over import Part, Row
from contacts.hooks import Merge, Use
from contacts.models import Consent, Contact
from contacts.scrubbing import names_of
from network.models import Elsewhere, Membership


def erase(contact: Contact) -> None:
    """The addresses it had leave the pool. Its bit goes with its row."""
    if Membership.objects.exists():
        pool.forget(names_of(contact).emails)


def merge(merged: Merge) -> dict[str, Any]:
    """What was given of the others is taken back; the kept contact is given by its own address in the next round."""
    if Membership.objects.exists():
        others = Contact.objects.filter(pk__in=merged.others)
        pool.forget({email for other in others for email in names_of(other).emails})
    return {}


def uses_of_consent(consent: Consent) -> list[Use]:
    if Membership.objects.filter(consent=consent).exists():
        return [Use(_("Network signal"), reverse("network:signal"))]
    return []


def signal(contact: Contact) -> Iterator[Row]:
    """The one bit, if it is a yes."""
    for at in Elsewhere.objects.filter(contact_id=contact.pk).values_list("at", flat=True):
        yield {"engaged_elsewhere": True, "as_of": at}


PART = Part("network_signal", ("engaged_elsewhere", "as_of"), signal)
