"""Create segment: settings, criteria or a file, and two buttons."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from config.pages import page
from config.requests import Request
from contacts.selecting import change_selection, selected
from segmentation import builder
from segmentation.builder import Builder, BuilderErrors
from segmentation.contact_queries import find_query
from segmentation.criteria import Catalog, CriteriaError, check, load, parse
from segmentation.forms import NAME_TAKEN, SettingsForm, SourceForm
from segmentation.models import SavedCriteria, Segment, UploadedList
from segmentation.references import references_in
from segmentation.selectors import segment_for
from segmentation.services import NameTakenError, create_segment, read_upload
from segmentation.several import copy_name
from segmentation.uploads.errors import UploadError
from users.access import signed_in, writers_only

PLACE = "segment:new"
TEMPLATE = "segmentation/create.html"
TYPED = ("readiness_hours", "refresh_every")  # numbers judged while they are typed, not while still empty


@dataclass
class CreatePage:
    """The page's state: three parts that are filled in and judged together."""

    settings: SettingsForm
    source: SourceForm
    builder: Builder
    uploaded: UploadedList | None = None
    copied: Segment | None = None
    unnoted: bool = False
    problem: str = ""
    draft_of: datetime | None = None  # when the draft was kept that this page was opened without

    def answer(self, request: Request, *, status: int = 200) -> HttpResponse:
        self.builder.prepare(request)
        context = {
            "settings": self.settings,
            "source": self.source,
            "builder": self.builder,
            "uploaded": self.uploaded,
            "copied": self.copied,
            "unnoted": self.unnoted,
            "problem": self.problem,
            "draft_of": self.draft_of,
        }
        return page(request, TEMPLATE, context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def create(request: Request) -> HttpResponse:
    """The page empty, filled from the address, restored from the draft, or submitted.

    `?copy=`, `?from_saved=`, `?template=`, `?criteria=` and `?contacts=` fill it. A draft stays until something is
    changed there; the page says so.
    """
    if request.method == "POST":
        return submitted(request)
    state = opened(request)
    if state.builder.restored_at is None and request.GET:
        state.draft_of = builder.draft_kept_at(signed_in(request), PLACE)
    return state.answer(request)


@require_safe
def note(request: Request) -> HttpResponse:
    """What follows from readiness time and interval, while they are typed (IP6), and what is still wrong with them."""
    settings = SettingsForm(request.GET)
    refused = request.GET.getlist("refused")
    typed = {name: bool(request.GET.get(name)) or name in refused for name in TYPED}
    errors = {name: settings.errors.get(name) if judged else None for name, judged in typed.items()}
    return page(request, "segmentation/_note.html", {"settings": settings, "errors": errors, "oob": True})


def opened(request: Request) -> CreatePage:
    """The page before anything was submitted."""
    source = SourceForm()
    if pk := request.GET.get("copy"):
        copied = segment_for(request, number(pk))
        form = builder.from_criteria(copied.version.criteria, place=PLACE)  # type: ignore[union-attr]
        initial = SettingsForm.initial_of(copied) | {"name": copy_name(copied.name), "revision": None}
        return CreatePage(SettingsForm(initial=initial), source, form, copied=copied)
    if pk := request.GET.get("from_saved"):
        saved = SavedCriteria.objects.filter(pk=number(pk)).first()
        if saved is not None:
            return CreatePage(SettingsForm(), source, builder.from_criteria(saved.criteria, place=PLACE))
        return blank(source, problem=_("These saved criteria are no longer there."))
    if key := request.GET.get("template"):
        filled = builder.from_template(key, place=PLACE)
        if filled is not None:
            return CreatePage(SettingsForm(), source, filled)
        return blank(source, problem=_("There are no ready-made criteria of that name."))
    if text := request.GET.get("criteria"):
        return given(text, source)
    if key := request.GET.get("contacts"):
        return from_manager(key, source)
    form = builder.opened(signed_in(request), None, place=PLACE)
    return CreatePage(SettingsForm(initial=settings_in(form)), source, form)


def given(text: str, source: SourceForm) -> CreatePage:
    """The page with criteria from the address: what another page was filtered by."""
    try:
        return CreatePage(SettingsForm(), source, builder.from_criteria(accepted(text), place=PLACE))
    except CriteriaError as error:
        return blank(source, problem=str(error))


def from_manager(key: str, source: SourceForm) -> CreatePage:
    """The page with what the contact manager was narrowed by, or listed."""
    query = find_query(key)
    if query is None:
        return blank(source, problem=_("The criteria from the contact manager are not kept any more."))
    return given(json.dumps(query.criteria), source)


def accepted(text: str) -> dict[str, Any]:
    """Criteria written as JSON, if the language takes them.

    Raises: CriteriaError.
    """
    data = load(text)
    check(parse(data), Catalog())
    return dict(data)


def blank(source: SourceForm, *, problem: str) -> CreatePage:
    """An empty page that says why it is empty."""
    return CreatePage(SettingsForm(), source, builder.from_criteria(None, place=PLACE), problem=problem)


def settings_in(form: Builder) -> dict[str, str]:
    """The settings kept with a draft."""
    return {name: texts[-1] for name, texts in form.settings.items() if texts and name in SettingsForm.base_fields}


def number(text: str) -> int:
    """An id from the address; 0, which nothing has, where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


# --- submitting ---------------------------------------------------------------------------------------------
def submitted(request: Request) -> HttpResponse:
    """Creates the segment, or answers 422 with everything as it was typed."""
    form = builder.from_post(request.POST, place=PLACE)
    state = CreatePage(
        SettingsForm(request.POST), SourceForm(request.POST, request.FILES, user=signed_in(request)), form
    )
    if form.operated:  # one of the builder's own buttons: nothing is judged yet
        state.settings = SettingsForm(initial=settings_in(form))
        state.source = SourceForm(initial={"source": request.POST.get("source") or "criteria"})
        return state.answer(request)
    criteria = criteria_in(state, request)
    sound = state.settings.is_valid() and criteria is not None
    state.unnoted = sound and state.settings.unnoted
    if not sound or state.unnoted or criteria is None:
        return state.answer(request, status=422)
    segment = made(state, criteria, request)
    return state.answer(request, status=422) if segment is None else done(state, segment, request)


def criteria_in(state: CreatePage, request: Request) -> dict[str, Any] | None:
    """The criteria of the builder or the reference to the file; None if the page then shows what is wrong."""
    if not state.source.is_valid():
        return None
    if state.source.from_file:
        state.uploaded = list_in(state, request)
        return {"kind": "file", "file": state.uploaded.pk} if state.uploaded else None
    try:
        return state.builder.criteria()
    except BuilderErrors:
        return None


def list_in(state: CreatePage, request: Request) -> UploadedList | None:
    """The file of this submission, read and matched, or that of the one before."""
    form = state.source
    file = form.cleaned_data.get("file")
    if file is None:
        if (kept := form.kept_list()) is None:
            form.add_error("file", _("Choose a CSV file."))
        return kept
    try:
        return read_upload(
            file.file,
            key=form.cleaned_data["source"],
            name=file.name,
            now=request.now,
            by=signed_in(request),
        )
    except UploadError as error:
        form.add_error("file", str(error))
        return None


def made(state: CreatePage, criteria: dict[str, Any], request: Request) -> Segment | None:
    """The new segment; None if the database, where a race ends, refused it."""
    try:
        return create_segment(
            settings=state.settings.settings,
            criteria=criteria,
            now=request.now,
            by=signed_in(request),
        )
    except NameTakenError:
        state.settings.add_error("name", NAME_TAKEN)
    except CriteriaError as error:
        state.problem = str(error)
    return None


def forget_selection(segment: Segment, request: Request) -> None:
    """Lets go of what is selected in the contact manager, if exactly that has become a list of this segment."""
    user = signed_in(request)
    chosen = selected(user)
    files = [one.key for one in references_in(segment.version.criteria) if one.kind == "file"]  # type: ignore[union-attr]
    if chosen and any(made.matched_ids == chosen for made in UploadedList.objects.filter(pk__in=files)):
        change_selection(user, drop=chosen, now=request.now)


def done(state: CreatePage, segment: Segment, request: Request) -> HttpResponse:
    """Where the two buttons lead: to the list, to adding an action; from a file to what became of its rows."""
    builder.discard_draft(signed_in(request), PLACE, window=state.builder.window)
    forget_selection(segment, request)
    messages.success(request, _("Segment “%(name)s” is being created.") % {"name": segment.name})
    if state.uploaded is not None:
        report = state.uploaded.report
        text = ngettext(
            "%(matched)d of %(count)d row of the file matched.",
            "%(matched)d of %(count)d rows of the file matched.",
            report["rows"],
        )
        tell = messages.info if report["matched"] else messages.warning
        tell(request, text % {"matched": report["matched"], "count": report["rows"]})
    if request.POST.get("then") == "action":
        return redirect("actions:add", segment.pk)
    if state.uploaded is not None:
        return redirect("segmentation:upload", state.uploaded.pk)
    return redirect("segmentation:in_creation")
