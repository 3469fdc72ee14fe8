"""Export files: the list beside those of segments, and the download."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from exports import selectors, store
from exports.forms import FilesForm
from segmentation.selectors import tabs
from users.access import signed_in

PER_PAGE = 25
LONGEST = 200  # characters of a search

log = logging.getLogger(__name__)


@require_safe
def files(request: Request) -> HttpResponse:
    """Export files (Pliki eksportu), those that can still be downloaded (IP32), and those being written."""
    search = request.GET.get("q", "").strip()[:LONGEST]
    sort = request.GET.get("sort") or "-created"
    form = FilesForm(request.GET)
    problems = problems_in(request.GET, names=form.fields, texts=["q"], sorts=selectors.ORDERS)
    problems += [f"{form.fields[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
    writing = selectors.being_written(request)
    context: dict[str, Any] = {
        "problems": problems,
        "q": search,
        "form": form,
        "narrowed": search or any(form.data.get(name) for name in form.fields),
        "sort": sort,
        "tabs": tabs(request),
        "here": "exports:files",
        "writing": writing,
        "live": any(each.job.active for each in writing),
    }
    if not problems:
        asked = form.cleaned_data
        by = signed_in(request) if asked["by"] else None
        found = selectors.listed(selectors.files_for(request), search=search, of=asked["of"], by=by, sort=sort)
        context["page"] = Paginator(found, PER_PAGE).get_page(page_number(request.GET))
    return page(request, "exports/files.html", context, part="rows", status=422 if problems else 200)


@require_safe
def download(request: Request, pk: int) -> HttpResponseBase:
    """The file itself, for those who may write; after its time it is refused even if no purge has run."""
    if not signed_in(request).may_write:
        raise PermissionDenied(_("Your role (analyst) may not download personal data of many people at once."))
    file = selectors.file_for(request, pk)
    if file.expired_at(request.now):
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
