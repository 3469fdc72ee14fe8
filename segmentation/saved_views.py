"""Saved criteria (Zapisane kryteria): their list, making one, changing it, deleting it (IP13)."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.asked import page_number, problems_in
from config.names import NameField
from config.pages import page
from config.requests import Request
from contacts.sight import sight, whole_sight
from segmentation import builder
from segmentation.builder import Builder, BuilderErrors
from segmentation.builder.drafts import kept_revision, revision_of
from segmentation.criteria import Catalog, Context, CriteriaError, Words, parse
from segmentation.effects import SavedEffect, effect_of_saved
from segmentation.engine import evaluate
from segmentation.followers import followed_by_others
from segmentation.models import SavedCriteria
from segmentation.saved import (
    EditedMeanwhileError,
    InUseError,
    NameTakenError,
    create_saved,
    delete_saved,
    saved_criteria,
    saved_for,
    update_saved,
    uses_of_saved,
)
from segmentation.seen import may_change, require_own
from segmentation.sentences import sentence_of
from users.access import signed_in, writers_only

PLACE = "saved:new"
PER_PAGE = 25
FOLLOWED = gettext_lazy(
    "Segments of other users follow these criteria, and you see some of the contacts only: save a copy and change that."
)
NAME_TAKEN = gettext_lazy("There are saved criteria of this name already.")


class NameForm(forms.Form):
    """What saved criteria are called."""

    name = NameField(label=gettext_lazy("Name"), max_length=200)


def zone_of(request: Request) -> ZoneInfo:
    return ZoneInfo(request.tenant.timezone)


@require_safe
def saved(request: Request) -> HttpResponse:
    """All saved criteria: what each says and what uses it. Counts are asked for row by row, when they are in view."""
    if problems := problems_in(request.GET, texts=["q"]):
        return page(request, "segmentation/saved.html", {"problems": problems}, part="rows", status=422)
    search = request.GET.get("q", "")
    rows = Paginator(saved_criteria(search=search), PER_PAGE).get_page(page_number(request.GET))
    uses, kept_for_others = uses_of_saved(), followed_by_others_of(request)
    words = Words(now=request.now, zone=zone_of(request), catalog=Catalog())
    for row in rows:
        row.may_change = may_change(request, row.created_by_id) and row.pk not in kept_for_others  # type: ignore[attr-defined]
        row.uses = uses.get(row.pk, [])  # type: ignore[attr-defined]
        row.sentence = parse(row.criteria).sentence(words).finished.html  # type: ignore[attr-defined]
    return page(request, "segmentation/saved.html", {"rows": rows, "q": search}, part="rows")


def followed_by_others_of(request: Request) -> set[int]:
    """The saved criteria that the user may not change for this alone: see `require_changeable`."""
    return set() if whole_sight(request) else followed_by_others(signed_in(request).pk)


def require_changeable(request: Request, found: SavedCriteria) -> None:
    """A change decides who is in the segments that follow: these must be the user's own, who sees some contacts only.

    Raises: PermissionDenied.
    """
    require_own(request, found.created_by_id)
    if found.pk in followed_by_others_of(request):
        raise PermissionDenied(FOLLOWED)


@require_safe
def count(request: Request, pk: int) -> HttpResponse:
    """How many contacts meet the criteria now, or why that can't be said."""
    found = saved_for(pk)
    now = request.now
    context: dict[str, Any] = {"saved": found, "at": now}
    try:
        seen = Context(now=now, zone=zone_of(request), mask=sight(request))
        context["count"] = evaluate(parse(found.criteria), context=seen).count
    except CriteriaError as error:
        context["problem"] = error.message
    return page(request, "segmentation/saved_count.html", context, part="number")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def create(request: Request) -> HttpResponse:
    """A new one, from nothing or from the draft kept."""
    if request.method != "POST":
        opened = builder.opened(signed_in(request), None, place=PLACE)
        return editor(request, NameForm(initial={"name": name_kept(opened)}), opened)
    return submitted(request, place=PLACE)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: int) -> HttpResponse:
    """One of them: what it says, what uses it, and changing it."""
    found = saved_for(pk)
    place = f"saved:{pk}"
    if request.method == "POST":
        require_changeable(request, found)
    else:
        opened = builder.opened(signed_in(request), found.criteria, place=place)
        return editor(request, NameForm(initial={"name": name_kept(opened) or found.name}), opened, found)
    return submitted(request, place=place, found=found)


def name_kept(opened: Builder) -> str:
    """The name typed when the draft was kept."""
    return (opened.settings.get("name") or [""])[-1]


