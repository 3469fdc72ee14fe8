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
# Which of several ways says where the contact stands: one that goes on before one that is over, else nobody would look
# at the tag any more; of those that go on one that waits; of those over withdrawn, back, other; the kept contact's own;
# the first. One that goes on takes over that consents were withdrawn on another that went on. The tags are the kept
# contact's by now, each since the first of them had it.
SETTLE = """
WITH last AS (
    SELECT passage.*, ended_at IS NULL AND EXISTS (
        SELECT FROM tags_contacttag link
        WHERE link.contact_id = %(kept)s AND link.assigned_at <= passage.tagged_at AND link.tag_id = COALESCE(
            (SELECT merged.tag_id FROM tags_mergedtag merged WHERE merged.id = sunset.tag_id), sunset.tag_id)
    ) AS goes_on
    FROM sunset_passage passage JOIN sunset_sunset sunset ON sunset.id = passage.sunset_id
    WHERE passage.contact_id = ANY(%(all)s::int[]) AND passage.current
), ranked AS (
    SELECT id, goes_on, min(withdrawn_at) FILTER (WHERE goes_on AND outcome = 'withdrawn') OVER by_sunset AS withdrawn,
        row_number() OVER (
            PARTITION BY sunset_id ORDER BY goes_on DESC, array_position(
                CASE WHEN goes_on THEN ARRAY['', 'withdrawn'] ELSE ARRAY['withdrawn', 'back', 'other', ''] END,
                outcome::text
            ), contact_id <> %(kept)s, tagged_at, id
        ) AS place
    FROM last WINDOW by_sunset AS (PARTITION BY sunset_id)
)
UPDATE sunset_passage passage
SET current = place = 1,
    ended_at = CASE WHEN place > 1 THEN COALESCE(passage.ended_at, %(now)s) ELSE passage.ended_at END,
    withdrawn_at = CASE
        WHEN place = 1 AND goes_on AND passage.outcome = '' THEN withdrawn ELSE passage.withdrawn_at
    END,
    outcome = CASE
        WHEN passage.outcome <> '' THEN passage.outcome
        WHEN place > 1 THEN 'other'
        WHEN goes_on AND withdrawn IS NOT NULL THEN 'withdrawn'
        ELSE ''
    END
FROM ranked WHERE passage.id = ranked.id
"""
MOVE = "UPDATE sunset_passage SET contact_id = %(kept)s WHERE contact_id = ANY(%(others)s::int[])"


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
    given: dict[str, Any] = {
        "kept": merge.kept,
        "others": merge.others,
        "all": [merge.kept, *merge.others],
        "now": merge.now,
    }
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, given)  # before they are one contact's, who has one way that is current
        cursor.execute(MOVE, given)
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
