"""From the contact manager: an action on those who fit its filters or are selected; the list of such actions."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from actions import picked, selectors
from actions.errors import ActionError, AnsweredError
from actions.forecast import forecasts, unseen
from actions.kinds import Kind, offered_kinds
from actions.kinds.forms import PartForm
from actions.refusals import refusal
from actions.views import PER_PAGE, part_asked, question_answered
from config.pages import page
from config.requests import Request
from contacts.columns import chosen_names
from contacts.listing import Search, clean_address
from users.access import signed_in, writers_only

TEMPLATE = "actions/act.html"


@require_safe
def on_contacts(request: Request) -> HttpResponse:
    """Actions on contacts: those asked for in the contact manager, running and performed."""
    found = selectors.runs_on_contacts(signed_in(request))
    live = selectors.under_way(found)  # before the rows are read: one that ends in between must not stay "running"
    runs = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": runs, "rows": selectors.told(request, runs.object_list), "live": live}
    return page(request, "actions/on_contacts.html", context, part=part_asked(request))


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def act(request: Request, kind: str = "") -> HttpResponse:
    """Choose what to do to the contacts listed; look at the numbers; confirm (ST16). The address is the list's.

    The set is fixed when its numbers are shown, and the answer names it: what was asked about is what is acted on,
    whoever fits the filters by then.
    """
    now: datetime = request.now
    found = offered_kinds().get(kind)
    if kind and found is None:
        raise Http404(f"no kind of action {kind}")
    if request.method == "POST" and found is not None and request.POST.get("confirmed") == "yes":
        return confirmed(request, found, now=now)
    return asking(request, found, now=now)


def asking(request: Request, kind: Kind | None, *, now: datetime, problem: str = "") -> HttpResponse:
    """The page before the confirmation: the kinds, the kind's form, the numbers."""
    search = Search.of(request)
    context: dict[str, Any] = {
        "search": search,
        "kinds": offered_kinds().values(),
        "kind": kind,
        "here": clean_address(request.GET).removesuffix("?"),
        "back": reverse("contacts:manager") + clean_address(request.GET).removesuffix("?"),
        "at": now,
        "problem": problem,
    }
    if search.errors:
        return shown(request, context, status=422)
    ids = search.ids()
    context |= {"count": len(ids), "chips": search.chips()}
    if kind is None or not ids:
        return shown(request, context, status=422 if request.method == "POST" else 200)
    if request.method != "POST":
        part = kind.form(now=now, by=signed_in(request))
        part.suggest(chosen_names(request))
        return shown(request, context | {"part": part})
    part = kind.form(request.POST, now=now, by=signed_in(request))
    context["part"] = part
    if problem or "move" in request.POST or "back" in request.POST:
        if hasattr(part, "move"):
            part.move(request.POST.get("move", ""))
        return shown(request, context, status=422 if problem else 200)
    if not part.is_valid():
        return shown(request, context, status=422)
    words = [chip.text for chip in context["chips"]] or [_("All contacts")]
    kept = picked.fix(ids, words=words, query=context["here"], now=now, by=signed_in(request))
    drafts = part.drafts()
    review = list(zip(drafts, forecasts(kind, drafts, audience=ids, now=now, by=part.by), strict=True))
    return shown(request, context | {"review": review, "picked": kept, "unseen": unseen(review)})


def confirmed(request: Request, kind: Kind, *, now: datetime) -> HttpResponse:
    """Begins what was asked about; sent twice, it is begun once."""
    user = signed_in(request)
    part: PartForm = kind.form(request.POST, now=now, by=user)
    try:
        kept = picked.asked(question_answered(request), by=user)
        if not part.is_valid():
            return asking(request, kind, now=now)
        count = len(picked.act_on(kept, part, kind=kind, now=now, by=user))
    except AnsweredError as error:
        messages.info(request, refusal(error))
    except ActionError:
        return asking(
            request, kind, now=now, problem=_("The numbers are no longer kept. Look at them again, then confirm.")
        )
    else:
        messages.success(request, ngettext("Action begun.", "%(count)s actions begun.", count) % {"count": count})
    return redirect("actions:on_contacts")


def shown(request: Request, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return page(request, TEMPLATE, context, part=part_asked(request), status=status)
