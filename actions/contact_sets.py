"""Lists of people that the contact manager can show by address: whom an action was asked for, whom a run changed."""

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from actions.models import ActionRun, PickedContacts
from actions.selectors import sentences
from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.sight import sight, whole_sight, within
from jobs.models import JobState
from segmentation.contact_pages import out_of_sight
from segmentation.contact_sets import People, linked, set_filter, whole


def changed_by(request: Request, text: str) -> People:
    """`?changed=RUN`: those whom the run really changed, whatever became of them since.

    An action on contacts that somebody else picked is there for who sees all, as `?picked=` is.
    Raises: ValidationError.
    """
    run = ActionRun.objects.filter(pk=whole(text)).select_related("action__segment", "action__picked", "undo").first()
    if run is None or (run.action.picked is not None and not may_read(request, run.action.picked)):
        raise ValidationError(_("There is no such run of an action (any more)."))
    title = str(sentences([run.action])[run.action_id])
    ids, now = within(run.changed_ids, sight(request)), request.now
    erased = out_of_sight(request, run.erased, "changed")
    count = len(ids) + erased
    if run.undoing is not None and run.undoing.state == JobState.DONE:
        said = ngettext(
            "%(number)s contact was changed by the action of %(when)s, which has been undone.",
            "%(number)s contacts were changed by the action of %(when)s, which has been undone.",
            count,
        )
    else:
        said = ngettext(
            "%(number)s contact was changed by the action of %(when)s.",
            "%(number)s contacts were changed by the action of %(when)s.",
            count,
        )
    said %= {"number": number(count), "when": moment_text(run.started_at or run.requested_at, now=now)}
    page = linked(run.action.page_url, run.action.place_for_all)
    return People(ids, title, format_html("{}: {}", page, said), erased=erased)


def asked_about(request: Request, text: str) -> People:
    """`?picked=ID`: those that actions were asked for in the contact manager; of somebody else's, for who sees all.

    Raises: ValidationError.
    """
    found = PickedContacts.objects.filter(pk=whole(text)).first()
    if found is None or not may_read(request, found):
        raise ValidationError(_("There are no such picked contacts (any more)."))
    ids, now = within(found.member_ids, sight(request)), request.now
    erased = out_of_sight(request, found.erased, "members")
    count = len(ids) + erased
    said = ngettext(
        "%(number)s contact was picked %(when)s: %(what)s.",
        "%(number)s contacts were picked %(when)s: %(what)s.",
        count,
    ) % {"number": number(count), "when": moment_text(found.taken_at, now=now), "what": "; ".join(found.words)}
    page = linked(reverse("actions:on_contacts"), _("Actions on contacts"))
    return People(ids, _("Picked contacts"), format_html("{}: {}", page, said), erased=erased)


def may_read(request: Request, picked: PickedContacts) -> bool:
    """Whether the user may know of what was picked: their own, or anybody's for who sees all."""
    return picked.taken_by_id == request.user.pk or whole_sight(request)


FILTERS = [
    set_filter("picked", asked_about, label=gettext_lazy("Picked for an action")),
    set_filter("changed", changed_by, label=gettext_lazy("Changed by an action")),
]
