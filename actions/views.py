"""Adding an action to a segment; the list of its actions; stopping, cancelling and trying again."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pyroaring import BitMap

from actions import selectors, services
from actions.errors import ActionError, AnsweredError, ResultChangedError
from actions.forecast import Forecast, forecasts, unseen
from actions.forms import WhenForm
from actions.kinds import Kind, offered_kinds
from actions.kinds.forms import Draft, PartForm
from actions.models import Audience
from actions.refusals import refusal
from actions.running import audience_in
from actions.seen import cut_runs
from config.pages import page
from config.requests import Request
from contacts.sight import sight, within
from segmentation.models import Segment
from segmentation.selectors import segment_for
from segmentation.views.segment import head
from users.access import signed_in, writers_only

PER_PAGE = 25
MARK = re.compile(r"[0-9a-f]{32}")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def add(request: Request, pk: int) -> HttpResponse:
    """Choose what to do, to whom and how often; look at it once more; confirm (IP17, IP18, IP26)."""
    calculating = services.under_way_of(pk)
    segment = segment_for(request, pk)
    now = request.now
    context = head(request, segment) | {
        "reach": selectors.reach_of(segment, calculating=calculating, now=now),
        "kinds": offered_kinds().values(),
    }
    given = request.POST if request.method == "POST" else request.GET
    kind = offered_kinds().get(given.get("kind", ""))
    if context["reach"].closed:
        return shown(request, context, status=422 if request.method == "POST" else 200)
    if kind is None:
        return shown(request, context, status=422 if "kind" in given else 200)
    context |= {"kind": kind, "part": kind.form(now=now, by=signed_in(request)), "when": WhenForm(segment=segment)}
    if request.method == "POST":
        return answered(request, context, segment=segment, kind=kind, now=now)
    return shown(request, context)


def answered(request: Request, context: dict[str, Any], *, segment: Segment, kind: Kind, now: datetime) -> HttpResponse:
    """The answer to a sent form: back to it, its errors, the question before it is done, or the list of actions."""
    part, when = kind.form(request.POST, now=now, by=signed_in(request)), WhenForm(request.POST, segment=segment)
    context |= {"part": part, "when": when}
    if "move" in request.POST or "back" in request.POST:
        if hasattr(part, "move"):
            part.move(request.POST.get("move", ""))
        return shown(request, context)
    if not (part.is_valid() and when.is_valid()):
        return shown(request, context, status=422)
    if request.POST.get("confirmed") != "yes":
        context["reach"].choose(when.audience_wanted)
        review = reviewed(context["reach"], kind, part, now=now, mask=sight(request))
        return shown(request, context | {"review": review, "unseen": unseen(review), "question": uuid4().hex})
    return planned(request, context, segment=segment, kind=kind, part=part, when=when)


def reviewed(
    reach: selectors.Reach, kind: Kind, part: PartForm, *, now: datetime, mask: BitMap | None
) -> list[tuple[Draft, Forecast | None]]:
    """What would be added, each with its forecast; without one while the contacts are not known."""
    drafts = part.drafts()
    if reach.acts_on is None or reach.latest is None:
        return [(draft, None) for draft in drafts]
    audience = within(audience_in(reach.latest, Audience(reach.audience)), mask)
    found = forecasts(kind, drafts, audience=audience, now=now, by=part.by)
    return list(zip(drafts, found, strict=True))


def planned(
    request: Request, context: dict[str, Any], *, segment: Segment, kind: Kind, part: PartForm, when: WhenForm
) -> HttpResponse:
    """Adds the confirmed actions and leads to their list, or says why not."""
    try:
        actions = services.plan_from(
            segment,
            part,
            kind=kind.name,
            audience=when.audience_wanted,
            every_refresh=when.every_refresh,
            by=request.user,
            clock=timezone.now,
            confirmed=confirmed_calculation(request),
            question=question_answered(request),
        )
    except AnsweredError as error:
        messages.info(request, refusal(error))
        return redirect("actions:list", segment.pk)
    except ActionError as error:
        part.add_error(None, refusal(error))
        return shown(request, context, status=422)
    count = len(actions)
    messages.success(request, ngettext("Action added.", "%(count)s actions added.", count) % {"count": count})
    return redirect("actions:list", segment.pk)


def confirmed_calculation(request: Request) -> int | None:
    """The calculation of which the answered question spoke, ended or under way; none: nothing was agreed to."""
    text = request.POST.get("calculation", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def question_answered(request: Request) -> UUID:
    """The mark of the question, drawn with it. An answer without one is to a question that nobody was asked.

    Raises: ResultChangedError.
    """
    text = request.POST.get("question", "")
    if not MARK.fullmatch(text):
        raise ResultChangedError
    return UUID(text)


def shown(request: Request, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return page(request, "actions/add.html", context, part=part_asked(request), status=status)


def part_asked(request: Request) -> str:
    """The part of the page, if HTMX asks for it. What follows a calculation takes its part of the whole."""
    return "" if request.htmx.target in (None, "segment-head", "reach") else "body"


@require_safe
def actions(request: Request, pk: int) -> HttpResponse:
    """List of actions: running and performed, planned and recurring (IP23)."""
    calculating = services.under_way_of(pk)
    segment = segment_for(request, pk)
    live = selectors.under_way(
        selectors.runs_of(segment)
    )  # before the rows are read: one that ends in between must not stay "running"
    runs = Paginator(selectors.runs_of(segment), PER_PAGE).get_page(request.GET.get("page"))
    reach = selectors.reach_of(segment, calculating=calculating, now=request.now)
    ahead = selectors.ahead(request, segment)
    context = head(request, segment) | {
        "reach": reach,
        "page": runs,
        "rows": selectors.told(request, runs.object_list),
        "ahead": ahead,
        "left_waiting": not reach.creating and any(not row.action.every_refresh for row in ahead),
        "stopped": selectors.stopped(segment),
        "live": live,
    }
    return page(request, "actions/list.html", context, part=part_asked(request))


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def stop(request: Request, pk: int) -> HttpResponse:
    """Cancels a planned action or ends a recurring one; asks first."""
    action = selectors.action_for(request, pk)
    if request.method == "POST":
        stopped = services.stop_action(action, now=request.now, by=signed_in(request))
        if stopped:
            messages.success(request, _("The action will not run again."))
        else:
            messages.info(request, _("The action had already been stopped."))
        return redirect(action.page_url)
    sentence = selectors.sentences([action])[action.pk]
    return page(request, "actions/stop.html", {"action": action, "sentence": sentence}, part="question")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def cancel(request: Request, pk: int) -> HttpResponse:
    """Cancels a run that waits or is under way; asks first."""
    run = selectors.run_for(request, pk)
    if request.method == "POST":
        if services.cancel_run(run, now=request.now):
            messages.success(request, _("Cancelled. What had been done until then stays done."))
        else:
            messages.info(request, _("It was over before it could be cancelled."))
        return redirect(run.action.page_url)
    sentence = selectors.sentences([run.action])[run.action_id]
    cut_runs([run], sight(request))
    return page(request, "actions/cancel.html", {"run": run, "sentence": sentence}, part="question")


@require_POST
def retry(request: Request, pk: int) -> HttpResponse:
    """Lets a failed run go on where it stopped."""
    run = selectors.run_for(request, pk)
    try:
        going_on = services.retry_run(run, now=request.now)
    except ActionError as error:
        messages.error(request, refusal(error))
        return redirect(run.action.page_url)
    if going_on:
        messages.success(request, _("It goes on where it stopped."))
    else:
        messages.info(request, _("There is nothing to try again: it did not fail, or somebody was faster."))
    return redirect(run.action.page_url)
