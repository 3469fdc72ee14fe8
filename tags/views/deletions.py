"""Labels that are being deleted by a job: how far it has got, stopping it, going on with one that ended half-way."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.pages import page
from config.requests import Request
from contacts.sight import require_whole_sight
from jobs import services as jobs
from jobs.models import ACTIVE, JobState
from tags.models import CategoryDeletion, Deletion, TagDeletion


def progress(request: Request, pk: int, *, of: type[Deletion]) -> HttpResponse:
    """How far a deletion has got; once it is over, the whole page comes anew. Its numbers are of all contacts."""
    require_whole_sight(request.user)
    job = get_object_or_404(of, pk=pk)
    response = page(request, "tags/_deletion.html", {"deletion": job, "whole": True})
    if job.state == JobState.DONE:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def stop(request: Request, pk: int, *, of: type[Deletion]) -> HttpResponse:
    """Stops a deletion: of a tag nothing is done then; whom it took out of a category stays so, the others stay in."""
    require_whole_sight(request.user)
    if not jobs.cancel(get_object_or_404(of, pk=pk), now=request.now):
        messages.info(request, _("It was over already."))
    elif of is TagDeletion:
        messages.success(request, _("Stopped: nothing was deleted."))
    else:
        messages.success(request, _("The deletion is stopped. Whoever was taken out stays so."))
    return redirect("tags:tags" if of is TagDeletion else "tags:categories")


@require_POST
def retry_of_category(request: Request, pk: int) -> HttpResponse:
    """Goes on with a deletion that ended half-way. A tag is deleted anew instead: its question tells the numbers."""
    require_whole_sight(request.user)
    job = get_object_or_404(CategoryDeletion, pk=pk, category__isnull=False)
    if not CategoryDeletion.objects.filter(category=job.category, state__in=ACTIVE).exists():
        jobs.retry(job, now=request.now)
    return redirect("tags:categories")
