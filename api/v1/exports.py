"""Export files: their list, one of them, and the link that it is downloaded by."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
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
from api.problems import Problem
from config.requests import Request
from exports import selectors, store
from exports.links import link_for
from exports.models import ExportFile

router = Router(tags=["Exports"])
SAID = {
    "id": 5,
    "name": "Warm leads 2026-11-21.csv",
    "title": "Warm leads",
    "format": "csv",
    "segment": 12,
    "calculation": 90,
    "audience": "all",
    "cause": "",
    "consent": "",
    "without_consent": 0,
    "without_address": 0,
    "columns": ["id", "email"],
    "rows": 1861,
    "gone": 2,
    "size": 60112,
    "created_at": "2026-11-21T13:31:00Z",
    "expires_at": "2026-11-28T13:31:00Z",
    "by": "Ala Nowak",
}


class DownloadOut(Out):
    url: str = Field(description="Opened without a key, by whoever has it, until it expires.")
    expires_at: datetime


class FileOut(Out):
    model_config = example(SAID)
    id: int
    name: str
    title: str = Field(description="What it holds, by name.")
    format: str
    segment: int | None = Field(description="null: contacts picked in the contact manager.")
    calculation: int | None
    audience: str = Field(description="all, joined or left")
    consent: str = Field(description="Of an audience for advertising: the key of the consent that it goes by.")
    without_consent: int = Field(description="Left out of an audience.")
    without_address: int = Field(description="Left out of an audience, though they agreed.")
    cause: str = Field(description="Of those who joined or left, for which cause alone; empty: for any.")
    columns: list[str]
    rows: int
    gone: int = Field(description="Members who were contacts no more when it was written.")
    size: int = Field(description="Bytes.")
    created_at: datetime
    expires_at: datetime
    by: str | None


class OneFileOut(FileOut):
    model_config = example(
        {
            **SAID,
            "download": {"url": "https://shop.sito.example/exports/5/link/…/", "expires_at": "2026-11-21T13:46:00Z"},
        }
    )
    download: DownloadOut | None = Field(description="A new link each time; null: the key acts for an analyst.")


OWN = (
    "name", "title", "format", "audience", "cause", "consent", "rows", "gone", "without_consent", "without_address",
    "size", "created_at", "expires_at",
)  # fmt: skip


def told(file: ExportFile) -> dict[str, Any]:
    return {name: getattr(file, name) for name in OWN} | {
        "id": file.pk,
        "segment": file.segment_id,
        "calculation": file.calculation_id,
        "columns": names_in(file.columns),
        "by": str(file.created_by) if file.created_by else None,
    }


def names_in(columns: Any) -> list[str]:
    """The columns' keys, however they are kept."""
    return [str(column.get("key", "")) if isinstance(column, dict) else str(column) for column in columns]


@router.get(
    "/exports",
    auth=needs("exports:read"),
    response=page_of(FileOut, "FilePage"),
    summary="List export files that can be downloaded, the newest first",
)
def files(request: Request, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    rows = selectors.files_for(request)
    if cursor is not None:
        rows = rows.filter(pk__lt=read_cursor(cursor, "exports", default=(0,))[0])
    found = selectors.listed(rows, sort="-created").order_by("-pk")[: limit + 1]
    return answer_page([told(file) for file in found], limit, lambda item: write_cursor("exports", item["id"]))


@router.get(
    "/exports/{int:file_id}",
    auth=needs("exports:read"),
    response=OneFileOut,
    summary="An export file, with a link to download it",
    description="410, once its time is over.",
)
def file(request: Request, file_id: int) -> HttpResponse:
    found, key = file_there(request, file_id), key_of(request)
    link = link_for(found, user=key.user, now=now_of(request)) if key.user.may_write else None
    said = {"url": request.build_absolute_uri(link.url), "expires_at": link.expires_at} if link else None
    return answer(told(found) | {"download": said})


@router.get(
    "/exports/{int:file_id}/download",
    auth=needs("exports:read"),
    response={303: None},
    summary="Download an export file",
    description="Leads on to a link that works for a quarter of an hour. Every download is written down.",
)
def download(request: Request, file_id: int) -> HttpResponse:
    link = link_for(file_there(request, file_id), user=key_of(request).user, now=now_of(request))
    return HttpResponse(status=303, headers={"Location": link.url})


def file_there(request: Request, pk: int) -> ExportFile:
    """The door. Raises: Http404; Problem (410), for a file whose time is over, or that is lost."""
    found = selectors.file_for(request, pk)
    if found.expired_at(now_of(request)):
        raise Problem("gone", _("The file was kept for seven days and has been deleted."))
    if not store.path_of(found.stored_as).exists():
        raise Problem("gone", _("The file is not there any more: export it again."))
    return found
