"""Reading actions: what stands on a segment's list, in words, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from actions.kinds import KindError, Reference, kind_named
from actions.models import Action, ActionRun, Audience, Undo
from actions.seen import cut_runs
from actions.services import calculation_meant
from config.requests import Request
from contacts.models import Consent
from contacts.sight import sees_all, sight
from jobs.models import ACTIVE
from segmentation.models import Calculation, Segment
from segmentation.seen import may_change
from segmentation.selectors import segment_for
from tags.models import Tag
from tags.tree import branches
from users.models import User

CALCULATION_SETS = ("members", "joined", "left")  # up to a megabyte each
SETS = tuple(f"calculation__{name}" for name in CALCULATION_SETS)


def sentences(actions: Iterable[Action]) -> dict[int, str]:
    """What each action does, by its id, in the reader's language. One query for each sort of thing that is named."""
    checked: dict[int, tuple[Any, Any]] = {}
    for action in actions:
        try:
            kind = kind_named(action.kind)
            checked[action.pk] = (kind, kind.checked(action.params))
        except KindError:
            checked[action.pk] = (None, action.kind_name)
    names = names_of(
        reference for kind, params in checked.values() if kind is not None for reference in kind.references(params)
    )
    return {pk: kind.sentence(params, names) if kind is not None else params for pk, (kind, params) in checked.items()}


def names_of(references: Iterable[Reference]) -> dict[Reference, str]:
    """The present names of what is referred to; what is gone is left out."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for reference in references:
        wanted[reference.what].add(reference.pk)
    sources: dict[str, QuerySet[Any]] = {"tag": Tag.objects.all(), "consent": Consent.objects.all()}
    categories = wanted.pop("category", set())
    names = {
        Reference(what, each.pk): each.name for what, pks in wanted.items() for each in sources[what].filter(pk__in=pks)
    }
    tree = branches() if categories else []  # some hundred rows: what lies above a category is a part of its name
    return names | {Reference("category", each.pk): each.title for each in tree if each.pk in categories}


@dataclass(frozen=True)
class Row:
    """One line of a segment's list: an action, and what it does in words. `may_change`: the reader may stop it."""

    action: Action
    sentence: str
    may_change: bool = False


@dataclass(frozen=True)
class RunRow:
    """One line of what was performed or is running. `may_change`: the reader may cancel, repeat or undo it."""

    run: ActionRun
    sentence: str
    may_change: bool


@dataclass
class Reach:
    """What an action added now would reach: the counts of the latest calculation, and when it would run."""

    segment: Segment
    latest: Calculation | None
    ready: bool
    creating: bool
    meant: int | None  # the calculation it is for; a question speaks of that one alone
    audience: str = Audience.ALL

    @property
    def closed(self) -> bool:
        """No action can be added."""
        return not self.ready and not self.creating

    @property
    def acts_on(self) -> int | None:
        """The calculation an action added now would start on at once."""
        return self.latest.pk if self.ready and self.latest else None

    def choose(self, audience: str) -> None:
        """Speak of this audience from now on."""
        self.audience = audience

    @property
    def count(self) -> int | None:
        """How many contacts the chosen audience has in the latest calculation."""
        if self.latest is None:
            return None
        counts = {
            Audience.ALL.value: self.latest.count,
            Audience.JOINED.value: self.latest.joined_count,
            Audience.LEFT.value: self.latest.left_count,
        }
        return counts[self.audience]

    @property
    def audience_label(self) -> str:
        return str(Audience(self.audience).label)


def reach_of(segment: Segment, *, calculating: int | None, now: datetime) -> Reach:
    """The standing of a segment of `segment_for` for adding actions at `now`; `calculating`: of `under_way_of`."""
    meant = calculation_meant(segment, calculating=calculating, now=now)
    ready, creating = segment.ready_at(now), calculating is not None
    return Reach(segment=segment, latest=segment.latest, ready=ready, creating=creating, meant=meant)


