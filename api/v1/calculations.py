"""Calculations of a segment: asking for one, how far it is, and whom it found, page by page."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from ninja import Router
from pydantic import Field

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
from config.requests import Request
from contacts.sight import sight
from jobs.models import JobState
from segmentation.models import Calculation, Reason
from segmentation.seen import cut, require_own
from segmentation.selectors import SETS, history, segment_for
from segmentation.services import request_calculation

router = Router(tags=["Segments"])
POLL_S = 1  # how soon it is worth asking again
CALCULATION: dict[str, Any] = {
    "id": 90,
    "segment": 12,
    "state": "done",
    "reason": "refresh",
    "requested_at": "2026-11-21T13:29:58Z",
    "as_of": "2026-11-21T13:30:00Z",
    "finished_at": "2026-11-21T13:30:01Z",
    "count": 1863,
    "joined": 12,
    "left": 3,
    "nodes": [{"path": "", "count": 1863}],
    "progress": 1,
    "total": 1,
    "problem": None,
}


class CountOfNodeOut(Out):
    path: str
    count: int


class CalculationOut(Out):
    """One computing of a segment at one instant, `as_of`. Numbers are of the contacts that the key sees."""

    model_config = example(CALCULATION)
    id: int
    segment: int
    state: str = Field(description="waiting, running, done, failed, errored or cancelled")
    reason: str = Field(description="created, refresh, manual, edited or before_use")
    requested_at: datetime
    as_of: datetime | None
    finished_at: datetime | None
    count: int | None = Field(description="null until it is done.")
    joined: int | None
    left: int | None
    nodes: list[CountOfNodeOut] = Field(description="What each criterion came to, where the key sees all of it.")
    progress: int = Field(description="Criteria evaluated, of `total`.")
    total: int
    problem: str | None = Field(description="Why it failed, in the language of Accept-Language.")


def told(calculation: Calculation) -> dict[str, Any]:
    """A calculation whose numbers are cut to the reader's sight."""
    done = calculation.state == JobState.DONE
    return {
        "id": calculation.pk,
        "segment": calculation.segment_id,
        "state": calculation.state,
        "reason": calculation.reason,
        "requested_at": calculation.requested_at,
        "as_of": calculation.as_of,
        "finished_at": calculation.finished_at,
        "count": calculation.count if done else None,
        "joined": calculation.joined_count if done else None,
        "left": calculation.left_count if done else None,
        "nodes": [{"path": node["path"], "count": node["count"]} for node in calculation.node_counts or []],
        "progress": calculation.progress,
        "total": calculation.total,
        "problem": calculation.problem_text or None,
    }


def place_of(calculation: Calculation, which: str = "") -> str:
    path = f"/api/v1/segments/{calculation.segment_id}/calculations/{calculation.pk}"
    return f"{path}/{which}" if which else path


def calculation_for(request: Request, segment_id: int, pk: int, *sets: str) -> Calculation:
    """The door, with the sets named. Raises: Http404."""
    segment = segment_for(request, segment_id)
    unread = [name for name in SETS if name not in sets]
    found = Calculation.objects.filter(segment=segment, pk=pk).defer(*unread).first()
    if found is None:
        raise Http404(f"no calculation {pk}")
    found.segment = segment
    return found


def awaited(calculation: Calculation, which: str = "") -> HttpResponse:
    """202: it is being made; where and when to ask again."""
    headers = {"Location": place_of(calculation, which), "Retry-After": str(POLL_S)}
    return answer(told(calculation), 202, headers)


# --- calculations --------------------------------------------------------------------------------------------
@router.get(
    "/segments/{int:segment_id}/calculations",
    auth=needs("segments:read"),
    response=page_of(CalculationOut, "CalculationPage"),
    summary="A segment's history: its finished calculations, the newest first",
)
def calculations(request: Request, segment_id: int, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    rows = history(segment_for(request, segment_id))
    if cursor is not None:
        rows = rows.filter(pk__lt=read_cursor(cursor, "calculations", default=(0,))[0])
    found = list(rows[: limit + 1])
    cut(found, sight(request))
    return answer_page([told(row) for row in found], limit, lambda item: write_cursor("calculations", item["id"]))


@router.get(
    "/segments/{int:segment_id}/calculations/{int:calculation_id}",
    auth=needs("segments:read"),
    response=CalculationOut,
    summary="A calculation, finished or not",
)
def calculation(request: Request, segment_id: int, calculation_id: int) -> HttpResponse:
    found = calculation_for(request, segment_id, calculation_id)
    cut([found], sight(request))
    return answer(told(found))


@router.post(
    "/segments/{int:segment_id}/refresh",
    auth=needs("segments:write"),
    response={202: CalculationOut},
    summary="Calculate a segment anew",
    description="One that is being calculated gives way. `Location` says how far it is.",
)
def refresh(request: Request, segment_id: int) -> HttpResponse:
    segment = segment_for(request, segment_id)
    require_own(request, segment.owner_id)
    asked = request_calculation(segment, reason=Reason.MANUAL, now=now_of(request), by=key_of(request).user)
    return awaited(asked)
