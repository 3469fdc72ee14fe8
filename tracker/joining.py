"""What the tracker gives to contacts: what goes and moves with one, and what a consent is needed for."""

from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from contacts.hooks import Merge, Use
from contacts.models import Consent, Contact
from tracker.models import SeenEvent, TrackedSite

# What both saw stays the kept one's; the rest is told of them from now on.
MOVE = """
WITH gone AS (DELETE FROM tracker_seenevent WHERE contact_id = ANY (%s) RETURNING uid, site_id, at, stored_at, campaign)
INSERT INTO tracker_seenevent (contact_id, uid, site_id, at, stored_at, campaign)
SELECT %s, uid, site_id, at, stored_at, campaign FROM gone
ON CONFLICT (contact_id, uid) DO NOTHING
"""


def erase(contact: Contact) -> None:
    """What was seen of it of late; the activities and visits themselves are not ours."""
    SeenEvent.objects.filter(contact_id=contact.pk).delete()


def merge(merged: Merge) -> dict[str, Any]:
    """A batch that comes again under a former name is still known."""
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [merged.others, merged.kept])
    return {}


def uses_of_consent(consent: Consent) -> list[Use]:
    return [
        Use(_("Tracked site “%(name)s”") % {"name": site}, reverse("tracker:site", args=[site.pk]))
        for site in TrackedSite.objects.filter(consent=consent)
    ]
