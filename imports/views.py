"""Imports: the list, the upload, the plan with its preview, and what became of a file."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from contacts.sight import sight, within
from imports import services, store
from imports.errors import FileError
from imports.fields import fields_of
from imports.forms import UploadForm
from imports.models import SETS, Import, SourceFile, Subject, set_of
from imports.reading.text import ENCODINGS
from imports.reports import first_rejected
from imports.selectors import import_for, imports_for
from jobs import services as jobs
from jobs.models import ACTIVE
from segmentation.contact_sets import everyone
from users.access import signed_in, writers_only

PER_PAGE = 25
REASONS = 50


@require_safe
def imports(request: Request) -> HttpResponse:
    """What was imported, the newest first, and the reader's own files that wait for a plan."""
    problems = problems_in(request.GET)
    rows = imports_for(request).defer(*SETS)
    context: dict[str, Any] = {"problems": problems}
    if not problems:
        context |= {
            "page": Paginator(rows, PER_PAGE).get_page(page_number(request.GET)),
            "live": rows.filter(state__in=ACTIVE).exists(),
            "waiting": SourceFile.objects.filter(created_by=signed_in(request))[:10],
        }
    return page(request, "imports/imports.html", context, part="rows", status=422 if problems else 200)


@writers_only
def upload(request: Request) -> HttpResponse:
    """A file is chosen; it is read as far as is needed to say what it is."""
    if request.method != "POST":
        subject = request.GET.get("of", "")
        first = {"subject": subject if subject in Subject.values else Subject.CONTACTS}
        return page(request, "imports/upload.html", {"form": UploadForm(initial=first)})
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            source = services.keep_upload(
                given.chunks(),
                subject=Subject(form.cleaned_data["subject"]),
                name=given.name,
                now=request.now,
                by=signed_in(request),
            )
        except FileError as error:
            form.add_error("file", str(error))
        else:
            return redirect("imports:plan", source.pk)
    return page(request, "imports/upload.html", {"form": form}, status=422)


@require_safe
def one(request: Request, pk: int) -> HttpResponse:
    """How an import stands, or what became of its rows."""
    job = import_for(request, pk)
    kept = job.reports_at(request.now)
    people = set_of(imports_for(request).values_list("people", flat=True).get(pk=job.pk))
    fields = fields_of(job.subject, kind=job.plan.get("kind", ""))
    headings = job.work.get("headings", [])
    context = {
        "job": job,
        "kept": kept,
        "rejected": first_rejected(job, REASONS) if kept and not job.active else [],
        "plan": job.plan,
        "people": len(within(people, sight(request)) & everyone(request)),
        "encoding": ENCODINGS.get(job.plan["reading"]["encoding"], ""),
        "becoming": [
            (heading, fields[name].label if name in fields else name)
            for heading, name in zip(headings, job.plan["columns"], strict=False)
            if name
        ],
    }
    return page(request, "imports/import.html", context, part="standing")


@require_POST
def cancel(request: Request, pk: int) -> HttpResponse:
    """Stops an import; what is written stays written."""
    job = import_for(request, pk)
    if jobs.cancel(job, now=request.now):
        messages.success(request, _("Stopped. What had been imported by then stays."))
    else:
        messages.info(request, _("It was over before it could be stopped."))
    return redirect("imports:import", job.pk)


@require_POST
def go_on(request: Request, pk: int) -> HttpResponse:
    """Goes on with an import that was stopped or failed, from where it stood."""
    job = import_for(request, pk)
    if services.go_on(job, now=request.now):
        messages.success(request, _("The import goes on from where it stood."))
    else:
        messages.info(request, _("There is nothing to go on with."))
    return redirect("imports:import", job.pk)


@require_safe
def report(request: Request, pk: int) -> HttpResponseBase:
    """What became of every row, as CSV."""
    return file_of(request, import_for(request, pk), store.REPORT, _("report"))


@require_safe
def rejected(request: Request, pk: int) -> HttpResponseBase:
    """The rows that were not written, as they were, with the reasons."""
    return file_of(request, import_for(request, pk), store.REJECTED, _("rejected rows"))


def file_of(request: Request, job: Import, ending: str, words: str) -> HttpResponseBase:
    """For those who may write, while it is kept."""
    if not signed_in(request).may_write:
        raise PermissionDenied(_("Your role (analyst) may not download personal data of many people at once."))
    path = store.path_of(job.stored_as + ending)
    if job.active or not job.reports_at(request.now) or not path.is_file():
        raise Http404("no report")
    name = f"{job.name.rpartition('.')[0] or job.name} - {words}.csv"
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
