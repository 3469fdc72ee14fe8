"""Undoing a run: along the contacts it changed, in chunks, each in one transaction with cursor and counters."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from pyroaring import BitMap

from actions.models import ActionRun, Undo
from actions.running import existing, kind_of
from contacts.holding import holders
from contacts.models import Contact
from contacts.sight import sees, within
from jobs.errors import JobProblem
from jobs.services import chunk, finish
from users.models import User

COUNTS = ("back_count", "since_count", "gone_count")
# Nothing that could be undone goes by a write before the first of a run that there still is.
FORGET_WRITES = """
DELETE FROM contacts_labelwrite USING (
    SELECT kind, label_id, min(noted.id) FILTER (WHERE run.id IS NOT NULL) AS needed
    FROM contacts_labelwrite noted LEFT JOIN actions_actionrun run ON run.id = noted.action_run_id
    GROUP BY kind, label_id
) label
WHERE contacts_labelwrite.kind = label.kind AND contacts_labelwrite.label_id = label.label_id
    AND contacts_labelwrite.id < COALESCE(label.needed, contacts_labelwrite.id + 1)
"""


def carry_out(undo: Undo, now: datetime) -> bool:
    """One step. A worker killed in it leaves nothing of it behind; the next goes on from the cursor.

    Whom the one who asked for it does not see is passed over, as if gone.
    """
    run = undo.run
    kind, params = kind_of(run)
    changed = run.changed_ids
    with chunk(undo, now=now, saves=COUNTS):
        undo.total = len(changed)
        start = changed.rank(undo.cursor)
        ids = changed[start : start + kind.chunk]
        reached = within(ids, sees(undo.requested_by))
        kind.permit_back(run, params, by=undo.requested_by)
        back = kind.take_back(run, params, reached, now=now, by=undo.requested_by)
        count(undo, handled=ids, reached=reached, back=back)
        if start + len(ids) == len(changed):
            kind.finish(run, params, now=now)
            finish(undo, now=now)
    return undo.active


def count(undo: Undo, *, handled: BitMap, reached: BitMap, back: BitMap) -> None:
    """Adds one chunk to the counters and moves the cursor. Every id handled falls under exactly one count."""
    rest = reached - back
    since = existing(rest) if rest else BitMap()
    undo.back_count += len(back)
    undo.since_count += len(since)
    undo.gone_count += len(handled) - len(back) - len(since)
    undo.progress += len(handled)
    undo.cursor = handled.max() if handled else undo.cursor


def tidy_up(undo: Undo, now: datetime) -> None:
    """After an undo that ended otherwise than done: the label it worked on is counted anew."""
    if undo.back_count:
        kind, _params = kind_of(undo.run)
        kind.stopped(undo.run, now=now)


@dataclass(frozen=True)
class Prospect:
    """What an undo begun at `at` would come to: the counts that it keeps. `problem`: why nobody can be changed back.

    later: what comes of it afterwards, in the reader's language, where the kind has something to say.
    """

    at: datetime
    back: int
    since: int
    gone: int
    problem: JobProblem | None = None
    later: str = ""

    @property
    def total(self) -> int:
        return self.back + self.since + self.gone


def prospect(run: ActionRun, *, now: datetime, mask: BitMap | None = None, by: User | None = None) -> Prospect:
    """The dry run of undoing `run`, or of the rest of an undo that stopped half-way.

    by: who asks. mask: the contacts that they see; None: all. The others are neither changed nor counted.
    """
    changed = within(run.changed_ids, mask)
    if run.undoing is not None:
        changed = changed[changed.rank(run.undoing.cursor) :]
    present = holders(Contact.objects.all(), changed, column="pk")
    gone = len(changed) - len(present)
    if run.undoing is None and mask is None:
        gone += run.erased.get("changed", 0)
    try:
        kind, params = kind_of(run)
        kind.look_up(params)
        kind.permit_back(run, params, by=by)
    except JobProblem as problem:
        return Prospect(now, 0, len(present), gone, problem)
    back = kind.standing(run, params, changed)
    return Prospect(now, len(back), len(present) - len(back), gone, later=kind.after_undo(params) if back else "")


def forget_writes(now: datetime) -> None:  # noqa: ARG001 (as every purge is called)
    """Removes notes of who wrote a label by which no run can be undone any more: runs go with their segments."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET_WRITES)
