"""Segments chosen in a list: deleted or copied together, after a question with names and numbers."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts.sight import sight
from segmentation.models import Segment
from segmentation.seen import cut, may_change
from segmentation.selectors import ARCHIVE, IN_CREATION, READY, SEARCH, segments
from segmentation.several import Outcome, copy_several, deletion_of
from segmentation.several import delete_several as delete_chosen
from users.access import signed_in, writers_only

MOST = 100
LISTS = (READY, IN_CREATION, ARCHIVE, SEARCH)
NAMED = 5  # segments in a message


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def delete(request: Request) -> HttpResponse:
    """Asks first, says which cannot be deleted and why; then deletes the others."""
    chosen = chosen_in(request)
    others = [segment for segment in chosen if not may_change(request, segment.owner_id)]
    own = [segment for segment in chosen if segment not in others]
    if request.method != "POST" or not own:
        context = {"deletion": deletion_of(own), "others": others, "chosen": chosen, "list": list_in(request)}
        return page(request, "segmentation/delete_several.html", context, part="question", status=status_of(chosen))
    outcome = delete_chosen(own)
    if outcome.done:
        text = ngettext(
            "%(count)d segment was deleted: %(names)s", "%(count)d segments were deleted: %(names)s", len(outcome.done)
        )
        messages.success(request, text % {"count": len(outcome.done), "names": names_of(outcome.done)})
    for segment, reason in outcome.refused:
        text = _("“%(name)s” was not deleted. It is used by: %(reason)s")
        messages.warning(request, text % {"name": segment.name, "reason": reason})
    for segment in others:
        text = _("“%(name)s” was not deleted: somebody else made it, and you see some of the contacts only.")
        messages.warning(request, text % {"name": segment.name})
    tell_gone(request, outcome)
    return redirect(f"segmentation:{list_in(request)}")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def copy(request: Request) -> HttpResponse:
    """Asks first; then makes a copy of each, which is calculated."""
    chosen = chosen_in(request)
    if request.method != "POST" or not chosen:
        context = {"chosen": chosen, "list": list_in(request)}
        return page(request, "segmentation/copy_several.html", context, part="question", status=status_of(chosen))
    outcome = copy_several(chosen, now=request.now, by=signed_in(request))
    if outcome.done:
        text = ngettext(
            "%(count)d copy is being made: %(names)s", "%(count)d copies are being made: %(names)s", len(outcome.done)
        )
        messages.success(request, text % {"count": len(outcome.done), "names": names_of(outcome.done)})
    for segment, reason in outcome.refused:
        text = _("“%(name)s” was not copied. %(reason)s")
        messages.warning(request, text % {"name": segment.name, "reason": reason})
    return redirect("segmentation:in_creation" if outcome.done else f"segmentation:{list_in(request)}")


def chosen_in(request: Request) -> list[Segment]:
    """The segments ticked, by name; those that are no longer there are not among them."""
    texts = (request.POST if request.method == "POST" else request.GET).getlist("segment")[:MOST]
    ids = {int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 10}
    found = list(segments().select_related("version").filter(pk__in=ids).order_by("name"))
    cut((segment.latest for segment in found), sight(request))
    return found


def list_in(request: Request) -> str:
    """The list they were ticked in."""
    asked = (request.POST if request.method == "POST" else request.GET).get("list", "")
    return asked if asked in LISTS else READY


def status_of(chosen: list[Segment]) -> int:
    return 200 if chosen else 422


def names_of(done: list[Segment]) -> str:
    """The first names, and that there are more."""
    shown = ", ".join(segment.name for segment in done[:NAMED])
    return shown + ("…" if len(done) > NAMED else ".")


def tell_gone(request: Request, outcome: Outcome) -> None:
    if outcome.gone:
        text = ngettext("%(count)d was no longer there.", "%(count)d were no longer there.", outcome.gone)
        messages.info(request, text % {"count": outcome.gone})
