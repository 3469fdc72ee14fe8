"""Reading what contacts did and bought: the timeline, and the few numbers that describe a contact."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.shortcuts import get_object_or_404

from activities.builtin import ENGAGING
from activities.models import NOT_COUNTED, Activity, ActivityType, Order, OrderLine, Parameter, Visit
from config.requests import Request
from contacts.models import Contact

PER_PAGE = 15
RANKS: dict[str, int] = {"activity": 1, "visit": 2, "order": 3}  # of the same moment: the order is the latest
MODELS: dict[str, type[Activity] | type[Visit] | type[Order]] = {"activity": Activity, "visit": Visit, "order": Order}
PLACE = re.compile(r"(-?\d{1,17})\.([123])\.(\d{1,18})", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def activity_type_for(_request: Request, pk: int) -> ActivityType:
    """The door to an activity type. Raises: Http404."""
    return get_object_or_404(ActivityType, pk=pk)


# --- the timeline --------------------------------------------------------------------------------------------
class Place(NamedTuple):
    """Where an entry stands in the timeline: no two have the same."""

    at: datetime
    rank: int
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // TICK}.{self.rank}.{self.pk}"


def place(text: str) -> Place:
    """The place written in an address. Raises: ValueError."""
    found = PLACE.fullmatch(text)
    if not found:
        raise ValueError(text)
    try:
        return Place(EPOCH + TICK * int(found[1]), int(found[2]), int(found[3]))
    except OverflowError:
        raise ValueError(text) from None


@dataclass(frozen=True)
class Entry:
    """One thing in the timeline; `lines` of an order, in their order."""

    kind: str
    row: Activity | Visit | Order
    lines: list[OrderLine] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.row.at, RANKS[self.kind], self.row.pk)


@dataclass(frozen=True)
class Page:
    """Some entries, newest first, and the places from which the ones before and after them are asked for."""

    entries: list[Entry]
    newer: Place | None
    older: Place | None


def timeline(
    contact: Contact,
    *,
    kinds: Iterable[str] = tuple(RANKS),
    type_id: int | None = None,
    before: Place | None = None,
    after: Place | None = None,
    size: int = PER_PAGE,
) -> Page:
    """A page of what the contact did and bought, newest first: the newest, or those older or newer than a place.

    Each kind is read along its index on (contact, at), never further than one page. One query for each kind, one for
    the lines of the orders.
    """
    found: list[Entry] = []
    kinds, edge = list(kinds), before or after
    upwards = edge is not None and before is None
    for kind in kinds:
        rows: QuerySet = MODELS[kind].objects.filter(contact=contact)
        if type_id is not None:
            rows = rows.filter(type_id=type_id)
        if edge is not None:
            rows = rows.filter(beyond(edge, RANKS[kind], newer=upwards))
        order = ("at", "id") if upwards else ("-at", "-id")
        found += [Entry(kind, row) for row in rows.order_by(*order)[: size + 1]]
    found.sort(key=lambda entry: entry.place, reverse=not upwards)
    more, found = len(found) > size, found[:size]
    if upwards and not more:  # the beginning is reached: the first page whole, not what is left of it
        return timeline(contact, kinds=kinds, type_id=type_id, size=size)
    if upwards:
        found.reverse()
    return Page(
        with_lines(found),
        newer=found[0].place if found and (upwards or before is not None) else None,
        older=found[-1].place if found and (upwards or more) else None,
    )


def beyond(place: Place, rank: int, *, newer: bool) -> Q:
    """A condition on rows of the kind with `rank`: they stand beyond `place`. The bound on `at` is the index's."""
    if rank == place.rank:
        if newer:
            return Q(at__gte=place.at) & (Q(at__gt=place.at) | Q(id__gt=place.pk))
        return Q(at__lte=place.at) & (Q(at__lt=place.at) | Q(id__lt=place.pk))
    if newer:
        return Q(at__gte=place.at) if rank > place.rank else Q(at__gt=place.at)
    return Q(at__lte=place.at) if rank < place.rank else Q(at__lt=place.at)


