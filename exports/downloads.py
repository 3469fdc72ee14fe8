"""Sending a file, and the record of it: who carried it away, when, how and from where."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase

from config.clients import client_address
from config.pages import page
from config.requests import Request
from contacts.folding import folded, plain
from exports import store
from exports.models import Download, ExportFile, How
from users.models import User

KEPT = timedelta(days=730)
PER_PURGE = 10_000

log = logging.getLogger(__name__)


def sent(request: Request, file: ExportFile, *, user: User, how: How) -> HttpResponseBase:
    """The file as an attachment that no cache keeps, written down before its first byte goes."""
    try:
        content = store.path_of(file.stored_as).open("rb")
    except OSError:
        log.exception("export file %s of segment %s is not in the store", file.pk, file.segment_id)
        return page(request, "exports/gone.html", {"file": file, "expired": False}, status=410)
    if request.method == "HEAD":
        content.close()
        response: HttpResponseBase = HttpResponse(headers={"Content-Disposition": "attachment"})
    else:
        program = "".join(sign for sign in request.headers.get("User-Agent", "") if sign.isprintable())
        note(file, user=user, how=how, now=request.now, address=client_address(request) or None, program=program)
        response = FileResponse(content, as_attachment=True, filename=file.name)
    response["Content-Type"] = file.kind.content_type
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def note(
    file: ExportFile,
    *,
    user: User | None,
    how: How,
    now: datetime,
    by: str = "",
    address: str | None = None,
    program: str = "",
) -> Download:
    """Writes down that the file is carried away. `by`: what whoever is no user is called."""
    return Download.objects.create(
        file_id=file.pk,
        file_name=file.name,
        title=file.title[:255],
        rows=file.rows,
        at=now,
        how=how,
        by=(str(user) if user else by)[:254],
        user=user,
        address=address,
        program=program[:200],
    )


@dataclass(frozen=True)
class Carried:
    """How often a file was carried away, and the last time."""

    times: int
    last: Download


def carried(files: Iterable[ExportFile]) -> dict[int, Carried]:
    """Of those that were, by the file's id; two queries."""
    found = Download.objects.filter(file_id__in=[file.pk for file in files])
    times = dict(found.order_by().values_list("file_id").annotate(n=Count("pk")))
    lasts = found.order_by("file_id", "-at", "-pk").distinct("file_id")
    return {last.file_id: Carried(times[last.file_id], last) for last in lasts}


def listed(*, search: str = "", how: str = "") -> QuerySet[Download]:
    """The record, the newest first; searched in the names of files, segments and people."""
    found = Download.objects.all()
    if search:
        word = folded(search)
        found = found.alias(file_plain=plain("file_name"), title_plain=plain("title"), by_plain=plain("by"))
        found = found.filter(Q(file_plain__contains=word) | Q(title_plain__contains=word) | Q(by_plain__contains=word))
    return found.filter(how=how) if how else found


def forget_old(now: datetime) -> None:
    """Removes what was written down two years ago."""
    old = Download.objects.filter(at__lte=now - KEPT).order_by("at")[:PER_PURGE]
    Download.objects.filter(pk__in=[each.pk for each in old.only("pk")]).delete()
