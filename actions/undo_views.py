"""Undoing what a run changed: asked with its numbers, stopped, gone on with."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from actions import selectors, services
from actions.errors import ActionError
from actions.refusals import refusal
from actions.seen import cut_runs, cut_undo
from actions.undoing import prospect
from config.pages import page
from config.requests import Request
from contacts.sight import sight
from users.access import signed_in, writers_only


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def undo(request: Request, pk: int) -> HttpResponse:
    """Tells in numbers what undoing the run would come to; does it when that was confirmed (SG5)."""
    run = selectors.run_for(request, pk)
    now: datetime = request.now
    if request.method == "POST":
        try:
            services.undo_run(run, now=now, by=signed_in(request))
        except ActionError as error:
            messages.error(request, refusal(error))
        return redirect(run.action.page_url)
    context = {
        "run": run,
        "sentence": selectors.sentences([run.action])[run.action_id],
        "prospect": prospect(run, now=now, mask=sight(request), by=signed_in(request)) if run.may_be_undone else None,
    }
    cut_runs([run], sight(request))
    return page(request, "actions/undo.html", context, part="question")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def cancel(request: Request, pk: int) -> HttpResponse:
    """Stops an undo that waits or is under way; asks first."""
    found = selectors.undo_for(request, pk)
    if request.method == "POST":
        if services.cancel_undo(found, now=request.now):
            messages.success(request, _("Cancelled. Whoever was changed back until then stays so."))
        else:
            messages.info(request, _("It was over before it could be cancelled."))
        return redirect(found.run.action.page_url)
    sentence = selectors.sentences([found.run.action])[found.run.action_id]
    cut_undo(found, sight(request))
    return page(request, "actions/undo_cancel.html", {"undo": found, "sentence": sentence}, part="question")


@require_POST
def resume(request: Request, pk: int) -> HttpResponse:
    """Lets an undo that stopped go on with the contacts it has not come to."""
    found = selectors.undo_for(request, pk)
    if services.resume_undo(found, now=request.now):
        messages.success(request, _("It goes on where it stopped."))
    else:
        messages.info(request, _("There is nothing to go on with: it is over or under way."))
    return redirect(found.run.action.page_url)