def submitted(request: Request, *, place: str, found: SavedCriteria | None = None) -> HttpResponse:
    """Saves, or answers 422 with everything as it was typed."""
    form = builder.from_post(request.POST, place=place)
    if form.operated:  # one of the builder's own buttons: nothing is judged yet
        return editor(request, NameForm(initial={"name": name_kept(form)}), form, found)
    name = NameForm(request.POST)
    try:
        criteria = form.criteria()
        if name.is_valid():
            if found and (effect := unshown(request, found, criteria, place=place)):
                return editor(request, name, form, found, effect=effect)
            keep(request, name.cleaned_data["name"], criteria, found)
            builder.discard_draft(signed_in(request), place, window=form.window)
            return redirect("segmentation:saved")
    except BuilderErrors:
        name.is_valid()
    except NameTakenError:
        name.add_error("name", NAME_TAKEN)
    except EditedMeanwhileError:
        return editor(request, name, form, saved_for(found.pk) if found else None, status=422, edited=True)
    return editor(request, name, form, found, status=422)


def unshown(request: Request, found: SavedCriteria, criteria: dict[str, Any], *, place: str) -> SavedEffect | None:
    """What the change does to segments, if that is yet to be shown; None: nothing, or just this was confirmed."""
    if criteria == found.criteria or same_as_stored(found, criteria, place=place):
        return None
    effect = effect_of_saved(found, criteria, now=request.now, mask=sight(request))
    confirmed = request.POST.get("then") == "save" and request.POST.get("shown") == effect.mark
    return effect if effect.rows and not confirmed else None


def same_as_stored(found: SavedCriteria, criteria: dict[str, Any], *, place: str) -> bool:
    """Whether it is what the builder makes of the stored criteria: opened, renamed maybe, and not changed."""
    try:
        return builder.from_criteria(found.criteria, place=place).criteria() == criteria
    except BuilderErrors:  # they name something deleted: anything that can be used is a change
        return False


def keep(request: Request, name: str, criteria: dict[str, Any], found: SavedCriteria | None) -> None:
    """Writes it down and says so."""
    now = request.now
    if found is None:
        create_saved(name=name, criteria=criteria, now=now, by=signed_in(request))
        messages.success(request, _("The criteria are saved as “%(name)s”.") % {"name": name})
    else:
        revision = revision_of(request.POST.get("revision", ""))
        update_saved(found, name=name, criteria=criteria, revision=revision, now=now)
        messages.success(request, _("“%(name)s” is changed.") % {"name": name})


def editor(
    request: Request, name: NameForm, form: Builder, found: SavedCriteria | None = None, *, status: int = 200,
    edited: bool = False, effect: SavedEffect | None = None,
) -> HttpResponse:  # fmt: skip
    """The page with the name and the builder; after somebody else's edit it shows theirs as well."""
    form.prepare(request)
    own = may_change(request, found.created_by_id if found else signed_in(request).pk)
    followed = found is not None and own and found.pk in followed_by_others_of(request)
    context = {
        "name": name,
        "builder": form,
        "saved": found,
        "may_change": own and not followed,
        "followed": FOLLOWED if followed else "",
        "uses": uses_of_saved().get(found.pk, []) if found else [],
        "revision": revision_for(request, form, found, edited=edited),
        "edited": edited,
        "effect": effect,
        "theirs": sentence_of(found.criteria, now=request.now) if found and edited else "",
    }
    return page(request, "segmentation/saved_edit.html", context, status=status)


def revision_for(request: Request, form: Builder, found: SavedCriteria | None, *, edited: bool) -> int:
    """The revision the form, or the draft in it, was opened at, until somebody's other edit has been shown."""
    if found is None:
        return 0
    if request.method == "POST" and not edited:
        return revision_of(request.POST.get("revision", ""))
    return kept_revision(form) if form.restored_at else found.revision


@require_POST
def save_from_builder(request: Request) -> HttpResponse:
    """Save criteria, from any page with the builder: a name is asked for, the page stays as it is."""
    form = builder.from_post(request.POST, place=PLACE)
    name = NameForm({"name": request.POST.get("saved_name", "")})
    problem = ""
    try:
        criteria = form.criteria()
        if name.is_valid():
            kept = create_saved(
                name=name.cleaned_data["name"], criteria=criteria, now=request.now, by=signed_in(request)
            )
            if request.htmx:
                return render(request, "segmentation/builder/_saved_answer.html", {"kept": kept})
            messages.success(request, _("The criteria are saved as “%(name)s”.") % {"name": kept.name})
            return redirect("segmentation:saved")
    except BuilderErrors as error:
        problem = str(error)
    except NameTakenError:
        name.add_error("name", NAME_TAKEN)
    if not request.htmx:
        return editor(request, name, form, status=422)
    problem = problem or " ".join(str(error) for error in name.errors.get("name", []))
    return render(request, "segmentation/builder/_saved_answer.html", {"problem": problem}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks first; refuses while something refers to the criteria, and says what."""
    found = saved_for(pk)
    require_own(request, found.created_by_id)
    if request.method != "POST":
        uses = uses_of_saved().get(pk, [])
        return page(request, "segmentation/saved_delete.html", {"saved": found, "uses": uses}, part="question")
    try:
        delete_saved(found)
    except InUseError as error:
        context = {"saved": found, "uses": error.uses}
        return page(request, "segmentation/saved_delete.html", context, status=422)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect("segmentation:saved")
