"""The timeline of a contact as its page shows it: what may be asked in the address, and each entry in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from activities import selectors
from activities.builtin import ICONS
from activities.models import Activity, ActivityType, Channel, Order, OrderLine, OrderStatus, Sourced, Visit
from activities.selectors import RANKS, Counts, Entry, Place, parameters_of
from config.requests import Request
from config.templatetags.times import moment_text, time_tag
from contacts.attributes import value_text
from contacts.models import Contact

OWN = ("show", "before", "after")  # of the address; the rest is other parts' of the page
STATUS_CHIPS = {OrderStatus.CANCELLED: "bad", OrderStatus.REFUNDED: "bad", OrderStatus.NEW: "warn"}
LINES_AT_ONCE = 4
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class UnknownError(ValueError):
    """The address asks for something that the timeline does not have."""


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `show`: "", a kind, or `activity:KEY`."""

    show: str = ""
    type: ActivityType | None = None
    before: Place | None = None
    after: Place | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of rows to read."""
        kind = self.show.partition(":")[0]
        return (kind,) if kind else tuple(RANKS)


def asked(query: QueryDict, types: Mapping[int, ActivityType]) -> Asked:
    """Raises: UnknownError for what no link of the timeline says: never a list narrowed by something else."""
    values = {name: query.getlist(name) for name in OWN}
    if any(len(found) > 1 for found in values.values()) or (values["before"] and values["after"]):
        raise UnknownError
    show = "".join(values["show"])
    kind, colon, key = show.partition(":")
    if (kind and kind not in RANKS) or (colon and kind != "activity"):
        raise UnknownError
    chosen = next((each for each in types.values() if each.key == key), None) if colon else None
    if colon and chosen is None:
        raise UnknownError
    try:
        places = {name: selectors.place(values[name][0]) for name in ("before", "after") if values[name]}
    except ValueError:
        raise UnknownError from None
    return Asked(show=show, type=chosen, **places)


# --- links ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Link:
    """Somewhere else in the timeline: as a plain link, and fetched."""

    id: str
    label: str
    page: str
    fetch: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True)
class Links:
    """Makes the links of one contact's timeline; what else is in the address of the page stays in it."""

    contact: Contact
    kept: list[tuple[str, str]]

    @classmethod
    def of(cls, request: Request, contact: Contact) -> "Links":
        kept = [(name, value) for name, values in request.GET.lists() for value in values if name not in OWN]
        return cls(contact, kept)

    def to(self, id: str, label: str = "", *, count: int | None = None, current: bool = False, **state: Any) -> Link:  # noqa: A002
        query = urlencode([*self.kept, *((name, str(value)) for name, value in state.items() if value)])
        page = reverse("contacts:contact", args=[self.contact.pk]) + (f"?{query}" if query else "")
        fetch = reverse("activities:timeline", args=[self.contact.pk]) + (f"?{query}" if query else "")
        return Link(id=f"timeline-{id}", label=label, page=page, fetch=fetch, count=count, current=current)


def kind_links(links: Links, counts: Counts, asked: Asked) -> list[Link]:
    """Everything, orders, visits, activities, each with how many there are."""
    offered = (
        ("", _("Everything"), counts.everything),
        ("order", _("Orders"), counts.orders),
        ("visit", _("Visits"), counts.visits),
        ("activity", _("Activities"), counts.activities),
    )
    now = asked.show.partition(":")[0]
    return [
        links.to(kind or "all", label, count=count, current=kind == now, show=kind) for kind, label, count in offered
    ]


def type_links(links: Links, counts: Counts, asked: Asked, types: Mapping[int, ActivityType]) -> list[Link]:
    """The activity types that the contact has, the most frequent first, and the one asked for."""
    if not asked.show.startswith("activity"):
        return []
    found = {pk: count for pk, count in counts.types.items() if pk in types}
    if asked.type is not None:
        found.setdefault(asked.type.pk, 0)
    order = sorted(found, key=lambda pk: (-found[pk], types[pk].label.casefold()))
    return [
        links.to(
            types[pk].key,
            types[pk].label,
            count=found[pk],
            current=types[pk] == asked.type,
            show=f"activity:{types[pk].key}",
        )
        for pk in order
    ]


