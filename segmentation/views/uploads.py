"""What became of the rows of an uploaded file (IP15)."""

from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.pages import page
from config.requests import Request
from contacts.sight import sight
from segmentation import listing
from segmentation.models import Segment, UploadedList
from segmentation.references import segments_naming
from segmentation.seen import cut, may_open
from segmentation.selectors import segments
from users.access import signed_in


def uploaded_for(request: Request, pk: int) -> UploadedList:
    """The door: an uploaded list of this account; 404 for others' to who sees some contacts only.

    Where they do not see somebody (any more) whom the file found, it is not told how many rows found nobody.
    """
    mask = sight(request)
    found = UploadedList.objects.select_related("created_by")
    made = get_object_or_404(found if mask is not None else found.defer("matched"), pk=pk)
    if not may_open(request, made):
        raise Http404(f"no list {pk}")
    # Those deleted since are among them: nothing tells the two apart.
    if mask is not None and (unseen := made.matched_ids - mask):
        made.report = made.report | {"matched": made.report["matched"] - len(unseen), "not_found": None}
        made.rejects = ""
    return made


@require_safe
def upload(request: Request, pk: int) -> HttpResponse:
    """Rows read, matched, not found, duplicate and invalid; how the file was read; the rejected rows to download."""
    uploaded = uploaded_for(request, pk)
    report = uploaded.report
    context = {
        "uploaded": uploaded,
        "report": report,
        "narrowed": report["not_found"] is None,
        "rejected": report["rows"] - report["matched"],
        "rows": [listing.row_of(request, segment) for segment in naming(request, uploaded)],
    }
    return page(request, "segmentation/upload.html", context)


def naming(request: Request, uploaded: UploadedList) -> list[Segment]:
    """The segments made from the file, with their last results."""
    ids = [segment.pk for segment in segments_naming("file", uploaded.pk)]
    found = list(segments().filter(pk__in=ids).order_by("name"))
    cut((segment.latest for segment in found), sight(request))
    return found


@require_safe
def rejects(request: Request, pk: int) -> HttpResponse | FileResponse:
    """The rejected rows as CSV, for those who may write; 404 when there were none or their week is over."""
    if not signed_in(request).may_write:
        raise PermissionDenied(_("Your role (analyst) may not download personal data of many people at once."))
    uploaded = uploaded_for(request, pk)
    if not uploaded.rejects or not default_storage.exists(uploaded.rejects):
        raise Http404("no rejected rows")
    name = f"{uploaded.name.rsplit('.', 1)[0]} - {_('rejected rows')}.csv"
    return FileResponse(
        default_storage.open(uploaded.rejects),
        as_attachment=True,
        filename=name,
        content_type="text/csv; charset=utf-8",
    )
