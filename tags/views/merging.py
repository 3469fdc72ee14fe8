"""Several tags becoming one: the question with its numbers, and the list of what was merged."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.asked import page_number
from config.pages import page
from config.requests import Request
from config.templatetags.numbers import number
from contacts.sight import require_whole_sight, sight
from jobs import services as jobs
from jobs.models import JobState
from tags import merging
from tags.forms import MergeForm
from tags.merging import Plan
from tags.models import Tag, TagMerge
from tags.views.several import chosen_tags
from users.access import signed_in, writers_only

PER_PAGE = 30
PLAN = "merge-plan"  # the part of the question that follows the name being typed


@writers_only
def merge(request: Request) -> HttpResponse:
    """Asks for the name of the result, tells what it comes to, and has the tags merged once that is confirmed."""
    require_whole_sight(request.user)
    data = request.POST if request.method == "POST" else request.GET
    tags, problem = chosen_tags(data)
    if problem:
        return page(request, "tags/merge.html", {"chosen": [], "problem": problem}, part="question", status=422)
    name = data["name"] if "name" in data else suggestion(tags)
    form = MergeForm(None if name is None else {"name": name})
    plan = None
    if form.is_valid():
        try:
            plan = merging.planned(tags, form.cleaned_data["name"], now=request.now)
        except ValidationError as error:
            form.add_error("name", error)
    confirmed = request.method == "POST" and data.get("step") == "merge"
    if plan and confirmed and data.get("shown") == mark_of(plan):
        try:
            return carry_out(request, plan)
        except ValidationError as error:
            form.add_error("name", error)
    return question(request, tags, form, plan, again=confirmed)


def question(
    request: Request,
    tags: list[Tag],
    form: MergeForm,
    plan: Plan | None,
    *,
    again: bool = False,
    taken: bool = False,
) -> HttpResponse:
    """What is asked. `again`: what was confirmed is not what it would be now; `taken`: it comes of a renaming."""
    context = {
        "chosen": tags,
        "form": form,
        "plan": plan,
        "shown": mark_of(plan) if plan else "",
        "again": again,
        "taken": taken,
    }
    following = getattr(request, "htmx", None) and request.htmx.target == PLAN
    status = 422 if form.errors or again or taken else 200
    return page(request, "tags/merge.html", context, part="plan" if following else "question", status=status)


def suggestion(tags: list[Tag]) -> str | None:
    """The name that is offered: of the tag that most contacts have; none for one tag alone."""
    return None if len(tags) == 1 else max(tags, key=lambda tag: (tag.contacts_count or 0, tag.name)).name


def mark_of(plan: Plan) -> str:
    """What was shown, so that nothing else is done: these tags, this name, and what follows them."""
    told = [
        sorted(tag.pk for tag in plan.tags),
        plan.result,
        plan.is_new,
        sorted((each.kind, each.name, each.changes) for each in plan.followers),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def carry_out(request: Request, plan: Plan) -> HttpResponse:
    """Has it done; a small one before the page answers. Raises: ValidationError."""
    user, now = signed_in(request), request.now
    asked = merging.ask_merge(plan.tags, plan.result, now=now, by=str(user), user=user)
    if plan.rows <= merging.AT_ONCE:
        jobs.run("tag_merge", asked.pk, now=now)
        asked.refresh_from_db()
    if asked.state != JobState.DONE:
        return redirect("tags:merges")
    text = ngettext(
        "%(names)s are now one tag, %(name)s: %(number)s contact.",
        "%(names)s are now one tag, %(name)s: %(number)s contacts.",
        asked.contacts or 0,
    )
    names = ", ".join(tag.name for tag in plan.tags)
    messages.success(request, text % {"names": names, "name": asked.name, "number": number(asked.contacts)})
    return redirect("tags:tags")


def merges(request: Request) -> HttpResponse:
    """What was merged and what is being merged, the latest first."""
    whole = sight(request) is None
    rows = Paginator(TagMerge.objects.select_related("result"), PER_PAGE).get_page(page_number(request.GET))
    for asked in rows.object_list:
        asked.followed = followed(asked)
    return page(request, "tags/merges.html", {"rows": rows, "whole": whole}, part="rows")


def followed(asked: TagMerge) -> list[str]:
    """What named the tags and names the result now, in words."""
    words: dict[str, Callable[[int], str]] = {
        "segment": lambda n: ngettext("%(number)s segment", "%(number)s segments", n),
        "saved": lambda n: ngettext("%(number)s saved criteria", "%(number)s saved criteria", n),
        "filter": lambda n: ngettext("%(number)s advanced filter", "%(number)s advanced filters", n),
        "draft": lambda n: ngettext("%(number)s unfinished form", "%(number)s unfinished forms", n),
        "view": lambda n: ngettext("%(number)s saved view", "%(number)s saved views", n),
        "action": lambda n: ngettext("%(number)s action", "%(number)s actions", n),
    }
    return [words[kind](n) % {"number": number(n)} for kind, n in sorted(asked.follows.items()) if kind in words]


def progress(request: Request, pk: int) -> HttpResponse:
    """How one merge stands."""
    return row(request, get_object_or_404(TagMerge.objects.select_related("result"), pk=pk))


@require_POST
def stop(request: Request, pk: int) -> HttpResponse:
    """Stops a merge that is not done: nothing is changed then."""
    require_whole_sight(request.user)
    asked = get_object_or_404(TagMerge, pk=pk)
    if jobs.cancel(asked, now=request.now):
        messages.success(request, _("Stopped: nothing was merged."))
    else:
        messages.info(request, _("It was over already."))
    return redirect("tags:merges")


@require_POST
def retry(request: Request, pk: int) -> HttpResponse:
    """Sets a merge that failed going again."""
    require_whole_sight(request.user)
    asked = get_object_or_404(TagMerge, pk=pk)
    if not merging.may_be_retried(asked) or not jobs.retry(asked, now=request.now):
        messages.info(request, _("It can't be tried again: its tags are no longer there."))
    return redirect("tags:merges")


def row(request: Request, asked: TagMerge) -> HttpResponse:
    asked.followed = followed(asked)  # type: ignore[attr-defined]
    context: dict[str, Any] = {"merge": asked, "whole": sight(request) is None}
    return page(request, "tags/_merge_row.html", context)
