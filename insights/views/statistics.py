"""Statistics of everybody, a tag, a category or a segment (IC9): the page, its numbers as a file."""

import copy
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import problems_in
from config.downloads import as_csv, refused
from config.pages import page
from config.requests import Request
from contacts.listing import Search
from contacts.sight import as_seen, sight
from insights.errors import NotKeptError
from insights.statistics import filed, scopes, taking
from insights.statistics.scopes import Scope
from insights.statistics.telling import cards, told
from segmentation.contact_sets import whole
from segmentation.models import Segment
from segmentation.selectors import segment_for
from segmentation.views.segment import head
from tags.models import Category, Tag
from users.access import writers_only

TEMPLATE = "insights/statistics.html"


# --- whose -----------------------------------------------------------------------------------------------------
@require_safe
def everybody(request: Request) -> HttpResponse:
    """Of all contacts."""
    return shown(request, scopes.everybody())


@require_safe
def tag(request: Request, pk: int) -> HttpResponse:
    """Of those who have a tag."""
    return shown(request, scopes.of_tag(get_object_or_404(Tag, pk=pk)))


@require_safe
def category(request: Request, pk: int) -> HttpResponse:
    """Of those in a category or below it; `?level=only`: in exactly this one."""
    return shown(request, category_scope(request, pk))


@require_safe
def segment(request: Request, pk: int) -> HttpResponse:
    """Of the members of a segment's last calculation; `?calculation=ID`: of another one."""
    found = segment_for(request, pk)
    return shown(request, segment_scope(request, found), head(request, found))


@require_safe
def contacts(request: Request) -> HttpResponse:
    """Of those whom the contact manager lists under the same address."""
    search = search_of(request)
    context: dict[str, Any] = {"listed": True}
    if search.errors:
        context |= {"problems": [problem for _label, _target, problem in search.errors]}
        return page(request, TEMPLATE, context, part="numbers", status=422)
    return shown(request, scopes.of_list(search), context)


def search_of(request: Request) -> Search:
    """The list of the address, without what only these pages know."""
    asked, query = copy.copy(request), request.GET.copy()
    for name in ("weeks", "count", "page", "sort"):
        query.pop(name, None)
    asked.GET = query  # type: ignore[assignment]
    return Search.of(asked)


def category_scope(request: Request, pk: int) -> Scope:
    return scopes.of_category(get_object_or_404(Category, pk=pk), only=request.GET.get("level") == scopes.ONLY)


def segment_scope(request: Request, found: Segment) -> Scope | None:
    """None: it was never calculated. Raises: Http404, for a calculation that is not its own."""
    wanted = request.GET.get("calculation", "")
    pk = whole(wanted) if wanted else found.latest_id
    calculation = scopes.done(pk) if pk is not None else None
    if wanted and (calculation is None or calculation.segment_id != found.pk):
        raise Http404(f"no calculation {wanted[:20]}")
    return scopes.of_calculation(found, calculation) if calculation else None


# --- the page --------------------------------------------------------------------------------------------------
def shown(request: Request, scope: Scope | None, more: dict[str, Any] | None = None) -> HttpResponse:
    """The page; `?count=1` takes the statistics, which the page asks for by itself where a scan is needed."""
    problems = problems_of(request, scope)
    context: dict[str, Any] = {
        "scope": scope,
        "weeks": weeks_of(request),
        "periods": taking.PERIODS,
        "problems": problems,
        "restricted": sight(request) is not None,
        **(more or {}),
    }
    if problems:
        return page(request, TEMPLATE, context, part="numbers", status=422)
    if scope is not None:
        only_kept = "count" not in request.GET
        try:
            found = taking.taken(scope, **as_seen(request), weeks=weeks_of(request), only_kept=only_kept)
        except NotKeptError:
            context["waits"] = True
        else:
            context["told"] = told(found)
    return page(request, TEMPLATE, context, part="numbers")


def problems_of(request: Request, scope: Scope | None) -> list[str]:
    """What cannot be shown as asked, in sentences. The address of a list is judged as that of a list."""
    problems = []
    if scope is None or scope.kind != "contacts":
        own = {"category": ("level",), "segment": ("calculation",)}.get(scope.kind if scope else "segment", ())
        problems = problems_in(request.GET, texts=("weeks", "count", *own))
    if request.GET.get("weeks", "12") not in map(str, taking.PERIODS):
        problems.append(_("There is no such period."))
    if scope is not None and scope.kind == "category" and request.GET.get("level", "") not in ("", scopes.ONLY):
        problems.append(_("There is no such level."))
    return problems


def weeks_of(request: Request) -> int:
    return taking.PERIODS[-1] if request.GET.get("weeks") == str(taking.PERIODS[-1]) else taking.PERIODS[0]


# --- what the page asks for besides ----------------------------------------------------------------------------
def scope_for(request: Request, kind: str, pk: int) -> Scope:
    """The door of what belongs to a page of statistics. Raises: Http404."""
    match kind:
        case "all" if not pk:
            return scopes.everybody()
        case "tag":
            return scopes.of_tag(get_object_or_404(Tag, pk=pk))
        case "category":
            return category_scope(request, pk)
        case "contacts" if not pk:
            search = search_of(request)
            if not search.errors:
                return scopes.of_list(search)
        case "segment":
            scope = segment_scope(request, segment_for(request, pk))
            if scope is not None:
                return scope
    raise Http404(f"no statistics of {kind} {pk}")


@require_safe
def attributes(request: Request, kind: str, pk: int) -> HttpResponse:
    """The attributes that the page does not tell at once."""
    scope = scope_for(request, kind, pk)
    if problems := problems_of(request, scope):
        context: dict[str, Any] = {"scope": scope, "problems": problems}
        return page(request, "insights/statistics_attributes.html", context, part="attributes", status=422)
    sets, found = taking.beyond(scope, **as_seen(request))
    context = {"scope": scope, "cards": cards(found, scope, sets), "at": request.now, "alone": scope.everybody}
    return page(request, "insights/statistics_attributes.html", context, part="attributes")


@require_safe
@writers_only
def numbers(request: Request, kind: str, pk: int) -> HttpResponse:
    """All numbers of the page as CSV, those of every attribute among them."""
    scope = scope_for(request, kind, pk)
    if problems := problems_of(request, scope):
        return refused(problems)
    found = taking.taken(scope, **as_seen(request), weeks=weeks_of(request), at_once=None)
    return as_csv(filed.content(told(found)), filed.name(found))
