"""Segments: their list, a new one, one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from api.common import (
    CursorText,
    In,
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
from api.problems import Problem, Wrong, invalid
from api.v1.calculations import CALCULATION, CalculationOut
from api.v1.calculations import told as told_calculation
from api.v1.criteria import SAID, Criteria, criteria_in, sentences
from config.requests import Request
from contacts.folding import folded, plain
from contacts.sight import sight
from segmentation.forms import AUTO, ONCE, SettingsForm, note_on
from segmentation.models import Segment
from segmentation.saved import saved_for
from segmentation.seen import cut
from segmentation.selectors import last_calculations, listed
from segmentation.services import Settings, create_segment

router = Router(tags=["Segments"])


class RefreshOut(Out):
    every: int
    unit: str = Field(description="hour or day")


SEGMENT = {
    "id": 12,
    "name": "Warm leads",
    "list": "ready",
    "owner": "Ala Nowak",
    "readiness_hours": 24,
    "ready_until": "2026-11-22T13:30:00Z",
    "refresh": {"every": 1, "unit": "day"},
    "next_refresh_at": "2026-11-22T13:00:00Z",
    "created_at": "2026-10-01T08:00:00Z",
    "criteria": SAID,
    "sentence": "lead score is above 20",
    "calculation": CALCULATION,
    "pending": None,
}


class SegmentOut(Out):
    """`calculation`: the last one done, its numbers of the contacts that the key sees. `pending`: a newer one, that is
    being made or came to nothing."""

    model_config = example(SEGMENT)
    id: int
    name: str
    list: str = Field(description="ready: actions may be added; in_creation; archive: the window is closed.")
    owner: str | None
    readiness_hours: int
    ready_until: datetime | None
    refresh: RefreshOut | None = Field(description="null: calculated once.")
    next_refresh_at: datetime | None
    created_at: datetime
    criteria: dict[str, Any]
    sentence: str = Field(description="The criteria in words, in the language of Accept-Language.")
    calculation: CalculationOut | None
    pending: CalculationOut | None


class SegmentMadeOut(SegmentOut):
    model_config = example({**SEGMENT, "note": None})
    note: str | None = Field(description="What follows from readiness and refreshing: times without a window.")


class RefreshIn(In):
    every: int
    unit: Literal["hour", "day"]


class SegmentIn(In):
    """Give one of `criteria` and `saved`."""

    model_config = example(
        {"name": "Warm leads", "readiness_hours": 24, "refresh": {"every": 1, "unit": "day"}, "criteria": SAID},
        forbid=True,
    )
    name: str
    readiness_hours: int = Field(24, description="How long actions may be added after a calculation.")
    refresh: RefreshIn | None = Field(None, description="Calculated again by itself; left out: once.")
    criteria: Criteria | None = None
    saved: int | None = Field(None, description="The id of saved criteria. Later changes of them are followed.")
    copy_saved: bool = Field(False, description="Take a copy of the saved criteria: later changes are not followed.")  # noqa: FBT003


Where = Annotated[
    Literal["ready", "in_creation", "archive"] | None, Query(alias="list", description="One of the three lists.")
]
Search = Annotated[str | None, Query(max_length=200, description="What the name holds.")]


def told(request: Request, rows: Sequence[Segment]) -> list[dict[str, Any]]:
    """Rows of `listed`, in a fixed number of queries."""
    mask = sight(request)
    cut((row.latest for row in rows), mask)
    last = last_calculations(list(rows))
    said = sentences(request, [row.version.criteria if row.version else None for row in rows])
    return [
        {
            "id": row.pk,
            "name": row.name,
            "list": row.where,  # type: ignore[attr-defined]
            "owner": str(row.owner) if row.owner else None,
            "readiness_hours": row.readiness_hours,
            "ready_until": row.ready_until,
            "refresh": {"every": row.refresh_every, "unit": row.refresh_unit} if row.refreshes else None,
            "next_refresh_at": row.next_refresh_at,
            "created_at": row.created_at,
            "criteria": row.version.criteria if row.version else {},
            "sentence": sentence,
            "calculation": told_calculation(row.latest) if row.latest else None,
            "pending": told_calculation(newest) if (newest := last.get(row.pk)) and newest != row.latest else None,
        }
        for row, sentence in zip(rows, said, strict=True)
    ]


def told_one(request: Request, pk: int) -> dict[str, Any]:
    """Raises: Problem (404)."""
    rows = list(listed("search", now=now_of(request)).select_related("version").filter(pk=pk))
    if not rows:
        raise Problem("not_found")
    return told(request, rows)[0]


@router.get(
    "/segments",
    auth=needs("segments:read"),
    response=page_of(SegmentOut, "SegmentPage"),
    summary="List segments",
    description="In the order of their ids.",
)
def segments(
    request: Request,
    *,
    limit: Limit = 100,
    cursor: CursorText = None,
    where: Where = None,
    q: Search = None,
) -> HttpResponse:
    (after,) = read_cursor(cursor, "segments", default=(0,))
    rows = listed(where or "search", now=now_of(request)).select_related("version").filter(pk__gt=after)
    if q:
        rows = rows.alias(plain_name=plain("name")).filter(plain_name__contains=folded(q))
    items = told(request, list(rows.order_by("pk")[: limit + 1]))
    return answer_page(items, limit, lambda item: write_cursor("segments", item["id"]))


@router.get("/segments/{int:segment_id}", auth=needs("segments:read"), response=SegmentOut, summary="A segment")
def segment(request: Request, segment_id: int) -> HttpResponse:
    return answer(told_one(request, segment_id))


@router.post(
    "/segments",
    auth=needs("segments:write"),
    response={201: SegmentMadeOut},
    summary="Create a segment",
    description="It is calculated at once: `pending` says how far it is. It holds the contacts that the key sees.",
)
def create(request: Request, payload: SegmentIn) -> HttpResponse:
    settings = settings_in(payload)
    if (payload.criteria is None) == (payload.saved is None):
        raise invalid([Wrong(None, "criteria", "criteria", _("Give one of criteria and saved."))])
    criteria = criteria_in(request) if payload.saved is None else saved_in(payload)
    made = create_segment(settings=settings, criteria=criteria, now=now_of(request), by=key_of(request).user)
    note = note_on(settings)
    said = told_one(request, made.pk) | {"note": note.text if note and note.warns else None}
    return answer(said, 201, {"Location": f"/api/v1/segments/{made.pk}"})


def settings_in(payload: SegmentIn) -> Settings:
    """As the form on the page judges them. Raises: Problem (422)."""
    refresh = payload.refresh
    form = SettingsForm(
        {
            "name": payload.name,
            "readiness_hours": payload.readiness_hours,
            "refresh": AUTO if refresh else ONCE,
            "refresh_every": refresh.every if refresh else None,
            "refresh_unit": refresh.unit if refresh else "",
        }
    )
    if not form.is_valid():
        places = {"refresh_every": "refresh.every", "refresh_unit": "refresh.unit", "__all__": ""}
        raise invalid(
            Wrong(None, places.get(field, field), each.code or "invalid", " ".join(each.messages))
            for field, errors in form.errors.as_data().items()
            for each in errors
        )
    return form.settings


def saved_in(payload: SegmentIn) -> dict[str, Any]:
    """Saved criteria, by reference or copied. Raises: Problem (422)."""
    pk = payload.saved or 0
    try:
        found = saved_for(pk)
    except Http404 as error:
        raise invalid([Wrong(None, "saved", "no_saved", _("There are no such saved criteria."))]) from error
    return dict(found.criteria) if payload.copy_saved else {"kind": "saved", "criteria": found.pk}
