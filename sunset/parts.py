"""What other apps ask: who uses a segment, a tag, a consent; what goes with a contact; what is handed over."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.hooks import Consequence
from accounts.models import Account
from contacts.handing_over import Part, Row
from contacts.hooks import Merge
from contacts.hooks import Use as ConsentUse
from contacts.models import Consent, Contact
from rollout.selectors import is_open_here
from segmentation.hooks import Guide, Use
from segmentation.models import Segment
from sunset.models import Passage, State, Sunset
from sunset.standing import AREA, holding
from tags.models import Category, Tag
from tags.usage import Use as LabelUse

SUNSET = _("Sunset")
# Of several ways that go on at once the kept contact's own stays; without one, the first.
MOVE = """
WITH ranked AS (
    SELECT id, row_number() OVER (PARTITION BY sunset_id ORDER BY contact_id <> %(kept)s, tagged_at, id) AS place
    FROM sunset_passage WHERE contact_id = ANY(%(all)s::int[]) AND current
)
UPDATE sunset_passage passage
SET contact_id = %(kept)s, current = COALESCE(ranked.place = 1, false),
    ended_at = CASE WHEN ranked.place > 1 THEN COALESCE(passage.ended_at, %(now)s) ELSE passage.ended_at END,
    outcome = CASE WHEN ranked.place > 1 AND passage.outcome = '' THEN 'other' ELSE passage.outcome END
FROM sunset_passage own LEFT JOIN ranked USING (id)
WHERE passage.id = own.id AND own.contact_id = ANY(%(all)s::int[])
"""


def address(sunset: Sunset) -> str:
    return reverse("sunset:sunset", args=[sunset.pk])


def uses_of_segment(segment: Segment) -> list[Use]:
    """The sunset that it belongs to, unless that has ended."""
    ours = Q(quiet=segment) | Q(due=segment) | Q(back=segment)
    found = Sunset.objects.filter(ours).exclude(state=State.ENDED)
    return [Use(SUNSET, each.name, address(each)) for each in found]


def affected_by(segment: Segment) -> list[Use]:
    """Told before its criteria are edited."""
    told = _("Sunset, which acts on nobody once the criteria are others")
    return [Use(told, use.name, use.url) for use in uses_of_segment(segment)]


def uses_of_label(label: Tag | Category) -> list[LabelUse]:
    other = holding(label) if isinstance(label, Tag) else None
    return [LabelUse(str(SUNSET), other.name, address(other))] if other else []


def uses_of_consent(consent: Consent) -> list[ConsentUse]:
    found = Sunset.objects.exclude(state=State.ENDED)
    return [ConsentUse(f"{SUNSET}: {each.name}", address(each)) for each in found if consent.pk in each.consent_ids]


def stopped_by_settings(before: Account, after: Account) -> list[Consequence]:
    """The sunsets whose days are fewer than the account's engagement window would be; of now, none of them is."""
    found = Sunset.objects.filter(
        state=State.ON, days__gte=before.engagement_days, days__lt=after.engagement_days
    ).order_by("pk")
    text = gettext(
        "The sunset %(name)s would act on nobody: its days without a sign of life (%(days)s) would be fewer than the "
        "engagement window."
    )
    return [Consequence(text % {"name": each.name, "days": each.days}, address(each)) for each in found]


def forget(contact: Contact) -> dict[str, int]:
    """The ways of a contact that is deleted."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sunset_passage WHERE contact_id = %s", [contact.pk])
        return {"sunsetpassage": cursor.rowcount} if cursor.rowcount else {}


def follow_merge(merge: Merge) -> dict[str, Any]:
    """The ways of contacts that become one are the kept one's."""
    with connection.cursor() as cursor:
        cursor.execute(MOVE, {"kept": merge.kept, "all": [merge.kept, *merge.others], "now": merge.now})
    return {}


def passages(contact: Contact) -> Iterator[Row]:
    for each in Passage.objects.filter(contact=contact).select_related("sunset").order_by("tagged_at", "pk"):
        yield {
            "sunset": each.sunset.name,
            "tagged_at": each.tagged_at,
            "back_at": each.back_at,
            "withdrawn_at": each.withdrawn_at,
            "ended_at": each.ended_at,
        }


HANDED_OVER = Part("sunsets", ("sunset", "tagged_at", "back_at", "withdrawn_at", "ended_at"), passages)
GUIDE = Guide(
    group="engagement",
    name=_("Sunset, step by step"),
    text=_(
        "Who has been silent for long gets a tag for a last letter; if nothing comes of it, consents are withdrawn. "
        "Sets up the segments and recurring actions, with a forecast first."
    ),
    icon="sunset",
    url_name="sunset:list",
    offered=lambda: is_open_here(AREA),
)
