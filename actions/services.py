"""Adding actions, planned or at once; starting them when a calculation ends; stopping and undoing them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from actions.errors import (
    AlreadyPlannedError,
    AnsweredError,
    NothingToUndoError,
    NotRefreshingError,
    ResultChangedError,
    UndoneError,
    WindowClosedError,
)
from actions.kinds import KindError, kind_named
from actions.kinds.forms import PartForm
from actions.models import Action, ActionRun, Audience, PickedContacts, Undo
from contacts.sight import sees_all
from jobs import services as jobs
from jobs.models import ACTIVE, JobState
from segmentation.models import Calculation, Segment
from users.models import User


def plan_action(
    segment: Segment,
    *,
    kind: str,
    params: dict[str, Any],
    audience: str = Audience.ALL,
    every_refresh: bool = False,
    now: datetime,
    by: User | None,
    answer: tuple[UUID, int] | None = None,
) -> Action:
    """Adds an action: it runs at once if the segment is ready, else when the calculation under way ends.

    The segment's row is locked: the window cannot close, and no calculation finish, between the check and the action.
    `answer`: to which question, and which of the actions that it spoke of: each is added once.

    Raises: WindowClosedError, NotRefreshingError, AlreadyPlannedError; KindError, if the kind refuses `params`.
    """
    params = kind_named(kind).checked(params).model_dump()
    if audience not in Audience.values:
        raise KindError(["audience"], f"no audience is called {audience!r}")
    with transaction.atomic():
        current = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
        refuse(current, audience=audience, every_refresh=every_refresh, now=now)
        wanted = {"kind": kind, "params": params, "audience": audience, "every_refresh": every_refresh}
        asked = {"question": answer[0], "part": answer[1]} if answer else {}
        if any(same_reach(each.created_by, by) for each in live_actions().filter(segment=current, **wanted)):
            raise AlreadyPlannedError
        action = Action.objects.create(segment=current, created_at=now, created_by=by, **asked, **wanted)
        if current.ready_at(now) and current.latest_id is not None:
            start_run(action, current.latest_id, now=now)
    return action


def same_reach(author: User | None, other: User | None) -> bool:
    """Whether what `author` added reaches all those whom `other` would: the same person's, or of who sees everybody."""
    return author == other or sees_all(author)


def plan_from(
    segment: Segment,
    part: PartForm,
    *,
    clock: Callable[[], datetime],
    confirmed: int | None,
    question: UUID,
    **common: Any,
) -> list[Action]:
    """The actions that a valid form part asks for, all or none. `common`: as `plan_action` takes it.

    `confirmed` is the calculation that the person was asked about, as `calculation_meant` told it; that one may have
    ended meanwhile, but none may have taken its place. `clock` tells the time once the segment's lock is ours: a
    request that waited for it is judged by when it got it. `question` is the one answered: each is answered once,
    however often the answer is sent, and whatever became of what it added.

    Raises: as `plan_action`; ResultChangedError; AnsweredError.
    """
    with transaction.atomic():
        current = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
        now = clock()
        if Action.objects.filter(question=question).exists():
            raise AnsweredError
        actions = [
            plan_action(segment, params=params, now=now, answer=(question, number), **common)
            for number, params in enumerate(part.plans())
        ]
        if confirmed is None or confirmed != calculation_meant(current, calculating=under_way_of(current.pk), now=now):
            raise ResultChangedError
    return actions


def under_way_of(pk: int) -> int | None:
    """The calculation of this segment that is waiting or running.

    Without the segment's lock it is looked up before the segment is read: one that ends in between has made it ready.
    """
    return Calculation.objects.filter(segment=pk, state__in=ACTIVE).values_list("pk", flat=True).first()


def calculation_meant(segment: Segment, *, calculating: int | None, now: datetime) -> int | None:
    """The calculation whose members an action added at `now` is for: the latest while ready, else `calculating`.

    It is the same before and after it ends. New criteria, a refresh or a repetition make it another.
    """
    return segment.latest_id if segment.ready_at(now) else calculating


def refuse(segment: Segment, *, audience: str, every_refresh: bool, now: datetime) -> None:
    """Raises if no such action may be added to the locked `segment` at `now`."""
    if not segment.ready_at(now) and not Calculation.objects.filter(segment=segment, state__in=ACTIVE).exists():
        raise WindowClosedError
    if not segment.refreshes and (every_refresh or audience != Audience.ALL):
        raise NotRefreshingError