def runs_on_contacts(user: User) -> QuerySet[ActionRun]:
    """The runs on picked contacts, newest first, without any set; of who sees some contacts only, their own."""
    found = ActionRun.objects.filter(action__picked__isnull=False).order_by("-pk")
    if not sees_all(user):
        found = found.filter(action__created_by=user)
    return found.select_related("action__created_by", "action__picked", "undo__requested_by").defer(
        "changed", "seen", "action__picked__members"
    )


def runs_of(segment: Segment) -> QuerySet[ActionRun]:
    """The runs on this segment, newest first, without any set."""
    found = ActionRun.objects.filter(action__segment=segment).order_by("-pk")
    found = found.select_related("action__created_by", "calculation", "undo__requested_by")
    return found.defer("changed", "seen", *SETS)


def told(request: Request, runs: Iterable[ActionRun]) -> list[RunRow]:
    """Runs with their actions in words, and with the numbers that the reader may see."""
    runs = list(runs)
    words = sentences(run.action for run in runs)
    cut_runs(runs, sight(request))
    return [RunRow(run, words[run.action_id], may_change(request, run.action.created_by_id)) for run in runs]


def ahead(request: Request, segment: Segment) -> list[Row]:
    """Actions that wait for a calculation: planned ones and recurring ones, newest first."""
    runs = ActionRun.objects.filter(action=OuterRef("pk"))
    found = list(
        Action.objects.filter(Q(every_refresh=True) | ~Exists(runs), segment=segment, stopped_at__isnull=True)
        .select_related("created_by")
        .order_by("-pk")
    )
    told = sentences(found)
    return [Row(action, told[action.pk], may_change(request, action.created_by_id)) for action in found]


def stopped(segment: Segment) -> list[Row]:
    """Actions that were stopped before they ran at all; the others are told by their runs."""
    never = ~Exists(ActionRun.objects.filter(action=OuterRef("pk")))
    found = list(
        Action.objects.filter(never, segment=segment, stopped_at__isnull=False)
        .select_related("created_by", "stopped_by")
        .order_by("-pk")
    )
    told = sentences(found)
    return [Row(action, told[action.pk]) for action in found]


def under_way(runs: QuerySet[ActionRun]) -> bool:
    """Whether one of these runs, or its undo, waits or runs: their page looks again by itself."""
    return runs.filter(Q(state__in=ACTIVE) | Q(undo__state__in=ACTIVE)).exists()


def action_for(request: Request, pk: int) -> Action:
    """The door: an action on what this user may see; 404 for any other."""
    found = Action.objects.select_related("created_by", "picked").defer("picked__members").filter(pk=pk).first()
    if found is None:
        raise Http404(f"no action {pk}")
    enter(request, found)
    return found


def enter(request: Request, action: Action) -> None:
    """Lets in whoever may stop, repeat or undo it; who sees some contacts only, to their own alone. Raises: Http404."""
    if sight(request) is not None and action.created_by_id != request.user.pk:
        raise Http404(f"no action {action.pk}")
    if action.segment_id is not None:
        action.segment = segment_for(request, action.segment_id)


def run_for(request: Request, pk: int) -> ActionRun:
    """The door: a run on what this user may see; 404 for any other."""
    runs = ActionRun.objects.select_related("action__picked", "undo").defer(
        "changed", "seen", "action__picked__members"
    )
    found = runs.filter(pk=pk).first()
    if found is None:
        raise Http404(f"no run {pk}")
    enter(request, found.action)
    return found


def undo_for(request: Request, pk: int) -> Undo:
    """The door: an undo on what this user may see; 404 for any other."""
    undos = Undo.objects.select_related("run__action__picked")
    undos = undos.defer("run__changed", "run__seen", "run__action__picked__members")
    found = undos.filter(pk=pk).first()
    if found is None:
        raise Http404(f"no undo {pk}")
    enter(request, found.run.action)
    return found
