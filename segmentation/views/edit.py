"""Edit settings, and change the criteria with the effect shown first (IP25)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts.sight import sight
from segmentation import builder
from segmentation.builder import Builder, BuilderErrors
from segmentation.builder.drafts import kept_revision, revision_of
from segmentation.criteria import CriteriaError
from segmentation.effects import Effect, effect_of, mark_of
from segmentation.forms import NAME_TAKEN, SettingsForm
from segmentation.models import Segment
from segmentation.selectors import list_of, segment_for
from segmentation.sentences import sentence_of
from segmentation.services import EditedMeanwhileError, NameTakenError, edit_criteria, edit_settings
from segmentation.views.segment import head, own_segment_for
from users.access import signed_in, writers_only


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def settings(request: Request, pk: int) -> HttpResponse:
    """Name, readiness time and refreshing of an existing segment."""
    segment = own_segment_for(request, pk)
    if request.method != "POST":
        return settings_page(request, segment, SettingsForm(initial=SettingsForm.initial_of(segment), segment=segment))
    form = SettingsForm(request.POST, segment=segment)
    sound = form.is_valid()
    if not sound or form.unnoted:
        return settings_page(request, segment, form, status=422, unnoted=sound)
    try:
        edited = edit_settings(
            segment,
            settings=form.settings,
            revision=form.cleaned_data["revision"] or 0,
            now=request.now,
            by=signed_in(request),
        )
    except NameTakenError:
        form.add_error("name", NAME_TAKEN)
    except EditedMeanwhileError:
        return settings_page(request, segment_for(request, pk), form, status=422, edited=True)
    else:
        messages.success(request, _("The settings of “%(name)s” are saved.") % {"name": edited.name})
        return redirect(f"segmentation:{list_of(edited, now=request.now)}")
    return settings_page(request, segment, form, status=422)


def settings_page(
    request: Request, segment: Segment, form: SettingsForm, *, status: int = 200, unnoted: bool = False,
    edited: bool = False,
) -> HttpResponse:  # fmt: skip
    """The page; after somebody else's edit it shows both, and a second submission is made knowingly."""
    criteria = segment.version.criteria if segment.version else {}
    context = head(request, segment) | {
        "settings": form,
        "revision": segment.revision if edited or not form.is_bound else form["revision"].value(),
        "unnoted": unnoted,
        "edited": edited,
        "theirs": SettingsForm(initial=SettingsForm.initial_of(segment)) if edited else None,
        "sentence": sentence_of(criteria, now=request.now),
    }
    return page(request, "segmentation/settings.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def criteria(request: Request, pk: int) -> HttpResponse:
    """The criteria in the builder; the effect; then a new version and a new calculation."""
    segment = own_segment_for(request, pk)
    place = f"segment:{segment.pk}"
    if request.method != "POST":
        tree = segment.version.criteria if segment.version else None
        return criteria_page(request, segment, builder.opened(signed_in(request), tree, place=place))
    form = builder.from_post(request.POST, place=place)
    if form.operated:
        return criteria_page(request, segment, form)
    try:
        tree = form.criteria()
        effect = effect_of(segment, tree, now=request.now, mask=sight(request))
        if request.POST.get("then") != "save" or request.POST.get("shown") != mark_of(tree):
            return criteria_page(request, segment, form, effect=effect)
        return save_criteria(request, segment, form=form, tree=tree, effect=effect)
    except BuilderErrors:
        return criteria_page(request, segment, form, status=422)
    except CriteriaError as error:
        return criteria_page(request, segment, form, status=422, problem=str(error))


def save_criteria(
    request: Request, segment: Segment, *, form: Builder, tree: dict[str, Any], effect: Effect
) -> HttpResponse:
    """Saves the criteria whose effect was shown, unless somebody else has edited the segment meanwhile."""
    if same_as_in_force(segment, tree, place=form.place):
        builder.discard_draft(signed_in(request), form.place, window=form.window)
        messages.info(request, _("The criteria are as they were; nothing was changed."))
        return redirect("segmentation:preview", segment.pk)
    try:
        edit_criteria(
            segment,
            criteria=tree,
            revision=revision_in(request),
            now=request.now,
            by=signed_in(request),
        )
    except EditedMeanwhileError:
        return criteria_page(request, segment_for(request, segment.pk), form, status=422, effect=effect, edited=True)
    builder.discard_draft(signed_in(request), form.place, window=form.window)
    messages.success(
        request, _("The criteria of “%(name)s” are saved; it is being calculated.") % {"name": segment.name}
    )
    return redirect("segmentation:preview", segment.pk)


def same_as_in_force(segment: Segment, tree: dict[str, Any], *, place: str) -> bool:
    """Whether `tree` is what the builder makes of the criteria in force: opened, looked at and not changed."""
    if segment.version is None:
        return False
    try:
        return builder.from_criteria(segment.version.criteria, place=place).criteria() == tree
    except BuilderErrors:  # they name something deleted: anything that can be used is a change
        return False


def revision_in(request: Request) -> int:
    """The revision the form was opened at; 0, which no segment has, where it does not say."""
    return revision_of(request.POST.get("revision", ""))


def criteria_page(
    request: Request, segment: Segment, form: Builder, *, status: int = 200, effect: Effect | None = None,
    problem: str = "", edited: bool = False,
) -> HttpResponse:  # fmt: skip
    """The page. Its revision is the one the form was opened at, until somebody's other edit has been shown.

    A draft was opened at the revision kept with it: what others saved since then is not overwritten unseen.
    """
    form.prepare(request)
    revision = segment.revision
    if request.method == "POST" and not edited:
        revision = revision_in(request)
    elif form.restored_at:
        revision = kept_revision(form)
    theirs = sentence_of(segment.version.criteria, now=request.now) if edited and segment.version else ""
    context = head(request, segment) | {
        "builder": form,
        "effect": effect,
        "problem": problem,
        "edited": edited,
        "theirs": theirs,
        "revision": revision,
    }
    return page(request, "segmentation/criteria.html", context, status=status)
