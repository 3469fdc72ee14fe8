"""Reading export files: those that can still be downloaded, and those that are being written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Collate
from django.http import Http404
from django.urls import reverse

from actions.models import ActionRun
from actions.selectors import enter
from config.requests import Request
from contacts.folding import folded, plain, polish_key
from contacts.sight import sight
from exports.making import KEPT
from exports.models import ExportFile, ListExport
from exports.seen import may_see, shown
from jobs.models import ACTIVE, Job, JobState
from segmentation.models import Cause
from segmentation.selectors import SETS, segment_for
from users.models import User

NAMED = Coalesce("segment__name", "name")  # of picked contacts there is the file's own name alone
ORDERS: dict[str, Any] = {
    "name": Collate(polish_key(NAMED), "C"),
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


def count_for(request: Request) -> int:
    """How many there are: the number on the tab."""
    return files_for(request).count()


def files_for(request: Request) -> QuerySet[ExportFile]:
    """Those of them that the reader is shown."""
    return shown(request, files_at(request.now))


def listed(
    found: QuerySet[ExportFile], *, search: str = "", of: str = "", by: User | None = None, sort: str
) -> QuerySet[ExportFile]:
    """The page's rows. `search` in the names of segments, `of` what a file holds, `by` who had it made."""
    if search:
        found = found.alias(plain_name=plain(NAMED)).filter(plain_name__contains=folded(search))
    if of:
        found = found.filter(audience=of)
    if by is not None:
        found = found.filter(created_by=by)
    order = ORDERS[sort.removeprefix("-")]
    order = order.desc() if sort.startswith("-") else order.asc()
    found = found.select_related("segment", "created_by", "calculation", "run__action__picked")
    return found.defer(*NO_SETS, "run__changed", "run__seen", "run__action__picked__members").order_by(order, "-pk")


@dataclass(frozen=True)
class Writing:
    """A file that is not there yet: being written, or given up.

    `title` is what it is of, `url` its page; `cause` in words, if it is of one; `export` is None where an action writes
    it.
    """

    job: Job
    title: str
    url: str
    audience: str
    cause: str
    as_of: datetime | None
    by: User | None
    export: ListExport | None


def being_written(request: Request) -> list[Writing]:
    """What is being written, by actions and of past lists, and lists that failed lately; newest first.

    Who sees some contacts only is shown their own.
    """
    now = request.now
    lately = Q(state__in=(JobState.FAILED, JobState.ERRORED), finished_at__gt=now - KEPT)
    lists = ListExport.objects.filter(Q(state__in=ACTIVE) | lately).defer("seen", *NO_SETS)
    runs = ActionRun.objects.filter(state__in=ACTIVE, action__kind="export")
    runs = runs.defer("changed", "seen", "action__picked__members", *NO_SETS)
    if sight(request) is not None:
        lists, runs = lists.filter(requested_by=request.user), runs.filter(action__created_by=request.user)
    found = [
        Writing(
            one,
            one.calculation.segment.name,
            reverse("actions:list", args=[one.calculation.segment_id]),
            one.audience,
            str(Cause(one.cause).label) if one.cause else "",
            one.calculation.as_of,
            one.requested_by,
            one,
        )
        for one in lists.select_related("calculation__segment", "requested_by")[:SHOWN]
    ]
    found += [
        Writing(
            one,
            one.action.place,
            one.action.page_url,
            one.action.audience,
            "",
            one.calculation.as_of if one.calculation else None,
            one.action.created_by,
            None,
        )
        for one in runs.select_related("action__segment", "action__picked", "action__created_by", "calculation")[:SHOWN]
    ]
    return sorted(found, key=lambda writing: writing.job.requested_at, reverse=True)


def file_for(request: Request, pk: int) -> ExportFile:
    """The door: a file, expired or not, of what this user may see; 404 for any other."""
    files = ExportFile.objects.select_related("run__action").defer("run__changed", "run__seen")
    found = shown(request, files.filter(pk=pk)).first()
    if found is None:
        raise Http404(f"no export file {pk}")
    if found.segment_id is not None:
        found.segment = segment_for(request, found.segment_id)
    elif found.run is not None:
        enter(request, found.run.action)
    return found


def list_export_for(request: Request, pk: int) -> ListExport:
    """The door: the export of a list of a segment that this user may see; 404 for any other."""
    found = ListExport.objects.select_related("calculation").defer("seen", *NO_SETS).filter(pk=pk).first()
    if found is None or not may_see(request, found):
        raise Http404(f"no export {pk}")
    segment_for(request, found.calculation.segment_id)
    return found
