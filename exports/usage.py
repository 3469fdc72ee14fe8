"""What exports need: asked before an attribute or a consent is deleted, which live exports have as a column."""

from django.db.models import Q
from django.utils.translation import gettext as _

from actions.services import live_actions
from contacts.hooks import Use
from contacts.models import Attribute, Consent


def uses_of_attribute(attribute: Attribute) -> list[Use]:
    return exports_with(f"attribute:{attribute.key}")


def uses_of_consent(consent: Consent) -> list[Use]:
    return exports_with(f"consent:{consent.key}", consent=consent.key)


def exports_with(column: str, *, consent: str = "") -> list[Use]:
    """Planned, recurring and running exports with this column, or that go by this consent."""
    naming = Q(params__columns__contains=column)
    if consent:
        naming |= Q(params__consent=consent)
    found = live_actions().filter(naming, kind="export").select_related("segment", "picked")
    title = _("Export of %(segment)s")
    return [Use(title % {"segment": action.place_for_all}, action.page_url) for action in found.order_by("pk")]
