"""Carrying out a run: along its audience in chunks of ids, each in one transaction with cursor and counters."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from actions.kinds import Kind, KindError, kind_named
from actions.models import ActionRun, Audience
from contacts.id_sets import bitmap, id_array
from contacts.sight import sees, within
from jobs.errors import JobProblem
from jobs.services import chunk, finish
from segmentation.models import Calculation, bitmap_of
from segmentation.services.calculations import stored

COUNTS = ("seen", "changed", "changed_count", "already_count", "left_count", "gone_count", "work", "traced")


def carry_out(run: ActionRun, now: datetime) -> bool:
    """One step of a run. A worker killed in it leaves nothing of it behind; the next goes on from the cursor.

    It is for those of the audience whom its author sees when it begins. Whom they do not see any more when their turn
    comes is passed over, as if gone. What they may not do any more fails.
    """
    kind, params = kind_of(run)
    audience = audience_of(run)
    with chunk(run, now=now, saves=COUNTS):
        mask = sees(run.action.created_by)
        if mask is not None and not run.progress and run.seen is None:
            audience = audience & mask
            run.seen = stored(audience)
        run.total = len(audience)
        kind.permit(params, by=run.action.created_by)
        kind.begin(run, params, now=now)
        run.traced = kind.undoable if run.progress == 0 else run.traced
        start = audience.rank(run.cursor)
        ids = audience[start : start + kind.chunk]
        reached = within(ids, mask)
        changed = kind.apply(run, params, reached, now=now)
        left = kind.left(params, reached - changed, planned=run.action.created_at)
        count(run, kind, handled=ids, reached=reached, changed=changed, left=left)
        if start + len(ids) == len(audience):
            kind.finish(run, params, now=now)
            finish(run, now=now)
    return run.active


def count(run: ActionRun, kind: Kind, *, handled: BitMap, reached: BitMap, changed: BitMap, left: BitMap) -> None:
    """Adds one chunk to the run's counters and moves its cursor. Every id handled falls under exactly one count."""
    rest = reached - changed - left
    already = existing(rest) if rest and kind.changes_contacts else BitMap()
    if kind.changes_contacts:
        run.changed = (run.changed_ids | changed).serialize()
    run.changed_count += len(changed)
    run.already_count += len(already)
    run.left_count += len(left)
    run.gone_count += len(handled) - len(changed) - len(left) - len(already)
    run.progress += len(handled)
    run.cursor = handled.max() if handled else run.cursor


def restart(run: ActionRun) -> None:
    """Sets the cursor and all counters back to the beginning, unsaved: what was done so far has come to nothing."""
    run.changed = None
    run.cursor = run.progress = 0
    run.changed_count = run.already_count = run.left_count = run.gone_count = 0


def kind_of(run: ActionRun) -> tuple[Kind, Any]:
    """The run's kind and parameters, checked again on the way out of storage.

    Raises: JobProblem.
    """
    try:
        kind = kind_named(run.action.kind)
        return kind, kind.checked(run.action.params)
    except KindError as error:
        text = gettext_noop("This version does not understand the action (%(fields)s). Nothing was done.")
        raise JobProblem(text, {"fields": ", ".join(error.fields)}) from error


def audience_of(run: ActionRun) -> BitMap:
    """Whom the run is for: those whom its author saw when it began."""
    action = run.action
    if run.seen is not None:
        return bitmap_of(run.seen)
    if action.picked is not None:
        return action.picked.member_ids
    assert run.calculation is not None  # noqa: S101 (as `start_run` makes it)
    return audience_in(run.calculation, Audience(action.audience))


def audience_in(calculation: Calculation, audience: Audience) -> BitMap:
    """That set of a calculation."""
    match audience:
        case Audience.ALL:
            return calculation.member_ids
        case Audience.JOINED:
            return calculation.joined_ids
        case Audience.LEFT:
            return calculation.left_ids


def existing(ids: BitMap) -> BitMap:
    """Those of `ids` that the account still has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(int4send(id), '') FROM contacts_contact WHERE id = ANY(%s::int[])", [id_array(ids)]
        )
        found = cursor.fetchone()[0]
    return bitmap(found)


def tidy_up(run: ActionRun, now: datetime) -> None:
    """After a run that ended otherwise than done: its kind removes what is of no use now."""
    try:
        kind = kind_named(run.action.kind)
    except KindError:
        return
    kind.stopped(run, now=now)
