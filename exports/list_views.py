"""Exporting a list of a past calculation: whom, which columns; stopping it, trying again."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.pages import page
from config.requests import Request
from contacts.sight import sight
from exports import selectors
from exports.choosing import ExportForm
from exports.forms import WhichListForm
from exports.lists import NobodyError, export_list, forget
from jobs import services as jobs
from segmentation.models import Calculation
from segmentation.seen import cut
from segmentation.selectors import SETS, movements, segment_for
from segmentation.views.segment import head
from users.access import signed_in, writers_only


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def of_list(request: Request, pk: int, calculation: int) -> HttpResponse:
    """Which list of this calculation, with its number; which columns; then it is written as any other file."""
    segment = segment_for(request, pk)
    now: datetime = request.now
    found = Calculation.objects.defer(*SETS).filter(segment=segment, pk=calculation).first()
    if found is None or found.count is None:
        raise Http404(f"no calculation {calculation}")
    asked = request.POST if request.method == "POST" else None
    mask = sight(request)
    cut([found], mask)
    told = movements(found, mask=mask)
    which = WhichListForm(asked, calculation=found, movements=told, first=request.GET.get("of", ""))
    part = ExportForm(asked, now=now, by=signed_in(request))
    context = head(request, segment) | {"calculation": found, "which": which, "part": part}
    if asked is None or "move" in asked:
        if asked is not None:
            part.move(asked["move"])
        return page(request, "exports/of_list.html", context)
    if which.is_valid() and part.is_valid() and begun(request, found, which=which, part=part, now=now):
        return redirect("exports:files")
    return page(request, "exports/of_list.html", context, status=422)


def begun(request: Request, calculation: Calculation, *, which: WhichListForm, part: ExportForm, now: datetime) -> bool:
    """Whether the list is being written; if not, the form says why."""
    audience, cause = which.wanted
    [params] = part.plans()
    wanted: dict[str, Any] = {"audience": audience, "cause": cause, "params": params}
    try:
        export_list(calculation, now=now, by=signed_in(request), **wanted)
    except NobodyError:
        which.add_error("of", _("There is nobody in this list."))
        return False
    messages.success(request, _("The file is being written."))
    return True


@require_POST
def cancel(request: Request, pk: int) -> HttpResponse:
    """Stops the writing of a list, what was written is thrown away; takes one that failed off the page."""
    export = selectors.list_export_for(request, pk)
    if jobs.cancel(export, now=request.now):
        messages.success(request, _("Cancelled. No file was made."))
    elif forget(export):
        messages.success(request, _("Removed."))
    else:
        messages.info(request, _("It was over before it could be cancelled."))
    return redirect("exports:files")


@require_POST
def retry(request: Request, pk: int) -> HttpResponse:
    """Writes a list whose export failed once more."""
    export = selectors.list_export_for(request, pk)
    if jobs.retry(export, now=request.now):
        messages.success(request, _("The file is being written."))
    else:
        messages.info(request, _("There is nothing to try again: it did not fail, or somebody was faster."))
    return redirect("exports:files")