def with_lines(entries: list[Entry]) -> list[Entry]:
    """The entries, orders with their lines."""
    orders = {entry.row.pk: entry for entry in entries if entry.kind == "order"}
    if orders:
        for line in OrderLine.objects.filter(order_id__in=orders).order_by("order_id", "position"):
            orders[line.order_id].lines.append(line)
    return entries


@dataclass(frozen=True)
class Counts:
    """How much there is of a contact: activities by type, visits, orders whatever their status."""

    types: dict[int, int]
    visits: int
    orders: int

    @property
    def activities(self) -> int:
        return sum(self.types.values())

    @property
    def everything(self) -> int:
        return self.activities + self.visits + self.orders


def counts(contact: Contact) -> Counts:
    """Three queries on the contact's own rows."""
    types = Activity.objects.filter(contact=contact).order_by().values_list("type_id").annotate(n=Count("id"))
    return Counts(
        types=dict(types),
        visits=Visit.objects.filter(contact=contact).count(),
        orders=Order.objects.filter(contact=contact).count(),
    )


def declared() -> dict[int, ActivityType]:
    """Every activity type with its parameters, by id. Two queries."""
    return {each.pk: each for each in ActivityType.objects.prefetch_related("parameters")}


def parameters_of(kind: ActivityType) -> Sequence[Parameter]:
    """The type's parameters in the order they were declared."""
    return list(kind.parameters.all())


# --- a contact in numbers ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Spending:
    """A contact's orders but for the cancelled and refunded ones, which `left_out` counts."""

    orders: int
    total: Decimal | None
    largest: Decimal | None
    first: datetime | None
    last: datetime | None
    left_out: int

    @property
    def average(self) -> Decimal | None:
        return None if self.total is None else self.total / self.orders


def spending(contact: Contact) -> Spending:
    """One query."""
    counted = ~Q(status__in=NOT_COUNTED)
    found = Order.objects.filter(contact=contact).aggregate(
        number=Count("id", filter=counted),
        spent=Sum("total", filter=counted),
        largest=Max("total", filter=counted),
        first=Min("at", filter=counted),
        last=Max("at", filter=counted),
        left_out=Count("id", filter=~counted),
    )
    return Spending(orders=found.pop("number"), total=found.pop("spent"), **found)


def last_visit(contact: Contact) -> Visit | None:
    return Visit.objects.filter(contact=contact).order_by("-at", "-id").first()


@dataclass(frozen=True)
class Engagement:
    """Whether a contact is engaged, and why: its last interaction that counts, no later than now."""

    engaged: bool
    since: datetime  # when the window began
    days: int
    last: Entry | None
    until: date | None = None  # the last day on which it is engaged, if it does nothing any more
    ended: date | None = None  # the first day on which it was not, by the last interaction


def window_start(days: int, *, now: datetime, zone: ZoneInfo) -> datetime:
    """When the last `days` days began: midnight of the account's calendar, today being one of the days."""
    today = now.astimezone(zone).date()
    return datetime.combine(today - timedelta(days=days - 1), time.min, tzinfo=zone).astimezone(UTC)


def engagement(contact: Contact, *, days: int, now: datetime, zone: ZoneInfo) -> Engagement:
    """As the criterion `engagement` has it. Three queries, each along the index on (contact, at)."""
    found: list[Entry] = []
    for kind, rows in (
        ("activity", Activity.objects.filter(contact=contact, type__key__in=ENGAGING).select_related("type")),
        ("visit", Visit.objects.filter(contact=contact)),
        ("order", Order.objects.filter(contact=contact).exclude(status__in=NOT_COUNTED)),
    ):
        if last := rows.filter(at__lte=now).order_by("-at", "-id").first():
            found.append(Entry(kind, last))
    latest = max(found, key=lambda entry: entry.place, default=None)
    since = window_start(days, now=now, zone=zone)
    if latest is None:
        return Engagement(engaged=False, since=since, days=days, last=None)
    ended = latest.row.at.astimezone(zone).date() + timedelta(days=days)
    engaged = latest.row.at >= since
    return Engagement(
        engaged,
        since,
        days,
        latest,
        until=ended - timedelta(days=1) if engaged else None,
        ended=None if engaged else ended,
    )
