"""Contacts for the find box."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from config.find import Findings, Found
from contacts.selectors import matching, visible

MOST = 10
COUNTED_TO = 10_000  # a word that half a million have would be counted for a second


def find_contacts(request: HttpRequest, text: str) -> Findings:
    """Some contacts that have every word of `text`, and how many have; the contact manager lists them all."""
    matches = matching(visible(request.user), text).order_by()
    found = [
        Found(
            title=str(contact),
            url=reverse("contacts:contact", args=[contact.pk]),
            detail=contact.email or contact.phone or "",
            icon="user",
        )
        for contact in matches[:MOST]
    ]
    total = matches.values("pk")[: COUNTED_TO + 1].count() if len(found) == MOST else len(found)
    return Findings(
        kind=_("Contacts"),
        things=found,
        total=min(total, COUNTED_TO),
        url=f"{reverse('contacts:manager')}?{urlencode({'q': text})}",
        counted_to_limit=total > COUNTED_TO,
    )
