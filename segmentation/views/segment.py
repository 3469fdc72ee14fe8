"""One segment: preview, and what its menu does to it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.pages import page
from config.requests import Request
from contacts.sight import sight
from segmentation import builder, hooks, listing
from segmentation.health import health_of
from segmentation.models import Reason, Segment, UploadedList
from segmentation.references import references_in
from segmentation.seen import may_open, require_own
from segmentation.selectors import history, last_calculation, list_of, segment_for, superseded_by
from segmentation.sentences import sentence_of
from segmentation.services import SegmentInUseError, cancel_calculation, delete_segment, request_calculation
from users.access import signed_in, writers_only

OWN_PAGES = {
    "preview": "segmentation:preview",
    "history": "segmentation:history",
    "settings": "segmentation:settings",
    "criteria": "segmentation:criteria_edit",
    "actions": "actions:list",
    "add": "actions:add",
}


def head(request: Request, segment: Segment) -> dict[str, Any]:
    """What the head of every page of a segment shows: its name, where it stands, its last calculation."""
    now = request.now
    row = listing.row_of(request, segment)
    row.health = health_of(segment, now=now, mask=sight(request))
    several = history(segment).values_list("pk", flat=True)[:2]
    return {
        "segment": segment,
        "row": row,
        "may_change": row.may_change,
        "where": row.where,
        "has_history": segment.refreshes or len(several) > 1,
        "superseded": superseded_by(row.last) if row.last and row.calculating else None,
    }


def own_segment_for(request: Request, pk: int) -> Segment:
    """The door to changing it: `segment_for`, and 403 for who sees some contacts only and did not make it."""
    segment = segment_for(request, pk)
    require_own(request, segment.owner_id)
    return segment


@require_safe
def preview(request: Request, pk: int) -> HttpResponse:
    """Settings and criteria as in Create segment, read-only, with the counts of the last calculation (IP31)."""
    segment = segment_for(request, pk)
    criteria = segment.version.criteria if segment.version else {}
    form = builder.from_criteria(criteria, place=f"segment:{segment.pk}")
    as_of = told_as_of(segment) or request.now
    form.prepare(request, counts=counts_of(segment), as_of=as_of)
    files = [reference.key for reference in references_in(criteria) if reference.kind == "file"]
    uploads = UploadedList.objects.defer("matched").filter(pk__in=files)
    context = head(request, segment) | {
        "builder": form,
        "counts": counts_of(segment),
        "sentence": sentence_of(criteria, now=as_of),
        "uploads": [one for one in uploads if may_open(request, one)],
        "uses": hooks.uses_of(segment),
    }
    return page(request, "segmentation/preview.html", context)


def told_as_of(segment: Segment) -> datetime | None:
    """The instant that the dates of the criteria are told for: that of the counts beside them; None: of no counts."""
    return segment.latest.as_of if segment.latest and segment.latest.version_id == segment.version_id else None


def counts_of(segment: Segment) -> list[dict[str, Any]]:
    """The count of each node at the last calculation, if that ran with the criteria in force."""
    if segment.latest is None or segment.latest.version_id != segment.version_id:
        return []
    return list(segment.latest.node_counts)


@require_safe
@writers_only
def copy(request: Request, pk: int) -> HttpResponse:
    """Create segment with this one's settings and criteria."""
    segment = segment_for(request, pk)
    return redirect(f"{reverse('segmentation:create')}?copy={segment.pk}")


@require_POST
def refresh(request: Request, pk: int) -> HttpResponse:
    """Refresh now, try again, calculate again: a new calculation; a running one gives way (SD9)."""
    segment = own_segment_for(request, pk)
    now = request.now
    request_calculation(segment, reason=Reason.MANUAL, now=now, by=signed_in(request))
    messages.success(request, _("“%(name)s” is being calculated.") % {"name": segment.name})
    return back(request, segment)


@require_POST
def cancel(request: Request, pk: int) -> HttpResponse:
    """Stop the calculation that waits or runs; what was calculated before stays."""
    segment = own_segment_for(request, pk)
    now = request.now
    if cancel_calculation(segment, now=now):
        messages.success(request, _("The calculation of “%(name)s” was cancelled.") % {"name": segment.name})
    else:
        messages.info(request, _("The calculation of “%(name)s” had ended already.") % {"name": segment.name})
    return back(request, segment_for(request, pk))


def back(request: Request, segment: Segment) -> HttpResponse:
    """To the page of the segment whose button was pressed, which its form names; else to the list that now has it."""
    if url_name := OWN_PAGES.get(request.POST.get("next", "")):
        return redirect(url_name, segment.pk)
    return redirect(f"segmentation:{list_of(segment, now=request.now)}")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks first and says what uses the segment; refuses while something live does (IP34)."""
    segment = own_segment_for(request, pk)
    uses = hooks.uses_of(segment)
    status = 200
    if request.method == "POST":
        where = list_of(segment, now=request.now)
        try:
            delete_segment(segment)
        except SegmentInUseError:
            status, uses = 409, hooks.uses_of(segment)
        else:
            messages.success(request, _("Segment “%(name)s” was deleted.") % {"name": segment.name})
            return redirect(f"segmentation:{where}")
    context = head(request, segment) | {
        "uses": uses,
        "live": [use for use in uses if use.live],
        "calculations": history(segment).count(),
        "last": last_calculation(segment),
    }
    return page(request, "segmentation/delete.html", context, part="question", status=status)
