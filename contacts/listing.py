"""The contact manager's list: which filters an address asks for, and one page of what they leave.

Broken means refused: an unknown parameter, a value that a filter does not take, an unknown order are errors, with no
rows. Nothing in the address is passed over.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import django_filters
from django import forms
from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_filters.widgets import SuffixedMultiWidget
from pyroaring import BitMap

from config.requests import Request
from contacts import manager, paging
from contacts.answering import Answers, answers
from contacts.filters import attribute_filter, own_filters
from contacts.manager import Criteria, ManagerFilter, Text
from contacts.models import Attribute, Consent, Contact
from contacts.paging import Asked, page_of
from contacts.selectors import ids_of
from contacts.sight import sight, within

SORTS = {"name": "sort_name", "email": "email", "lead_score": "lead_score", "created": "created_at"}
DEFAULT_SORT = "-created"
NO_FILTERS = frozenset({"sort", "page", "view", "columns"})


@dataclass(frozen=True)
class Chip:
    """A filter in force, in words, and the address without it."""

    text: str
    url: str


@dataclass
class Search:
    """What the manager's address asks for."""

    request: Request
    entries: list[ManagerFilter]
    filterset: django_filters.FilterSet
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request: Request) -> "Search":
        """The search in the request's address, checked."""
        entries = [
            *own_filters(request, Consent.objects.all()),
            *manager.filters.values(),
            *(attribute_filter(attribute) for attribute in Attribute.objects.all()),
        ]
        declared: dict[str, Any] = {entry.name: entry.filter(request) for entry in entries}
        kind = type("ContactFilterSet", (django_filters.FilterSet,), declared)
        search = cls(request, entries, kind(request.GET, queryset=Contact.objects.none(), request=request))
        search.check()
        return search

    @property
    def form(self) -> forms.Form:
        form: forms.Form = self.filterset.form
        return form

    @cached_property
    def parameters(self) -> dict[str, list[str]]:
        """The names in the address that each filter reads."""
        names = {}
        for name, form_field in self.form.fields.items():
            widget = form_field.widget
            suffixed = isinstance(widget, SuffixedMultiWidget)
            names[name] = [widget.suffixed(name, suffix) for suffix in widget.suffixes] if suffixed else [name]
        return names

    def check(self) -> None:
        """Collect what is wrong with the address beyond the filters' own errors, which the form has."""
        known = {parameter: name for name, parameters in self.parameters.items() for parameter in parameters}
        for parameter, values in self.request.GET.lists():
            if parameter not in known and parameter not in NO_FILTERS:
                self.problems.append(_("There is no filter “%(name)s”.") % {"name": parameter[:60]})
            elif len(values) > 1 and not self.takes_several(known.get(parameter, "")):
                self.problems.append(_("“%(name)s” is given more than once.") % {"name": parameter[:60]})
        if self.sort.lstrip("-") not in SORTS or self.sort.startswith("--"):
            self.problems.append(_("There is no order “%(name)s”.") % {"name": self.sort[:60]})
        if self.number is None:
            self.problems.append(_("There is no page “%(name)s”.") % {"name": self.request.GET["page"][:20]})

    def refuse(self, problem: str) -> None:
        """The list is not shown, for this reason."""
        self.problems.append(problem)
        self.__dict__.pop("errors", None)

    def takes_several(self, name: str) -> bool:
        widget = self.form.fields[name].widget if name in self.form.fields else None
        return bool(getattr(widget, "allow_multiple_selected", False)) or isinstance(widget, forms.MultipleHiddenInput)

    @property
    def sort(self) -> str:
        return self.request.GET.get("sort") or DEFAULT_SORT

    @property
    def number(self) -> int | None:
        """The page asked for; None is no page number."""
        text = self.request.GET.get("page") or "1"
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0 else None

    @cached_property
    def values(self) -> dict[str, Any]:
        """Cleaned values of the filters in force, by name."""
        return {name: value for name, value in self.form.cleaned_data.items() if given(value)}

    @cached_property
    def errors(self) -> list[tuple[str, str, str]]:
        """What is wrong: the filter's label, the id of its control, the sentence."""
        found = [("", "", problem) for problem in self.problems]
        for name, messages in self.form.errors.items():
            label, target = "", ""
            if name in self.form.fields:
                label, target = str(self.form[name].label), self.form[name].id_for_label
            found.extend((label, target, str(message)) for message in messages)
        return found

    @property
    def filtered(self) -> bool:
        return bool(self.values)

    def chips(self) -> list[Chip]:
        """The filters in force, in words."""
        return [
            Chip(self.words_of(entry), address(self.request, without=self.parameters[entry.name]))
            for entry in self.in_force()
        ]

    def notes(self, total: int) -> list[Text]:
        """Sentences that the filters in force put above the list."""
        notes = (entry.note(self.request, self.values[entry.name], total) for entry in self.in_force())
        return [note for note in notes if note]

    def unknown(self) -> Text:
        """Why it cannot be told yet who fits; empty: it can."""
        return next((why for entry in self.in_force() if (why := entry.unknown(self.values[entry.name]))), "")

    def in_force(self) -> list[ManagerFilter]:
        return [entry for entry in self.entries if entry.name in self.values]

    @property
    def query(self) -> str:
        """The address of the list without order and page: `?…`, whatever page or button it is carried to."""
        return address(self.request, without=["sort"])

    def criteria(self) -> tuple[list[Criteria], list[ManagerFilter]]:
        """The filters in force as criteria, all of which must hold; and the filters that can't be written so."""
        written = [(entry, entry.criteria(self.values[entry.name])) for entry in self.in_force()]
        return [node for _entry, node in written if node], [entry for entry, node in written if not node]

    def words_of(self, entry: ManagerFilter) -> str:
        """What a filter in force says."""
        return str(entry.words(self.values[entry.name]))

    def ids(self) -> BitMap:
        """Everyone in the list, on whichever page."""
        with self.answers() as state:
            return self.members(state)

    @cached_property
    def listed(self) -> BitMap:
        """`ids`, found once in the request: with the page of the list, where there is one."""
        return self.ids()

    def answers(self) -> AbstractContextManager[Answers]:
        """The state of the data at the request's moment."""
        return answers(self.request.now)

    def members(self, state: Answers) -> BitMap:
        """Everyone in the list, in this state of the data: who fits the filters, of those whom the user sees."""
        found = within(state.everyone, sight(self.request))
        for entry in self.in_force():
            found = found & self.let_through(entry, state)  # not in place: the state keeps its own
        return found

    def let_through(self, entry: ManagerFilter, state: Answers) -> BitMap:
        """Whom one filter in force lets through: as it knows by itself, as the engine finds, or as its rows say."""
        value = self.values[entry.name]
        known = entry.members(value)
        if known is None:
            known = entry.found(state, value)
        if known is None and (criteria := entry.criteria(value)):
            known = state.satisfying(criteria)
        if known is None:
            known = ids_of(self.filterset.filters[entry.name].filter(Contact.objects.all(), value))
        return known

    def controls(self) -> list[forms.BoundField]:
        """The filters that have a control beside the search box."""
        shown = [entry.name for entry in self.entries if not entry.hidden and entry.name != "q"]
        return [self.form[name] for name in shown]

    @property
    def control_wrong(self) -> bool:
        """Whether one of them is refused: then they are shown."""
        return any(control.errors for control in self.controls())

    def carried(self) -> list[tuple[str, str]]:
        """Parameters of filters without a control, for the form to keep."""
        return [
            (parameter, value)
            for entry in self.entries
            if entry.hidden
            for parameter in self.parameters[entry.name]
            for value in self.request.GET.getlist(parameter)
            if value
        ]

    def page(self) -> Page:
        """One page of contacts and the exact total. A number past the end is the last page."""
        asked = Asked(SORTS[self.sort.lstrip("-")], descending=self.sort.startswith("-"), number=self.number or 1)
        with self.answers() as state:
            self.listed = self.members(state)
            found = page_of(self.listed, asked, state)
            rows = Contact.objects.defer("attributes", "sort_name").in_bulk(found.ids)
        page = Paginator(range(found.total), paging.PER_PAGE).page(found.number)
        page.object_list = cast("Any", [rows[pk] for pk in found.ids])
        return page


def given(value: Any) -> bool:
    """Whether a cleaned value asks for anything: not None, nor an empty text, list or queryset."""
    return value is not None and not (hasattr(value, "__len__") and len(value) == 0)


def clean_address(query: QueryDict) -> str:
    """The address without the parameters that say nothing."""
    rest = QueryDict(mutable=True)
    for name, values in query.lists():
        if any(values):
            rest.setlist(name, [value for value in values if value])
    return f"?{rest.urlencode()}" if rest else "?"


def address(request: Request, *, without: Iterable[str]) -> str:
    """The page's address without these parameters and without the page number."""
    query = request.GET.copy()
    for name in (*without, "page"):
        query.pop(name, None)
    return clean_address(query)
