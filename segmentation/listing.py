"""One page of a list of segments: searched, filtered, sorted, with all its rows show, in a fixed number of queries."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Collate
from django.http import QueryDict
from pyroaring import BitMap

from config.asked import problems_in
from config.requests import Request
from contacts.folding import folded, plain, polish_key
from contacts.sight import sight
from segmentation import hooks, selectors
from segmentation.forms import ONCE, ListFilterForm
from segmentation.health import Examination, Finding, examined, with_finding
from segmentation.models import Calculation, Segment
from segmentation.seen import counts, cut, may_change

PER_PAGE = 25
SORTS: dict[str, Any] = {
    "name": Collate(polish_key("name"), "C"),
    "created": F("created_at"),
    "expires": F("ready_until"),
    "contacts": F("latest__count"),
    "requested": F("last_id"),
}
FIRST_SORT = {
    selectors.IN_CREATION: "-requested",
    selectors.READY: "-created",
    selectors.ARCHIVE: "-expires",
    selectors.SEARCH: "name",
}
LOW = 0.2  # of the window left: the meter changes its colour


@dataclass
class Row:
    """A segment in a list. `last` is its newest calculation, done or not; `now` the time the page speaks of."""

    segment: Segment
    where: str
    now: datetime
    last: Calculation | None = None
    sizes: list[int] = field(default_factory=list)
    performed: list[hooks.ActionKind] = field(default_factory=list)
    health: list[Finding] = field(default_factory=list)
    may_change: bool = False  # the reader

    @property
    def minutes_left(self) -> int:
        """Of the readiness window, none below zero."""
        left = self.segment.ready_until - self.now if self.segment.ready_until else None
        return max(0, int(left.total_seconds()) // 60) if left else 0

    @property
    def minutes_open(self) -> int:
        """The whole window; may be shorter than what is left after the readiness time was cut."""
        return max(self.segment.readiness_hours * 60, self.minutes_left)

    @property
    def nearly_over(self) -> bool:
        return self.minutes_left < self.minutes_open * LOW

    @property
    def calculating(self) -> bool:
        return self.last is not None and self.last.active

    @property
    def moved_on(self) -> bool:
        """Whether it is shown as in creation although its calculation ended while the list was being drawn."""
        ended = self.last is not None and not self.calculating and self.trouble is None
        return self.where == selectors.IN_CREATION and ended

    @property
    def trouble(self) -> Calculation | None:
        """The last calculation, if it ended without a result that the list could show."""
        return self.last if self.last is not None and self.last.state in selectors.UNFINISHED else None


def sort_in(where: str, asked: str) -> str:
    """The order asked for, else the list's own."""
    return asked or FIRST_SORT[where]


def refusals(query: QueryDict, form: ListFilterForm) -> list[str]:
    """Why the list cannot be narrowed as its address asks, in sentences; then it shows no rows."""
    told = problems_in(query, names=form.fields, sorts=SORTS)
    return told + [f"{form.fields[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]


def ordered(rows: QuerySet[Segment], sort: str, *, mask: BitMap | None = None) -> QuerySet[Segment]:
    """Rows without a value come last both ways; equal ones stay in one order from page to page."""
    by = SORTS[sort.removeprefix("-")]
    if mask is not None and by == SORTS["contacts"]:
        by = by_contacts_seen(rows, mask)
    expression = by.desc(nulls_last=True) if sort.startswith("-") else by.asc(nulls_last=True)
    return rows.order_by(expression, "-pk")


def by_contacts_seen(rows: QuerySet[Segment], mask: BitMap) -> Any:
    """The number of contacts that is shown, as a value to sort by: another order would tell of the others."""
    latest = dict(rows.filter(latest__isnull=False).order_by().values_list("pk", "latest"))
    sizes = counts(latest.values(), mask)
    cases = (When(pk=pk, then=Value(sizes.get(calculation, 0))) for pk, calculation in latest.items())
    return Case(*cases, default=None, output_field=IntegerField(null=True))


def filtered(rows: QuerySet[Segment], form: ListFilterForm, *, now: datetime, mask: BitMap | None) -> QuerySet[Segment]:
    """The rows that the form, found valid, asks for."""
    form.full_clean()
    asked = form.cleaned_data
    if text := asked.get("q"):
        rows = rows.alias(plain_name=plain("name")).filter(plain_name__contains=folded(text))
    if refresh := asked.get("refresh"):
        rows = rows.filter(refresh_every__isnull=refresh == ONCE)
    if kind := asked.get("action"):
        rows = rows.filter(selectors.performing(kind))
    if finding := asked.get("health"):
        rows = rows.filter(pk__in=with_finding(finding, now=now, mask=mask))
    return rows


def page_of(request: Request, where: str, *, form: ListFilterForm, sort: str, number: int | None) -> Page:
    """One page of the list, its rows as `Row`."""
    now, mask = request.now, sight(request)
    rows = ordered(filtered(selectors.listed(where, now=now), form, now=now, mask=mask), sort, mask=mask)
    page = Paginator(examined(selectors.with_actions(rows)), PER_PAGE).get_page(number)
    segments = list(page.object_list)
    findings = Examination(now, segments, mask).findings()
    last = selectors.last_calculations(segments)
    cut(last.values(), mask)
    sizes = selectors.sizes_over_time(segments, mask=mask)
    kinds = {kind.name: kind for kind in hooks.action_kinds}
    shown = [
        Row(
            segment=segment,
            where=segment.where,  # type: ignore[attr-defined]
            now=now,
            last=last.get(segment.pk),
            sizes=sizes.get(segment.pk, []),
            performed=[kinds[name] for name in segment.performed or [] if name in kinds],  # type: ignore[attr-defined]
            health=findings.get(segment.pk, []),
            may_change=may_change(request, segment.owner_id),
        )
        for segment in segments
    ]
    page.object_list = shown  # type: ignore[assignment]
    return page


def row_of(request: Request, segment: Segment) -> Row:
    """The row of one segment of `segment_for`, for the part of a page that follows its progress."""
    now = request.now
    last = selectors.last_calculation(segment)  # read first: what ends meanwhile is followed once more, never missed
    cut([last], sight(request))
    where, own = selectors.list_of(segment, now=now), may_change(request, segment.owner_id)
    return Row(segment=segment, where=where, now=now, last=last, may_change=own)


def any_filter(form: ListFilterForm) -> bool:
    """Whether the list is narrowed: an empty one then is no empty account."""
    return any(form.data.get(name) for name in form.fields)
