"""Insights → Reports: the list, the form, a report live, as a file; copied, shared, deleted."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.db.models.functions import Collate
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.asked import page_number, problems_in
from config.downloads import refused
from config.pages import page
from config.requests import Request
from contacts.folding import folded, plain, polish_key
from contacts.sight import as_seen, sight
from insights.errors import NotKeptError
from insights.overlap import BY_NAME
from permissions.selectors import groups_known_to
from reports import filed, services, sources, taking
from reports.forms import ReportForm
from reports.models import BASE, Report, Sharing
from reports.selectors import may_change, report_for, reports
from users.access import signed_in, writers_only
from users.models import User

PER_PAGE = 50
SORTS: dict[str, Any] = {
    "name": BY_NAME,
    "of": Collate(polish_key("of_name"), "C"),
    "owner": Collate(polish_key("owner__name"), "C"),
    "changed": F("updated_at"),
}
SHOWN = ("", "own", "shared")


@require_safe
def index(request: Request) -> HttpResponse:
    """One's own and those shared with one, by name; `?q=`, `?show=own|shared`."""
    user, query = signed_in(request), request.GET
    problems = problems_in(query, texts=("q", "show"), sorts=SORTS)
    if query.get("show", "") not in SHOWN:
        problems.append(_("There is no such choice."))
    context: dict[str, Any] = {"q": query.get("q", ""), "show": query.get("show", ""), "problems": problems}
    context["sort"] = query.get("sort") or "name"
    if problems:
        return page(request, "reports/index.html", context, part="rows", status=422)
    rows = reports(user)
    context["any"] = rows.exists()
    if wanted := folded(context["q"].strip()[:200]):
        rows = rows.alias(plain_name=plain("name")).filter(plain_name__contains=wanted)
    if context["show"]:
        rows = rows.filter(owner=user) if context["show"] == "own" else rows.exclude(owner=user)
    by = SORTS[context["sort"].removeprefix("-")]
    rows = rows.order_by(by.desc() if context["sort"].startswith("-") else by.asc(), "pk")
    shown = Paginator(rows, PER_PAGE).get_page(page_number(query))
    context["rows"] = [(found, may_change(user, found)) for found in shown.object_list]
    return page(request, "reports/index.html", context | {"page": shown}, part="rows")


# --- one report ------------------------------------------------------------------------------------------------
@require_safe
def report(request: Request, pk: int) -> HttpResponse:
    """The page; `?count=1` takes the numbers, which the page asks for by itself where a scan is needed."""
    found = report_for(signed_in(request), pk)
    context = about(request, found)
    if context["problems"]:
        return page(request, "reports/report.html", context, part="numbers", status=422)
    try:
        context["content"] = taking.taken(found, **as_seen(request), only_kept="count" not in request.GET)
    except NotKeptError:
        context["waits"] = True
    return page(request, "reports/report.html", context, part="numbers")


def about(request: Request, found: Report) -> dict[str, Any]:
    user = signed_in(request)
    return {
        "report": found,
        "problems": problems_in(request.GET, texts=("count",)),
        "restricted": sight(request) is not None,
        "may_change": may_change(user, found),
        "shared_with": shared_with(found, user),
        "here": request.build_absolute_uri(reverse("reports:report", args=[found.pk])),
    }


def shared_with(found: Report, user: User) -> str:
    """In words, naming the groups that the reader knows."""
    if found.sharing == Sharing.GROUPS:
        names = list(found.groups.filter(pk__in=groups_known_to(user)).order_by("name").values_list("name", flat=True))
        if others := found.groups.count() - len(names):
            names.append(ngettext("%(number)s other group", "%(number)s other groups", others) % {"number": others})
        return _("Shared with %(groups)s") % {"groups": ", ".join(names)} if names else _("Shared with nobody any more")
    return (
        _("Shared with everybody in the account") if found.sharing == Sharing.ACCOUNT else _("Only its owner sees it")
    )


@require_safe
@writers_only
def numbers(request: Request, pk: int) -> HttpResponse:
    """All numbers as a file: `?format=csv` or `xlsx`."""
    user = signed_in(request)
    found = report_for(user, pk)
    kind = request.GET.get("format", "csv")
    problems = problems_in(request.GET, texts=("format",))
    if kind not in filed.TYPES:
        problems.append(_("There is no such format."))
    if problems:
        return refused(problems)
    content = taking.taken(found, **as_seen(request))
    response = HttpResponse(filed.content(found, content, kind, reader=str(user)), content_type=filed.TYPES[kind])
    response["Content-Disposition"] = filed.disposition(found, content, kind)
    return response


# --- making and changing ---------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def create(request: Request) -> HttpResponse:
    """A new one; `?of=segment.7&beside=base` fills in of whom."""
    user = signed_in(request)
    if request.method != "POST":
        require_named(request.GET)
        return edited(request, ReportForm(user=user, asked=request.GET))
    form = ReportForm(request.POST, user=user)
    if "move" in request.POST:
        return edited(request, form)
    if not form.is_valid():
        return edited(request, form, status=422)
    made = services.create(form.plan, by=user, now=request.now)
    return redirect("reports:report", made.pk)


def require_named(query: QueryDict) -> None:
    """What the address fills in is there: a report of others than those asked for is not begun. Raises: Http404."""
    for name, nothing in (("of", ("",)), ("beside", ("", BASE))):
        tokens = query.getlist(name)
        if len(tokens) > 1 or not all(token in nothing or sources.source(token) for token in tokens):
            raise Http404(f"{name} names nothing")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def edit(request: Request, pk: int) -> HttpResponse:
    """Name, groups, parts, sharing. A form opened before somebody else's change is refused."""
    user, found = signed_in(request), changed_by(request, pk)
    if request.method != "POST":
        return edited(request, ReportForm(user=user, report=found))
    form = ReportForm(request.POST, user=user, report=found)
    if "move" in request.POST:
        return edited(request, form)
    if not form.is_valid():
        return edited(request, form, status=422)
    try:
        services.change(found, form.plan, revision=form.cleaned_data["seen"] or 0, now=request.now)
    except services.EditedMeanwhileError:
        return edited(request, form, status=409, conflict=True)
    messages.success(request, _("“%(name)s” is changed.") % {"name": form.cleaned_data["name"]})
    return redirect("reports:report", found.pk)


def edited(request: Request, form: ReportForm, *, status: int = 200, conflict: bool = False) -> HttpResponse:
    context = {"form": form, "report": form.report, "conflict": conflict}
    return page(request, "reports/form.html", context, part="form", status=status)


def changed_by(request: Request, pk: int) -> Report:
    """The door for who may change it. Raises: Http404; PermissionDenied, for a shared one of somebody else's."""
    user = signed_in(request)
    found = report_for(user, pk)
    if not may_change(user, found):
        raise PermissionDenied(_("Only its owner and administrators change a report. Copy it to have one of your own."))
    return found


@require_POST
@writers_only
def copy(request: Request, pk: int) -> HttpResponse:
    """As one's own."""
    user = signed_in(request)
    made = services.copy(report_for(user, pk), by=user, now=request.now)
    messages.success(request, _("“%(name)s” is yours now; nobody else sees it.") % {"name": made.name})
    return redirect("reports:report", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks first."""
    found = changed_by(request, pk)
    if request.method != "POST":
        context = {"report": found, "shared_with": shared_with(found, signed_in(request))}
        return page(request, "reports/delete.html", context, part="question")
    services.delete(found)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect("reports:index")
