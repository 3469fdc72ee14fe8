"""Reading export files: those that can still be downloaded."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from exports.models import ExportFile
from segmentation.selectors import segment_for

ORDERS = {
    "segment": "segment__name",
    "rows": "rows",
    "size": "size",
    "created": "created_at",
    "expires": "expires_at",
}


def files_at(now: datetime) -> QuerySet[ExportFile]:
    """Files not yet expired at `now`."""
    return ExportFile.objects.filter(expires_at__gt=now)


def count_at(now: datetime) -> int:
    """How many there are: the number on the tab."""
    return files_at(now).count()


def listed(now: datetime, *, search: str, sort: str) -> QuerySet[ExportFile]:
    """The page's rows. `search` in the names of segments; an unknown `sort` is the newest first."""
    found = files_at(now).filter(segment__name__icontains=search) if search else files_at(now)
    field = ORDERS.get(sort.lstrip("-"), "")
    order = [f"-{field}" if sort.startswith("-") else field] if field else ["-created_at"]
    defer = ("calculation__members", "calculation__joined", "calculation__left")
    return found.select_related("segment", "created_by", "calculation").defer(*defer).order_by(*order, "-pk")


def file_for(request: HttpRequest, pk: int) -> ExportFile:
    """The door: a file, expired or not, of a segment that this user may see; 404 for any other."""
    found = ExportFile.objects.filter(pk=pk).first()
    if found is None:
        raise Http404(f"no export file {pk}")
    found.segment = segment_for(request, found.segment_id)
    return found
