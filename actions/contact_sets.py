"""Lists of people that the contact manager can show by address: those whom a run of an action changed."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from actions.models import ActionRun
from actions.selectors import sentences
from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from segmentation.contact_sets import People, linked, set_filter, whole


def changed_by(request: HttpRequest, text: str) -> People:
    """`?changed=RUN`: those whom the run really changed, whatever became of them since.

    Raises: ValidationError.
    """
    run = ActionRun.objects.filter(pk=whole(text)).select_related("action__segment", "action__picked").first()
    if run is None:
        raise ValidationError(_("There is no such run of an action (any more)."))
    title = str(sentences([run.action])[run.action_id])
    ids, now = run.changed_ids, request.now  # type: ignore[attr-defined]
    said = ngettext(
        "%(number)s contact was changed by the action of %(when)s.",
        "%(number)s contacts were changed by the action of %(when)s.",
        len(ids),
    ) % {"number": number(len(ids)), "when": moment_text(run.started_at or run.requested_at, now=now)}
    page = linked(run.action.page_url, run.action.place)
    return People(ids, title, format_html("{}: {}", page, said))


FILTERS = [set_filter("changed", changed_by, label=gettext_lazy("Changed by an action"))]
