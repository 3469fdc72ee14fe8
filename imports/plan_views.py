"""The plan of an import: how the file is read, what its columns become, a preview, and the start."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.pages import page
from config.requests import Request
from imports import services, store
from imports.errors import FileError
from imports.forms import PlanForm, ReadingForm
from imports.models import Mapping, SourceFile
from imports.plans import Plan, plan_from
from imports.preview import previewed
from imports.reading import Reading, sample, sheets_of
from imports.rows import Doer
from imports.selectors import source_for
from imports.services import NotReadyError, headings_in, proposed
from users.access import signed_in, writers_only

EXAMPLES = 3


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def plan(request: Request, pk: int) -> HttpResponse:
    """What the file is and becomes. Every answer is kept, so that the page can be left and found again."""
    source = source_for(request, pk)
    if not store.path_of(source.stored_as).is_file():
        services.forget_upload(source)
        messages.info(request, _("The file is no longer in the store. Upload it again."))
        return redirect("imports:upload")
    current = plan_from(source.choices)
    if request.method != "POST":
        return shown(request, source, current)
    return recalled(request, source, current) if "recall" in request.POST else changed(request, source, current)


def changed(request: Request, source: SourceFile, current: Plan) -> HttpResponse:
    """The plan as it is posted: kept, and carried out if that was asked for."""
    reading, error = read_anew(request, source, current)
    if error:
        return shown(request, source, current, error=error, status=422)
    if reading != current.reading:
        keep(source, proposed(source.stored_as, reading, subject=current.subject, by=signed_in(request)))
        return shown(request, source, plan_from(source.choices))
    form = form_of(request, source, current, data=request.POST)
    if not form.is_valid():
        return shown(request, source, current, form=form, status=422)
    current = form.planned()
    keep(source, current)
    if "import" not in request.POST:
        return shown(request, source, current)
    by, remember_as = signed_in(request), form.cleaned_data["remember_as"]
    try:
        job = services.start(source, current, now=request.now, by=by, remember_as=remember_as)
    except NotReadyError:
        return shown(request, source, current, asked=True, status=422)
    except SourceFile.DoesNotExist:  # sent twice
        return redirect("imports:imports")
    return redirect("imports:import", job.pk)


def keep(source: SourceFile, current: Plan) -> None:
    source.choices = current.stored()
    SourceFile.objects.filter(pk=source.pk).update(choices=source.choices)


def recalled(request: Request, source: SourceFile, current: Plan) -> HttpResponse:
    """The plan becomes one that was remembered."""
    pk = request.GET.get("mapping", "")
    mine = Mapping.objects.filter(owner=signed_in(request), subject=source.subject)
    found = get_object_or_404(mine, pk=int(pk) if pk.isascii() and pk.isdecimal() and len(pk) < 19 else 0)
    keep(source, services.with_mapping(current, found))
    return redirect("imports:plan", source.pk)


def read_anew(request: Request, source: SourceFile, current: Plan) -> tuple[Reading, str]:
    """How the file is to be read, as it is posted; or why it can't be read so."""
    path = store.path_of(source.stored_as)
    sheets = sheets_of(path) if current.reading.format == "xlsx" else []
    form = ReadingForm(request.POST, plan=current, sheets=sheets)
    if not form.is_valid():
        return current.reading, " ".join(str(text) for texts in form.errors.values() for text in texts)
    wanted = current.reading.model_copy(update=form.cleaned_data)
    try:
        if not sample(path, wanted):
            return current.reading, _("There is nothing in it.")
    except FileError as error:
        return current.reading, str(error)
    return wanted, ""


def form_of(request: Request, source: SourceFile, current: Plan, *, data: Any = None) -> PlanForm:
    headings = headings_in(sample(store.path_of(source.stored_as), current.reading), current.reading)
    return PlanForm(data, plan=current, headings=headings, user=signed_in(request))


def shown(
    request: Request,
    source: SourceFile,
    current: Plan,
    *,
    form: PlanForm | None = None,
    error: str = "",
    asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The page. `asked`: the import was asked for and can't begin."""
    path = store.path_of(source.stored_as)
    rows = sample(path, current.reading)
    headings = headings_in(rows, current.reading)
    form = form or PlanForm(None, plan=current, headings=headings, user=signed_in(request))
    problems = [] if form.errors else services.open_questions(current, rows)
    body = rows[1:] if current.reading.header else rows
    user = signed_in(request)
    doer = Doer(request.tenant, request.now, str(user), user)
    context: dict[str, Any] = {
        "source": source,
        "plan": current,
        "form": form,
        "reading": ReadingForm(None, plan=current, sheets=sheets_of(path) if current.reading.format == "xlsx" else []),
        "columns": [
            (heading, [row[place] for row in body if place < len(row) and row[place]][:EXAMPLES], bound)
            for place, (heading, bound) in enumerate(zip(headings, form.columns, strict=True))
        ],
        "error": error,
        "asked": asked,
        "problems": problems,
        "mappings": services.remembered(source.subject, headings, by=user),
    }
    if not problems and not form.errors:
        context["preview"], context["fault"] = previewed(source, current, doer)
        context["becoming"] = [current.fields()[name].label for name in current.columns if name]
        context["total"] = len(context["preview"])
    return page(request, "imports/plan.html", context, part="plan", status=status)


@require_POST
def forget(request: Request, pk: int) -> HttpResponse:
    """Removes the file; nothing of it was imported."""
    services.forget_upload(source_for(request, pk))
    messages.success(request, _("The file is removed. Nothing of it was imported."))
    return redirect("imports:imports")
