"""Reading segments: which list each stands in, what its row shows, its history. Never loads a set it need not.

`mask`: the contacts that the reader sees, None for all of them (`contacts.sight`); every number is cut to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from config.menu import address_of
from config.requests import Request
from contacts.sight import sight
from jobs.models import ACTIVE, JobState
from segmentation import hooks
from segmentation.models import Calculation, Direction, Movement, Reason, Segment
from segmentation.seen import cut, cut_movements, seen

SETS = ("members", "joined", "left")  # up to a megabyte each: deferred wherever rows are listed
LATEST_SETS = tuple(f"latest__{name}" for name in SETS)
ATTEMPTS = 20  # calculations without a result that the history tells of
SPARK = 12  # calculations in the small plot
JUST_NOW = timedelta(minutes=10)
JUST_READY = 3  # named at most
UNFINISHED = (JobState.FAILED, JobState.ERRORED)

IN_CREATION, READY, ARCHIVE = "in_creation", "ready", "archive"
SEARCH = "search"  # all three together


@dataclass(frozen=True)
class TabLink:
    """One tab of the lists: what it is called, where it leads, how many are in it."""

    label: str | Promise
    url_name: str
    count: int


def segments() -> QuerySet[Segment]:
    """All segments, with the state of their last calculation and without any set."""
    last = Calculation.objects.filter(segment=OuterRef("pk")).order_by("-pk")
    return (
        Segment.objects.select_related("latest", "owner")
        .defer(*LATEST_SETS)
        .annotate(last_id=Subquery(last.values("pk")[:1]), last_state=Subquery(last.values("state")[:1]))
    )


def standing(now: datetime) -> dict[str, Q]:
    """Which list a segment of `segments()` is in at `now`; each is in exactly one.

    In creation: being calculated without an open window, or never calculated because that failed. Ready: its window is
    open. Archive: all others.
    """
    opened = Q(ready_until__isnull=False, ready_until__gt=now)
    never = Q(latest__isnull=True, last_state__isnull=False, last_state__in=UNFINISHED)
    creating = ~opened & (Q(last_state__isnull=False, last_state__in=ACTIVE) | never)
    return {IN_CREATION: creating, READY: opened, ARCHIVE: ~opened & ~creating}


def listed(where: str, *, now: datetime) -> QuerySet[Segment]:
    """The segments in one of the three lists at `now`, or in any. `where` says which list each is in."""
    places = standing(now)
    listed = Case(*(When(place, then=Value(name)) for name, place in places.items()), output_field=CharField())
    rows = segments().annotate(where=listed)
    return rows if where == SEARCH else rows.filter(places[where])


def archived(ids: Iterable[int], *, now: datetime) -> set[int]:
    """Those of these segments that are in the archive at `now`. One query."""
    return set(segments().filter(standing(now)[ARCHIVE], pk__in=list(ids)).values_list("pk", flat=True))


def list_of(segment: Segment, *, now: datetime) -> str:
    """The list `segment` is in at `now`."""
    if segment.ready_at(now):
        return READY
    state = Calculation.objects.filter(segment=segment).order_by("-pk").values_list("state", flat=True).first()
    if state in ACTIVE or (segment.latest_id is None and state in UNFINISHED):
        return IN_CREATION
    return ARCHIVE


def tabs(request: Request) -> list[TabLink]:
    """The three lists with their sizes in one query, then those registered by other apps."""
    now = request.now
    sizes = segments().aggregate(**{name: Count("pk", filter=where) for name, where in standing(now).items()})
    own = [
        TabLink(_("In creation"), "segmentation:in_creation", sizes[IN_CREATION]),
        TabLink(_("Ready to use"), "segmentation:ready", sizes[READY]),
        TabLink(_("Archive"), "segmentation:archive", sizes[ARCHIVE]),
    ]
    others = [tab for tab in hooks.tabs if address_of(tab.url_name)]
    return own + [TabLink(tab.label, tab.url_name, tab.count(request)) for tab in others]


def just_ready(now: datetime, *, mask: BitMap | None) -> list[Segment]:
    """The segments that people waited for and that became ready a moment ago, newest first."""
    recent = segments().filter(standing(now)[READY], latest__finished_at__gt=now - JUST_NOW)
    found = list(recent.exclude(latest__reason=Reason.REFRESH).order_by("-latest__finished_at")[:JUST_READY])
    cut((row.latest for row in found), mask)
    return found


def with_actions(rows: QuerySet[Segment]) -> QuerySet[Segment]:
    """Adds `performed`: the names of the kinds of actions carried out on each, and `planned`: how many wait.

    Through the reverse relation, because actions stand above segments and are not imported here.
    """
    done = Q(actions__runs__state=JobState.DONE)
    performed = Segment.objects.filter(pk=OuterRef("pk")).annotate(
        kinds=ArrayAgg("actions__kind", filter=done, distinct=True, default=[])
    )
    return rows.annotate(performed=Subquery(performed.values("kinds")))


def performing(kind: str) -> Q:
    """Segments on which an action of `kind` was carried out."""
    run = Segment.objects.filter(pk=OuterRef("pk"), actions__kind=kind, actions__runs__state=JobState.DONE)
    return Q(Exists(run))


def last_calculations(rows: list[Segment]) -> dict[int, Calculation]:
    """The last calculation of each segment, finished or not, by segment."""
    ids = [row.last_id for row in rows if row.last_id is not None]  # type: ignore[attr-defined]
    return {c.segment_id: c for c in Calculation.objects.filter(pk__in=ids).defer(*SETS)}


def sizes_over_time(rows: list[Segment], *, mask: BitMap | None) -> dict[int, list[int]]:
    """The last counts of each refreshing segment, oldest first: the small plot in its row."""
    place = Window(RowNumber(), partition_by=F("segment_id"), order_by=F("pk").desc())
    ids = [row.pk for row in rows if row.refreshes]
    done = Calculation.objects.filter(segment_id__in=ids, state=JobState.DONE).annotate(place=place)
    shown = list(done.filter(place__lte=SPARK).order_by("pk").values_list("segment_id", "pk", "count"))
    own = {} if mask is None else seen((pk for _segment, pk, _count in shown), mask)
    found: dict[int, list[int]] = {}
    for segment_id, pk, count in shown:
        found.setdefault(segment_id, []).append(own[pk].count if pk in own else count)
    return found


def history(segment: Segment) -> QuerySet[Calculation]:
    """Every finished calculation, newest first."""
    done = Calculation.objects.filter(segment=segment, state=JobState.DONE)
    return done.defer(*SETS).select_related("version", "requested_by").order_by("-pk")


def superseded_by(calculation: Calculation) -> Calculation | None:
    """The calculation that was stopped because this one was asked for, if one was."""
    earlier = Calculation.objects.filter(segment=calculation.segment_id, pk__lt=calculation.pk).defer(*SETS)
    before = earlier.order_by("-pk").first()
    stopped = before is not None and before.state == JobState.CANCELLED
    return before if before and stopped and before.finished_at == calculation.requested_at else None


def attempts(segment: Segment) -> list[tuple[Calculation, Calculation | None]]:
    """The newest calculations that came to nothing, each with the one that took its place, if it was stopped for it."""
    ended = [JobState.FAILED, JobState.ERRORED, JobState.CANCELLED]
    rows = Calculation.objects.filter(segment=segment, state__in=ended).defer(*SETS).select_related("requested_by")
    found = list(rows.order_by("-pk")[:ATTEMPTS])
    times = [row.finished_at for row in found if row.state == JobState.CANCELLED]
    after = Calculation.objects.filter(segment=segment, requested_at__in=times).defer(*SETS)
    replaced = {row.requested_at: row for row in after}
    return [(row, replaced.get(row.finished_at) if row.state == JobState.CANCELLED else None) for row in found]


def movements(calculation: Calculation, *, mask: BitMap | None) -> list[Movement]:
    """Who joined and left with a calculation by cause, the most first, without the sets.

    None: nobody did, or it is the first, or was made before causes were told.
    """
    rows = Movement.objects.filter(calculation=calculation).defer("members").order_by("-count", "cause")
    return cut_movements(rows, mask)


def causes_of(rows: Iterable[Calculation], *, mask: BitMap | None) -> dict[int, dict[str, list[Movement]]]:
    """`movements` of several calculations in one query: by calculation, then by direction."""
    found: dict[int, dict[str, list[Movement]]] = {row.pk: {way: [] for way in Direction.values} for row in rows}
    told = Movement.objects.filter(calculation__in=found).defer("members").order_by("-count", "cause")
    for movement in cut_movements(told, mask):
        found[movement.calculation_id][movement.direction].append(movement)
    return found


def segment_for(request: Request, pk: int) -> Segment:
    """The door: the segment of this address, with the numbers that this user may see; 404 for any other."""
    found = segments().select_related("version", "edited_by").filter(pk=pk).first()
    if found is None:
        raise Http404(f"no segment {pk}")
    cut([found.latest], sight(request))
    return found


def last_calculation(segment: Segment) -> Calculation | None:
    """The newest calculation whatever its state, without its sets."""
    return Calculation.objects.filter(segment=segment).defer(*SETS).order_by("-pk").first()
