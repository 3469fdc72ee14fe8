"""Switching a sunset on, changing it, pausing it, ending it: with the services of segments and actions alone.

Each is one transaction. The sunset's row is locked first, then its segments', in the order of their ids; a chunk of its
actions locks neither. Whoever deletes a segment of a sunset that has ended holds that segment and waits for the sunset,
so of such a one no segment is locked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from actions.models import ActionRun
from actions.services import cancel_run, plan_action, stop_action
from config.names import clean_name
from jobs.models import ACTIVE
from rollout.selectors import last_line
from segmentation.models import Calculation, Reason, Segment
from segmentation.services import Settings, create_segment, edit_criteria, edit_settings, request_calculation
from segmentation.services.errors import NameTakenError
from sunset import passages
from sunset.errors import ChangedMeanwhileError, FaultyError, NameGivenError, TagInUseError
from sunset.models import Stage, State, Sunset, Why
from sunset.plans import Plan
from sunset.standing import KINDS, TAG, UNTAG, WITHDRAW, actions_of, around, faults, holding, tag_of
from tags.models import Tag
from tags.services import tags_named
from users.models import User

READINESS = 48  # hours: longer than a day, so that no refresh finds a window closed that was open
EVERY, UNIT = 1, "day"
LONGEST_SOURCE = 100


def switch_on(plan: Plan, *, name: str, now: datetime, by: User | None) -> Sunset:
    """A sunset with its tag, its three segments, calculated for the first time, and their recurring actions.

    Raises: NameGivenError, TagInUseError; ValidationError for the tag's name; CriteriaError.
    """
    with transaction.atomic():
        tag = own_tag(plan.tag, now=now)
        sunset = Sunset(name=clean_name(name), created_at=now, created_by=by, on_since=last_line())
        fill(sunset, plan, tag, now=now, by=by)
        with free_names():
            sunset.save()
            for stage in Stage:
                settings = Settings(segment_name(sunset.name, stage), READINESS, EVERY, UNIT)
                segment = create_segment(settings=settings, criteria=plan.tree(stage), now=now, by=by)
                setattr(sunset, stage, segment)
                sunset.versions[stage] = segment.version_id
        sunset.save()
        add_actions(sunset, tag, now=now, by=by)
    return sunset


def change(sunset: Sunset, plan: Plan, *, name: str, revision: int, now: datetime, by: User | None) -> Sunset:
    """Sets another number of days, other consents or criteria. The tag stays: who has it is waiting since it was given.

    What runs is stopped; if the sunset is on it goes on with the changed criteria as soon as they are calculated.

    Raises: ChangedMeanwhileError, FaultyError, NameGivenError; CriteriaError.
    """
    with transaction.atomic():
        current = locked(sunset.pk, revision)
        tag = tag_of(current)
        segments = [current.segment_of(stage) for stage in Stage]
        if tag is None or current.ended or None in segments:
            raise FaultyError
        stop(current, now=now, by=by)
        current.name = clean_name(name)
        fill(current, plan, tag, now=now, by=by)
        for stage in Stage:
            segment = current.segment_of(stage)
            if segment is not None:
                changed = edit_criteria(segment, criteria=plan.tree(stage), revision=segment.revision, now=now, by=by)
                setattr(current, stage, changed)
                current.versions[stage] = changed.version_id
        with free_names():
            current.save()
        if current.on:
            start(current, tag, now=now, by=by)
    return current


def pause(sunset: Sunset, *, now: datetime, by: User | None, why: Why = Why.HAND) -> bool:
    """Nobody is acted on until it goes on. What was done stays done. Says whether it was on."""
    with transaction.atomic():
        current = locked(sunset.pk)
        if not current.on or (why == Why.CLOSED and not around([current]).closed(current)):
            return False
        stop(current, now=now, by=by)
        mark(current, State.PAUSED, now=now, by=by, why=why)
    return True


def resume(sunset: Sunset, *, now: datetime, by: User | None) -> bool:
    """Goes on where it was paused, or where something was stopped; who has waited for long enough meanwhile is next.

    Raises: FaultyError, if something of it is gone or was changed.
    """
    with transaction.atomic():
        current = locked(sunset.pk)
        if current.ended:
            return False
        current.state = State.PAUSED  # what an action or a refresh that was stopped amounts to is made good here
        tag = tag_of(current)
        if faults(current) or tag is None:
            raise FaultyError
        stop(current, now=now, by=by)
        start(current, tag, now=now, by=by)
        current.on_since = last_line()
        mark(current, State.ON, now=now, by=by)
    return True


def end(sunset: Sunset, *, now: datetime, by: User | None) -> bool:
    """For good: its segments are refreshed no more and belong to nobody but themselves; what was done stays done."""
    with transaction.atomic():
        current = locked(sunset.pk)
        if current.ended:
            return False
        stop(current, now=now, by=by)
        for stage in Stage:
            if (segment := current.segment_of(stage)) is not None:
                refreshing(segment, None, now=now, by=by)
        passages.lose(current, now=now)
        mark(current, State.ENDED, now=now, by=by)
    return True


# --- parts of the above --------------------------------------------------------------------------------------
def locked(pk: int, revision: int | None = None) -> Sunset:
    """The row and, unless it has ended, its segments as they are now: nobody edits them until the transaction ends.

    Raises: ChangedMeanwhileError, if it is no longer at `revision`.
    """
    found = Sunset.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if revision is not None and found.revision != revision:
        raise ChangedMeanwhileError
    if not found.ended:
        ids = {stage: getattr(found, f"{stage}_id") for stage in Stage}
        rows = Segment.objects.select_for_update(no_key=True).filter(pk__in=ids.values()).order_by("pk")
        segments = {each.pk: each for each in rows}
        for stage in Stage:
            setattr(found, stage, segments.get(ids[stage]))
    return found


def own_tag(text: str, *, now: datetime) -> Tag:
    """The tag, made if need be, held until the transaction ends: nobody takes it for another sunset meanwhile."""
    tag = tags_named(text, now=now)[0]
    Tag.objects.select_for_update(no_key=True).get(pk=tag.pk)
    if other := holding(tag):
        raise TagInUseError(other.name)
    return tag


def fill(sunset: Sunset, plan: Plan, tag: Tag, *, now: datetime, by: User | None) -> None:
    """What is asked for, unsaved."""
    sunset.days, sunset.wait = plan.days, plan.wait
    sunset.tag_id, sunset.tag_name = tag.pk, tag.name
    sunset.consents = [[consent.pk, consent.name] for consent in plan.consents]
    sunset.left_out_id = plan.left_out
    sunset.versions = sunset.versions | {"left_out": plan.left_out}
    sunset.changed_at, sunset.changed_by = now, by
    sunset.revision += 1


def pause_closed(now: datetime) -> datetime | None:
    """A look of the scheduler, which comes soon after the area is closed to the account, or opened to it again.

    The log says that it was closed, however shortly. Between the two nobody is acted on (`standing.of_closing`).
    """
    sunsets = list(Sunset.objects.filter(state=State.ON).order_by("pk"))
    known = around(sunsets)
    for sunset in sunsets:
        if known.closed(sunset):
            pause(sunset, now=now, by=None, why=Why.CLOSED)
    return None


def mark(sunset: Sunset, state: State, *, now: datetime, by: User | None, why: str = "") -> None:
    sunset.state, sunset.changed_at, sunset.changed_by, sunset.why_paused = state, now, by, why
    sunset.revision += 1
    sunset.save()


def segment_name(name: str, stage: str) -> str:
    """What a segment of a sunset is called, in the language of who switches it on."""
    told = {
        Stage.QUIET: pgettext("segment of a sunset", "%(name)s: silent"),
        Stage.DUE: pgettext("segment of a sunset", "%(name)s: waited for long enough"),
        Stage.BACK: pgettext("segment of a sunset", "%(name)s: came back"),
    }
    return str(told[Stage(stage)]) % {"name": name}


def add_actions(sunset: Sunset, tag: Tag, *, now: datetime, by: User | None) -> None:
    """Its recurring actions. They run first as soon as the calculations under way are done."""
    common: dict[str, Any] = {"every_refresh": True, "now": now, "by": by}
    labelled = {"tag": tag.pk, "name": tag.name, "sunset": sunset.pk}
    source = _("Sunset: %(name)s") % {"name": sunset.name}
    quiet, due, back = (sunset.segment_of(stage) for stage in Stage)
    if quiet is None or due is None or back is None:
        raise FaultyError
    plan_action(quiet, kind=TAG, params=labelled, **common)
    plan_action(back, kind=UNTAG, params=labelled, **common)
    for pk, name in sunset.consents:
        params = {"consent": pk, "name": name, "source": source[:LONGEST_SOURCE], "sunset": sunset.pk}
        plan_action(due, kind=WITHDRAW, params=params, **common)


def start(sunset: Sunset, tag: Tag, *, now: datetime, by: User | None) -> None:
    """Has its segments refresh, calculates them now, and adds the actions to these calculations."""
    for stage in Stage:
        segment = sunset.segment_of(stage)
        if segment is None:
            raise FaultyError
        if not segment.refreshes:
            setattr(sunset, stage, segment := refreshing(segment, EVERY, now=now, by=by))
        if not Calculation.objects.filter(segment=segment, state__in=ACTIVE).exists():
            request_calculation(segment, reason=Reason.MANUAL, now=now, by=by)
    add_actions(sunset, tag, now=now, by=by)


def stop(sunset: Sunset, *, now: datetime, by: User | None) -> None:
    """Stops its actions and what they are doing. A chunk under way is waited for; then nobody else is acted on."""
    for action in actions_of(sunset):
        stop_action(action, now=now, by=by)
    for run in ActionRun.objects.filter(action__params__sunset=sunset.pk, action__kind__in=KINDS, state__in=ACTIVE):
        cancel_run(run, now=now)


def refreshing(segment: Segment, every: int | None, *, now: datetime, by: User | None) -> Segment:
    settings = Settings(segment.name, segment.readiness_hours, every, UNIT if every else "")
    return edit_settings(segment, settings=settings, revision=segment.revision, now=now, by=by)


@contextmanager
def free_names() -> Iterator[None]:
    """Turns a name that is taken, by a sunset or by a segment, into NameGivenError."""
    try:
        with transaction.atomic():
            yield
    except NameTakenError as error:
        raise NameGivenError from error
    except IntegrityError as error:
        if "sunset_name" in str(error):
            raise NameGivenError from error
        raise
