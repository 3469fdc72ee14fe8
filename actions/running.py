"""Carrying out a run: along its audience in chunks of ids, each in one transaction with cursor and counters."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from actions.kinds import Kind, KindError, kind_named
from actions.models import ActionRun, Audience
from contacts.id_sets import bitmap, id_array
from jobs.errors import JobProblem
from jobs.services import chunk, finish
from segmentation.models import Calculation

COUNTS = ("changed", "changed_count", "already_count", "left_count", "gone_count", "work", "traced")


def carry_out(run: ActionRun, now: datetime) -> bool:
    """One step of a run. A worker killed in it leaves nothing of it behind; the next goes on from the cursor."""
    kind, params = kind_of(run)
    audience = audience_of(run)
    with chunk(run, now=now, saves=COUNTS):
        run.total = len(audience)
        kind.begin(run, params, now=now)
        run.traced = kind.undoable if run.progress == 0 else run.traced
        start = audience.rank(run.cursor)
        ids = audience[start : start + kind.chunk]
        changed = kind.apply(run, params, ids, now=now)
        left = kind.left(params, ids - changed, planned=run.action.created_at)
        count(run, kind, handled=ids, changed=changed, left=left)
        if start + len(ids) == len(audience):
            kind.finish(run, params, now=now)
            finish(run, now=now)
    return run.active


def count(run: ActionRun, kind: Kind, *, handled: BitMap, changed: BitMap, left: BitMap) -> None:
    """Adds one chunk to the run's counters and moves its cursor. Every id handled falls under exactly one count."""
    rest = handled - changed - left
    already = existing(rest) if rest and kind.changes_contacts else BitMap()
    if kind.changes_contacts:
        run.changed = (run.changed_ids | changed).serialize()
    run.changed_count += len(changed)
    run.already_count += len(already)
    run.left_count += len(left)
    run.gone_count += len(rest) - len(already)
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


def audience_of(run: ActionRun, *, mask: BitMap | None = None) -> BitMap:
    """Whom the run is for. `mask`: the contacts its author may see, None for all of them."""
    action = run.action
    if action.picked is not None:
        ids = action.picked.member_ids
    else:
        assert run.calculation is not None  # noqa: S101 (as `start_run` makes it)
        ids = audience_in(run.calculation, Audience(action.audience))
    return ids if mask is None else ids & mask


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
