"""Reading export files: those that can still be downloaded, and those that are being written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Collate
from django.http import Http404, HttpRequest

from actions.models import ActionRun
from contacts.folding import folded, plain, polish_key
from exports.making import KEPT
from exports.models import ExportFile, ListExport
from jobs.models import ACTIVE, Job, JobState
from segmentation.models import Cause, Segment
from segmentation.selectors import SETS, segment_for
from users.models import User

ORDERS: dict[str, Any] = {
    "name": Collate(polish_key("segment__name"), "C"),
    "rows": F("rows"),
    "size": F("size"),
    "created": F("created_at"),
    "expires": F("expires_at"),
}
NO_SETS = tuple(f"calculation__{name}" for name in SETS)
SHOWN = 50  # jobs being written, the newest first


def files_at(now: datetime) -> QuerySet[ExportFile]:
    """Files not yet expired at `now`."""
    return ExportFile.objects.filter(expires_at__gt=now)


def count_at(now: datetime) -> int:
    """How many there are: the number on the tab."""
    return files_at(now).count()


def listed(now: datetime, *, search: str = "", of: str = "", by: User | None = None, sort: str) -> QuerySet[ExportFile]:
    """The page's rows. `search` in the names of segments, `of` what a file holds, `by` who had it made."""
    found = files_at(now)
    if search:
        found = found.alias(plain_name=plain("segment__name")).filter(plain_name__contains=folded(search))
    if of:
        found = found.filter(audience=of)
    if by is not None:
        found = found.filter(created_by=by)
    order = ORDERS[sort.removeprefix("-")]
    order = order.desc() if sort.startswith("-") else order.asc()
    return found.select_related("segment", "created_by", "calculation").defer(*NO_SETS).order_by(order, "-pk")


@dataclass(frozen=True)
class Writing:
    """A file that is not there yet: being written, or given up.

    `cause` in words, if it is of one; `export` is None where an action writes it.
    """

    job: Job
    segment: Segment
    audience: str
    cause: str
    as_of: datetime | None
    by: User | None
    export: ListExport | None


def being_written(now: datetime) -> list[Writing]:
    """What is being written, by actions and of past lists, and lists that failed lately; newest first."""
    lately = Q(state__in=(JobState.FAILED, JobState.ERRORED), finished_at__gt=now - KEPT)
    lists = ListExport.objects.filter(Q(state__in=ACTIVE) | lately).defer(*NO_SETS)
    runs = ActionRun.objects.filter(state__in=ACTIVE, action__kind="export").defer("changed", *NO_SETS)
    found = [
        Writing(
            one,
            one.calculation.segment,
            one.audience,
            str(Cause(one.cause).label) if one.cause else "",
            one.calculation.as_of,
            one.requested_by,
            one,
        )
        for one in lists.select_related("calculation__segment", "requested_by")[:SHOWN]
    ]
    found += [
        Writing(one, one.action.segment, one.action.audience, "", one.calculation.as_of, one.action.created_by, None)
        for one in runs.select_related("action__segment", "action__created_by", "calculation")[:SHOWN]
    ]
    return sorted(found, key=lambda writing: writing.job.requested_at, reverse=True)


def file_for(request: HttpRequest, pk: int) -> ExportFile:
    """The door: a file, expired or not, of a segment that this user may see; 404 for any other."""
    found = ExportFile.objects.filter(pk=pk).first()
    if found is None:
        raise Http404(f"no export file {pk}")
    found.segment = segment_for(request, found.segment_id)
    return found


def list_export_for(request: HttpRequest, pk: int) -> ListExport:
    """The door: the export of a list of a segment that this user may see; 404 for any other."""
    found = ListExport.objects.select_related("calculation").defer(*NO_SETS).filter(pk=pk).first()
    if found is None:
        raise Http404(f"no export {pk}")
    segment_for(request, found.calculation.segment_id)
    return found