def live_actions() -> Any:
    """Actions that will still do something: recurring ones, planned ones, those with a run or its undo under way."""
    runs = ActionRun.objects.filter(action=OuterRef("pk"))
    unfinished = Exists(runs.filter(Q(state__in=ACTIVE) | Q(undo__state__in=ACTIVE)))
    ahead = Q(stopped_at__isnull=True) & (Q(every_refresh=True) | ~Exists(runs))
    return Action.objects.filter(Q(unfinished) | ahead)


def hold(action: Action) -> Segment | None:
    """Locks what its runs are started, repeated and undone under: the segment, or the picked contacts (None)."""
    if action.segment_id is None:
        PickedContacts.objects.select_for_update(no_key=True).defer("members").get(actions=action)
        return None
    return Segment.objects.select_for_update(no_key=True).get(pk=action.segment_id)


def start_run(action: Action, calculation: int | None, *, now: datetime) -> ActionRun | None:
    """A run of `action` on that calculation, or on its picked contacts, if there is none yet."""
    run, made = ActionRun.objects.get_or_create(
        action=action, calculation_id=calculation, defaults={"requested_at": now}
    )
    if not made:
        return None
    jobs.wake(run, now=now)
    return run


def start_planned(calculation: Calculation, now: datetime) -> None:
    """Starts what waits for a result: recurring actions each time, the others only the first time.

    Called in the transaction that stores the result, with the segment's row locked.
    """
    actions = Action.objects.filter(segment=calculation.segment_id, stopped_at__isnull=True)
    ran = Exists(ActionRun.objects.filter(action=OuterRef("pk")))
    for action in actions.filter(Q(every_refresh=True) | ~ran).order_by("pk"):
        start_run(action, calculation.pk, now=now)


def stop_action(action: Action, *, now: datetime, by: User | None) -> bool:
    """Cancels a planned action or ends a recurring one; a run under way goes on. Says whether it did."""
    with transaction.atomic():
        hold(action)  # as `start_planned` has it
        return bool(Action.objects.filter(pk=action.pk, stopped_at__isnull=True).update(stopped_at=now, stopped_by=by))


def cancel_run(run: ActionRun, *, now: datetime) -> bool:
    """Stops a run that waits or is under way; contacts already changed stay changed. Says whether it did."""
    return jobs.cancel(run, now=now)


def retry_run(run: ActionRun, *, now: datetime) -> bool:
    """Lets a failed run go on where it stopped. Says whether it did.

    Only what could be added now is tried again: the same people, in an open window, for an action that was not stopped.
    Picked contacts have no window.

    Raises: WindowClosedError, UndoneError.
    """
    with transaction.atomic():
        segment = hold(run.action)
        if Undo.objects.filter(run=run).exists():
            raise UndoneError
        stopped = Action.objects.filter(pk=run.action_id, stopped_at__isnull=False).exists()
        if stopped or (segment and not (segment.ready_at(now) and segment.latest_id == run.calculation_id)):
            raise WindowClosedError
        return jobs.retry(run, now=now)


def undo_run(run: ActionRun, *, now: datetime, by: User | None) -> Undo:
    """Has what a run changed changed back, as far as nobody has written it since: once, whoever asks again.

    It is no new action: it adds nobody to what the segment's window allows, so it is allowed in the archive too.

    Raises: UndoneError, NothingToUndoError.
    """
    with transaction.atomic():
        hold(run.action)  # as `retry_run` has it
        current = ActionRun.objects.select_for_update(no_key=True).defer("changed").get(pk=run.pk)
        if current.undoing is not None:
            raise UndoneError
        if not current.may_be_undone:
            raise NothingToUndoError
        undo = Undo.objects.create(run=current, requested_at=now, requested_by=by, total=current.changed_count)
        jobs.wake(undo, now=now)
    return undo


def cancel_undo(undo: Undo, *, now: datetime) -> bool:
    """Stops an undo that waits or is under way; whom it changed back stays so. Says whether it did."""
    return jobs.cancel(undo, now=now)


def resume_undo(undo: Undo, *, now: datetime) -> bool:
    """Lets an undo that failed or was cancelled go on where it stopped. Says whether it did."""
    return jobs.retry(undo, now=now, ended=(JobState.FAILED, JobState.ERRORED, JobState.CANCELLED))


def stop_planned(segment: Segment, now: datetime) -> None:
    """The calculation that planned actions waited for was cancelled: they must not start with some later one.

    Recurring actions stay. Called in the cancelling transaction, with the segment's row locked.
    """
    ran = Exists(ActionRun.objects.filter(action=OuterRef("pk")))
    planned = Action.objects.filter(~ran, segment=segment, every_refresh=False, stopped_at__isnull=True)
    planned.update(stopped_at=now)
