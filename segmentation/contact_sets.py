"""Lists of people for the contact manager: a parameter of its address names a set of contacts, made here or kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pyroaring import BitMap

from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.answering import answers
from contacts.manager import ManagerFilter
from contacts.models import Contact
from contacts.selectors import restricted
from contacts.sight import sight, within
from rollout.selectors import is_open_here


@dataclass(frozen=True)
class People:
    """Contacts that an address names. `note` says whose they are and as of when, with links; `title` is the chip.

    Those of a past calculation may have been deleted since: what is missing from the list is told.
    """

    ids: BitMap
    title: str
    note: SafeString | str
    criteria: dict[str, Any] | None = None  # that exactly these satisfy, also later
    erased: int = 0  # who belonged to them, and is known by number alone
    here: BitMap = field(default_factory=BitMap)  # those of them who are contacts still: `set_filter` finds them

    # No length: an empty set is a filter in force that lets nobody through, not one that asks for nothing.


Read = Callable[[Request, str], People]


class PeopleField(forms.CharField):
    """The text of the parameter; what it names as `People`. Raises: ValidationError, if it names nothing."""

    widget = forms.HiddenInput

    def __init__(self, *, read: Callable[[str], People], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read = read

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return self.read(text) if text else None


class PeopleFilter(django_filters.Filter):
    """Lets through the contacts of the set alone."""

    field_class = PeopleField

    def filter(self, qs: QuerySet[Contact], value: Any) -> QuerySet[Contact]:
        return qs if value is None else restricted(qs, value.here)


def set_filter(name: str, read: Read, *, label: Any, area: str = "", longest: int = 200) -> ManagerFilter:
    """A hidden filter `?name=TEXT` of the contact manager: the contacts that `read(request, text)` finds.

    read: raises ValidationError, with a sentence for the user, where the text names nothing (any more). Of those whom
        it finds only those are listed whom the reader sees; its note tells of no others.
    area: the area of the product whose list it is: refused while that is closed. longest: letters of TEXT.
    """

    def found(request: Request, text: str) -> People:
        require_open(area)
        people = read(request, text)
        mask = sight(request)
        ids = within(people.ids, mask)
        return replace(people, ids=ids, here=ids & everyone(request), erased=people.erased if mask is None else 0)

    return ManagerFilter(
        name=name,
        filter=lambda request: PeopleFilter(read=lambda text: found(request, text), label=label, max_length=longest),
        words=lambda people: people.title,
        note=lambda _request, people, _total: sentences(people.note, deleted_since(people)),
        criteria=lambda people: people.criteria,
        members=lambda people: people.here,
        hidden=True,
    )


def require_open(area: str) -> None:
    """Refuses the list of an area that is closed to the account; "" is none. Raises: ValidationError."""
    if area and not is_open_here(area):
        raise ValidationError(_("This list is of an area that is not open to the account."))


def everyone(request: Request) -> BitMap:
    """The contacts there are. Read once in a process, as long as none comes, changes or goes."""
    with answers(request.now) as state:
        return state.everyone


def deleted_since(people: People) -> str:
    """How many of the set are contacts no more, in words; empty if all still are."""
    gone = len(people.ids) - len(people.here) + people.erased
    if not gone:
        return ""
    text = ngettext("%(number)s of them has been deleted since.", "%(number)s of them have been deleted since.", gone)
    return text % {"number": number(gone)}


def size_text(ids: BitMap, at: datetime, *, now: datetime) -> str:
    """ "12 contacts, as of 19 Nov, 08:00."."""
    text = ngettext("%(number)s contact, as of %(when)s.", "%(number)s contacts, as of %(when)s.", len(ids))
    return text % {"number": number(len(ids)), "when": moment_text(at, now=now)}


def sentences(*parts: SafeString | str) -> SafeString:
    """One after the other, those that there are."""
    return format_html_join(" ", "{}", ((part,) for part in parts if part))


def whole(text: str) -> int:
    """An id in a parameter; 0, which nothing has, where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def create_url(criteria: dict[str, Any] | None) -> str:
    """Create segment with these criteria; "" without any: no criteria say who they are."""
    return f"{reverse('segmentation:create')}?{urlencode({'criteria': json.dumps(criteria)})}" if criteria else ""


def linked(url: str, text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)
