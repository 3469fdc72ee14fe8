"""Contacts for the find box."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.find import Found
from contacts.selectors import matching, visible

MOST = 10


def find_contacts(request: HttpRequest, text: str) -> Iterable[Found]:
    """Some contacts that have every word of `text`."""
    for contact in matching(visible(request.user), text).order_by()[:MOST]:
        yield Found(
            title=str(contact),
            url=reverse("contacts:contact", args=[contact.pk]),
            kind=_("Contacts"),
            detail=contact.email or contact.phone or "",
            icon="user",
        )
