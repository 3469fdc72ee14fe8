"""Saved criteria: a tree with a name of its own."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
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
from api.v1.criteria import SAID, Criteria, criteria_in, sentences
from config.requests import Request
from segmentation.models import SavedCriteria
from segmentation.saved import create_saved, saved_for
from segmentation.saved_views import NameForm

router = Router(tags=["Saved criteria"])


class SavedOut(Out):
    model_config = example(
        {
            "id": 4,
            "name": "Warm leads",
            "criteria": SAID,
            "sentence": "lead score is above 20",
            "created_at": "2026-10-01T08:00:00Z",
            "updated_at": "2026-10-01T08:00:00Z",
            "created_by": "Ala Nowak",
            "revision": 1,
        }
    )
    id: int
    name: str
    criteria: dict[str, Any] = Field(description="To name them in other criteria: `{kind: saved, criteria: id}`.")
    sentence: str
    created_at: datetime
    updated_at: datetime
    created_by: str | None
    revision: int


class SavedIn(In):
    model_config = example({"name": "Warm leads", "criteria": SAID}, forbid=True)
    name: str
    criteria: Criteria


def told(request: Request, rows: list[SavedCriteria]) -> list[dict[str, Any]]:
    own = ("name", "criteria", "created_at", "updated_at", "revision")
    said = sentences(request, [row.criteria for row in rows])
    return [
        {"id": row.pk, **{name: getattr(row, name) for name in own}, "sentence": sentence, "created_by": by}
        for row, sentence in zip(rows, said, strict=True)
        for by in [str(row.created_by) if row.created_by else None]
    ]


@router.get(
    "/saved-criteria",
    auth=needs("segments:read"),
    response=page_of(SavedOut, "SavedPage"),
    summary="List saved criteria",
    description="In the order of their ids.",
)
def list_saved(request: Request, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    (after,) = read_cursor(cursor, "saved", default=(0,))
    rows = SavedCriteria.objects.filter(pk__gt=after).select_related("created_by").order_by("pk")[: limit + 1]
    return answer_page(told(request, list(rows)), limit, lambda item: write_cursor("saved", item["id"]))


@router.get("/saved-criteria/{int:saved_id}", auth=needs("segments:read"), response=SavedOut, summary="Saved criteria")
def saved(request: Request, saved_id: int) -> HttpResponse:
    return answer(told(request, [saved_for(saved_id)])[0])


@router.post(
    "/saved-criteria", auth=needs("segments:write"), response={201: SavedOut}, summary="Save criteria under a name"
)
def create(request: Request, payload: SavedIn) -> HttpResponse:
    form = NameForm({"name": payload.name})
    if not form.is_valid():
        raise ValidationError(form.errors.as_data())
    if not form.cleaned_data["name"]:
        raise ValidationError({"name": ValidationError(_("This field is required."), code="required")})
    made = create_saved(
        name=form.cleaned_data["name"], criteria=criteria_in(request), now=now_of(request), by=key_of(request).user
    )
    return answer(told(request, [made])[0], 201, {"Location": f"/api/v1/saved-criteria/{made.pk}"})
