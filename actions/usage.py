"""What actions need: asked before a segment, a tag, a category or a consent is deleted, or criteria change."""

from django.utils.translation import gettext_lazy as _

from actions.kinds import KINDS
from actions.models import Action
from actions.selectors import sentences
from actions.services import live_actions
from contacts import hooks as contact_hooks
from contacts.models import Consent
from segmentation import hooks
from segmentation.models import Segment
from tags import usage as label_usage
from tags.models import Category, Tag

RECURRING, PLANNED = _("Recurring action"), _("Planned action")


def join() -> None:
    """Registers the questions below with the apps that ask them."""
    hooks.usage.append(uses_of_segment)
    hooks.affected.append(uses_of_segment)
    label_usage.providers.append(uses_of_label)
    contact_hooks.consent_usage.append(uses_of_consent)


def uses_of_segment(segment: Segment) -> list[hooks.Use]:
    """Recurring and planned actions on it, and those that are running."""
    found = live_actions().filter(segment=segment).order_by("pk")
    told = sentences(list(found))
    return [
        hooks.Use(RECURRING if action.every_refresh else PLANNED, told[action.pk], action.page_url) for action in found
    ]


def naming(what: str, pk: int) -> list[Action]:
    """Live actions that name this object, with their segments."""
    of_kind = [kind.name for kind in KINDS.values() if what in kind.Params.model_fields]
    found = live_actions().filter(kind__in=of_kind, **{f"params__{what}": pk})
    return list(found.select_related("segment", "picked").order_by("pk"))


def titled(action: Action) -> str:
    """What it is done to: the one who wants to delete a label has to look there. No number: it is for all to read."""
    return action.segment.name if action.segment else str(_("picked contacts"))


def uses_of_label(label: Tag | Category) -> list[label_usage.Use]:
    found = naming("tag" if isinstance(label, Tag) else "category", label.pk)
    return [label_usage.Use(each.kind_name, titled(each), each.page_url) for each in found]


def uses_of_consent(consent: Consent) -> list[contact_hooks.Use]:
    found = naming("consent", consent.pk)
    return [contact_hooks.Use(f"{each.kind_name}: {titled(each)}", each.page_url) for each in found]
