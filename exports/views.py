"""Export files: the list beside those of segments, and the download."""

import logging
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import page_number, problems_in
from config.pages import page
from exports import selectors, store
from segmentation.selectors import tabs

PER_PAGE = 25
LONGEST = 200  # characters of a search

log = logging.getLogger(__name__)


@require_safe
def files(request: HttpRequest) -> HttpResponse:
    """Export files (Pliki eksportu), those that can still be downloaded (IP32)."""
    now: datetime = request.now  # type: ignore[attr-defined]
    search = request.GET.get("q", "").strip()[:LONGEST]
    sort = request.GET.get("sort") or "-created"
    problems = problems_in(request.GET, texts=["q"], sorts=selectors.ORDERS)
    context: dict[str, Any] = {
        "problems": problems,
        "q": search,
        "sort": sort,
        "tabs": tabs(now),
        "here": "exports:files",
    }
    if not problems:
        found = selectors.listed(now, search=search, sort=sort)
        context["page"] = Paginator(found, PER_PAGE).get_page(page_number(request.GET))
    return page(request, "exports/files.html", context, part="rows", status=422 if problems else 200)


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file itself, for those who may write; after its time it is refused even if no purge has run."""
    if not request.user.may_write:  # type: ignore[union-attr]
        raise PermissionDenied(_("Your role (analyst) may not download personal data of many people at once."))
    file = selectors.file_for(request, pk)
    if file.expired_at(request.now):  # type: ignore[attr-defined]
        return page(request, "exports/gone.html", {"file": file, "expired": True}, status=410)
    try:
        content = store.path_of(file.stored_as).open("rb")
    except OSError:
        log.exception("export file %s of segment %s is not in the store", file.pk, file.segment_id)
        return page(request, "exports/gone.html", {"file": file, "expired": False}, status=410)
    response = FileResponse(content, as_attachment=True, filename=file.name, content_type="text/csv; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
