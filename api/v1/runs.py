"""Runs of actions: what each came to, cancelling one, and undoing it."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

import api.v1.refusals  # noqa: F401 - what is refused is answered with it
from actions import selectors, services
from actions.models import ActionRun, Undo
from actions.undoing import prospect
from api.common import (
    CursorText,
    Limit,
    Out,
    answer,
    answer_page,
    example,
    key_of,
    needs,
    now_of,
    page_of,
    read_cursor,
    write_cursor,
)
from api.problems import Problem
from config.requests import Request
from contacts.sight import sight
from jobs.errors import filled
from segmentation.selectors import segment_for

router = Router(tags=["Actions"])
RUN: dict[str, Any] = {
    "id": 31,
    "action": 8,
    "segment": 12,
    "calculation": 90,
    "kind": "add_tag",
    "sentence": "Add tag VIP",
    "audience": "all",
    "state": "done",
    "requested_at": "2026-11-21T13:31:00Z",
    "started_at": "2026-11-21T13:31:00Z",
    "finished_at": "2026-11-21T13:31:02Z",
    "progress": 1863,
    "total": 1863,
    "changed": 1500,
    "already": 361,
    "left": 0,
    "gone": 2,
    "problem": None,
    "by": "Ala Nowak",
    "undo": None,
}


class UndoOut(Out):
    """Changing back what a run changed. Numbers are null where they tell of contacts that the key does not see."""

    model_config = example(
        {
            "state": "done",
            "requested_at": "2026-11-21T14:00:00Z",
            "finished_at": "2026-11-21T14:00:01Z",
            "progress": 1500,
            "total": 1500,
            "changed_back": 1498,
            "changed_since": 1,
            "gone": 1,
            "problem": None,
        }
    )
    state: str
    requested_at: datetime
    finished_at: datetime | None
    progress: int
    total: int
    changed_back: int | None
    changed_since: int | None = Field(description="Left as they are: somebody has written the label since.")
    gone: int | None
    problem: str | None


class RunOut(Out):
    """One carrying out of an action. Numbers are null where they tell of contacts that the key does not see."""

    model_config = example(RUN)
    id: int
    action: int
    segment: int | None = Field(description="null: on contacts picked in the contact manager.")
    calculation: int | None
    kind: str
    sentence: str
    audience: str = Field(description="all, joined or left")
    state: str = Field(description="waiting, running, done, failed, errored or cancelled")
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: int
    total: int
    changed: int | None
    already: int | None = Field(description="Were so already.")
    left: int | None = Field(description="Passed over: they have withdrawn that consent.")
    gone: int | None = Field(description="No longer contacts when their turn came.")
    problem: str | None
    by: str | None
    undo: UndoOut | None


class ProspectOut(Out):
    model_config = example(
        {"at": "2026-11-21T14:00:00Z", "changed_back": 1498, "changed_since": 1, "gone": 1, "problem": None}
    )
    at: datetime
    changed_back: int
    changed_since: int
    gone: int
    problem: str | None = Field(description="Why nobody can be changed back.")


def told(request: Request, runs: list[ActionRun]) -> list[dict[str, Any]]:
    return [told_run(row.run, row.sentence) for row in selectors.told(request, runs)]


def told_run(run: ActionRun, sentence: str) -> dict[str, Any]:
    """`run`: cut to the reader's sight."""
    action = run.action
    return {
        "id": run.pk,
        "action": action.pk,
        "segment": action.segment_id,
        "calculation": run.calculation_id,
        "kind": action.kind,
        "sentence": sentence,
        "audience": action.audience,
        "state": run.state,
        "requested_at": run.requested_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "progress": run.progress,
        "total": run.total,
        "changed": run.changed_count,
        "already": run.already_count,
        "left": run.left_count,
        "gone": run.gone_count,
        "problem": run.problem_text or None,
        "by": str(action.created_by) if action.created_by else None,
        "undo": told_undo(run.undoing) if run.undoing else None,
    }


def told_undo(undo: Undo) -> dict[str, Any]:
    return {
        "state": undo.state,
        "requested_at": undo.requested_at,
        "finished_at": undo.finished_at,
        "progress": undo.progress,
        "total": undo.total,
        "changed_back": undo.back_count,
        "changed_since": undo.since_count,
        "gone": undo.gone_count,
        "problem": undo.problem_text or None,
    }


def told_again(request: Request, pk: int) -> dict[str, Any]:
    """The run as it stands in the database."""
    return told(request, [selectors.run_for(request, pk)])[0]


@router.get(
    "/segments/{int:segment_id}/runs",
    auth=needs("segments:read"),
    response=page_of(RunOut, "RunPage"),
    summary="What actions did to a segment's contacts, the newest run first",
)
def runs(request: Request, segment_id: int, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    rows = selectors.runs_of(segment_for(request, segment_id))
    if cursor is not None:
        rows = rows.filter(pk__lt=read_cursor(cursor, "runs", default=(0,))[0])
    return answer_page(told(request, list(rows[: limit + 1])), limit, lambda item: write_cursor("runs", item["id"]))


@router.get("/runs/{int:run_id}", auth=needs("segments:read"), response=RunOut, summary="A run")
def run(request: Request, run_id: int) -> HttpResponse:
    return answer(told_again(request, run_id))


@router.post(
    "/runs/{int:run_id}/cancel",
    auth=needs("actions:write"),
    response=RunOut,
    summary="Cancel a run",
    description="What was done until then stays done. One that is over: 409.",
)
def cancel(request: Request, run_id: int) -> HttpResponse:
    found = selectors.run_for(request, run_id)
    if not services.cancel_run(found, now=now_of(request)):
        raise Problem("conflict", _("It was over before it could be cancelled."))
    return answer(told_again(request, run_id))


@router.get(
    "/runs/{int:run_id}/undo",
    auth=needs("actions:write"),
    response=ProspectOut,
    summary="What undoing a run would come to",
    description="Nothing is changed.",
)
def forecast_undo(request: Request, run_id: int) -> HttpResponse:
    found = selectors.run_for(request, run_id)
    undo = found.undoing
    if not found.may_be_undone and not (undo and undo.may_go_on):
        raise Problem("conflict", _("There is nothing to undo: it changed nobody, is under way, or is undone already."))
    whole = prospect(found, now=now_of(request), mask=sight(request), by=key_of(request).user)
    problem = filled(_(whole.problem.text), whole.problem.params) if whole.problem else None
    said = {"at": whole.at, "changed_back": whole.back, "changed_since": whole.since, "gone": whole.gone}
    return answer(said | {"problem": problem})


@router.post(
    "/runs/{int:run_id}/undo",
    auth=needs("actions:write"),
    response={202: RunOut},
    summary="Undo a run",
    description="Exactly those whom it changed are changed back, as far as nobody has written them since. `undo` of the"
    " run, at `Location`, says how far it is. Once for each run.",
)
def undo(request: Request, run_id: int) -> HttpResponse:
    found = selectors.run_for(request, run_id)
    services.undo_run(found, now=now_of(request), by=key_of(request).user)
    return answer(told_again(request, run_id), 202, {"Location": f"/api/v1/runs/{run_id}", "Retry-After": "1"})