# --- entries in words ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Detail:
    """A parameter or a part of the source: "address: https://…"."""

    label: str
    value: str


@dataclass(frozen=True)
class Told:
    """An entry ready to show."""

    kind: Literal["activity", "visit", "order"]
    icon: str
    title: str
    at: datetime
    details: list[Detail]
    source: str = ""
    order: Order | None = None
    status_chip: str = ""
    lines: list[OrderLine] = field(default_factory=list)

    @property
    def day(self) -> date:
        """In the account's zone."""
        return timezone.localtime(self.at).date()

    @property
    def clock(self) -> SafeString:
        """The time of day, in the account's zone."""
        return time_tag(self.at, f"{timezone.localtime(self.at):%H:%M}", title=moment_text(self.at, now=timezone.now()))

    @property
    def first_lines(self) -> list[OrderLine]:
        return self.lines[:LINES_AT_ONCE]

    @property
    def further_lines(self) -> list[OrderLine]:
        return self.lines[LINES_AT_ONCE:]


def title_of(entry: Entry) -> str:
    """What happened: the type's name, "Visit", "Order 1024"."""
    match entry.row:
        case Activity() as row:
            return row.type.label
        case Visit():
            return pgettext("of a website", "Visit")
        case Order() as row:
            return _("Order %(number)s") % {"number": row}


def told(entry: Entry) -> Told:
    """The entry in the reader's language."""
    title = title_of(entry)
    match entry.row:
        case Activity() as row:
            return Told("activity", ICONS.get(row.type.key, "activity"), title, row.at, parameters_told(row))
        case Visit() as row:
            return Told("visit", "globe", title, row.at, source_told(row), source=channel_told(row))
        case Order() as row:
            chip = STATUS_CHIPS.get(OrderStatus(row.status), "good")
            return Told(
                "order",
                "shopping-bag",
                title,
                row.at,
                source_told(row),
                source=channel_told(row),
                order=row,
                status_chip=chip,
                lines=entry.lines,
            )


def parameters_told(row: Activity) -> list[Detail]:
    """The parameters that the activity has, in the order of their declaration."""
    return [
        Detail(parameter.label, value_text(parameter.type, row.params[parameter.key]))
        for parameter in parameters_of(row.type)
        if parameter.key in row.params
    ]


def channel_told(row: Sourced) -> str:
    return str(Channel(row.channel).label)


def source_told(row: Sourced) -> list[Detail]:
    """The raw values that the channel was made of."""
    named = [*((name, name) for name in UTM), ("referrer", _("came from")), ("landing_url", _("came to"))]
    return [Detail(label, getattr(row, name)) for name, label in named if getattr(row, name)]


# --- all of it -----------------------------------------------------------------------------------------------
def context(request: Request, contact: Contact) -> dict[str, Any]:
    """What the timeline's template needs. The number of queries does not depend on what there is."""
    types, counts = selectors.declared(), selectors.counts(contact)
    links = Links.of(request, contact)
    try:
        wanted = asked(request.GET, types)
    except UnknownError:
        return {"refused": True, "kinds": kind_links(links, counts, Asked("?")), "everything": links.to("newest")}
    page = selectors.timeline(
        contact,
        kinds=wanted.kinds,
        type_id=wanted.type.pk if wanted.type else None,
        before=wanted.before,
        after=wanted.after,
    )
    for entry in page.entries:
        if isinstance(entry.row, Activity) and entry.row.type_id in types:
            entry.row.type = types[entry.row.type_id]
    return {
        "refused": False,
        "anything": counts.everything > 0,
        "kinds": kind_links(links, counts, wanted),
        "types": type_links(links, counts, wanted, types),
        "entries": [told(entry) for entry in page.entries],
        "newest": links.to("newest", show=wanted.show) if wanted.before or wanted.after else None,
        "newer": links.to("newer", show=wanted.show, after=page.newer) if page.newer else None,
        "older": links.to("older", show=wanted.show, before=page.older) if page.older else None,
        "currency": request.tenant.currency,
    }
