"""Freezing: the members of a calculation, the last or a past one, as a new segment whose criteria are a fixed list."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.asked import problems_in
from config.names import NameField
from config.pages import page
from config.requests import Request
from config.templatetags.times import moment_text
from contacts.selectors import ids_of, visible
from contacts.sight import sight
from jobs.models import JobState
from segmentation.forms import NAME_TAKEN
from segmentation.models import Calculation, Segment
from segmentation.seen import cut
from segmentation.selectors import segment_for
from segmentation.services import NameTakenError, Settings, create_segment, criterion_of, fixed_list
from users.access import signed_in, writers_only

TEMPLATE = "segmentation/contacts/freeze.html"
LONGEST = 200


class FreezeForm(forms.Form):
    """What the frozen segment is called."""

    name = NameField(label=gettext_lazy("Segment name"), max_length=LONGEST)


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def freeze(request: Request, pk: int) -> HttpResponse:
    """Asks for a name and says how many; then makes the segment. `?calculation=ID`: a past one, else the one shown."""
    segment = segment_for(request, pk)
    found = calculation_in(request, segment)
    ids = found.member_ids & ids_of(visible(request.user))
    cut([found], sight(request))
    now = request.now
    when = moment_text(found.as_of or now, now=now)
    form = FreezeForm(request.POST if request.method == "POST" else None, initial={"name": frozen_name(segment, when)})
    if form.is_valid():
        settings = Settings(form.cleaned_data["name"], segment.readiness_hours)
        listed = _("Segment %(name)s as of %(when)s") % {"name": segment.name, "when": when}
        try:
            with transaction.atomic():
                made = fixed_list(listed, ids, now=now, by=signed_in(request))
                create_segment(settings=settings, criteria=criterion_of(made), now=now, by=signed_in(request))
        except NameTakenError:
            form.add_error("name", NAME_TAKEN)
        else:
            messages.success(request, _("Segment “%(name)s” is being created.") % {"name": settings.name})
            return redirect("segmentation:in_creation")
    context: dict[str, Any] = {
        "form": form,
        "segment": segment,
        "calculation": found,
        "count": len(ids),
        "gone": max(0, (found.count or 0) - len(ids)),
    }
    return page(request, TEMPLATE, context, part="question", status=422 if form.errors else 200)


def calculation_in(request: Request, segment: Segment) -> Calculation:
    """The calculation that the address names, else the last done one.

    Raises: Http404, if the segment has none such.
    """
    text = request.GET.get("calculation") or str(segment.latest_id or "")
    if problems_in(request.GET, texts=["calculation"]) or not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Http404("no such calculation")
    done = Calculation.objects.filter(segment=segment, state=JobState.DONE).defer("joined", "left")
    found = done.filter(pk=int(text)).first()
    if found is None:
        raise Http404("no such calculation")
    return found


def frozen_name(segment: Segment, when: str) -> str:
    """A name to begin with: the segment's and the instant."""
    suffix = f", {when}"
    return segment.name[: LONGEST - len(suffix)] + suffix
