"""Contacts for the find box."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from config.find import Findings, Found
from config.requests import Request
from contacts.answering import answers
from contacts.models import Contact
from contacts.searching import whom
from contacts.sight import sight, within

MOST = 10


def find_contacts(request: Request, text: str) -> Findings:
    """The newest contacts that have every word of `text`, and how many have; the contact manager lists them all."""
    with answers(request.now) as state:
        members = within(whom(text, state), sight(request))
        newest = list(members[-MOST:])[::-1] if members else []
        rows = Contact.objects.defer("attributes").in_bulk(newest)
    found = [
        Found(
            title=str(rows[pk]),
            url=reverse("contacts:contact", args=[pk]),
            detail=rows[pk].email or rows[pk].phone or "",
            icon="user",
        )
        for pk in newest
    ]
    return Findings(
        kind=_("Contacts"),
        things=found,
        total=len(members),
        url=f"{reverse('contacts:manager')}?{urlencode({'q': text})}",
    )
