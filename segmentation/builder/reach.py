"""Who the people in a set are and how they may be written to."""

from dataclasses import dataclass

from pyroaring import BitMap

from contacts.models import Attribute, AttributeType, Channel, ConsentState, Contact, Status
from mirror.kinds import CONTACT
from segmentation.criteria import Context
from segmentation.criteria.consent import TABLE as ANSWERS
from segmentation.criteria.where import Where, marks
from segmentation.engine import sample

CITY_KEYS = ("city", "miasto")

LOST = (Status.UNSUBSCRIBED, Status.BOUNCED)
NO_EMAIL = Where(
    f"email IS NULL OR status IN ({marks(LOST)})", LOST, (CONTACT.column("email"), CONTACT.column("status"))
)
NO_PHONE = Where("phone IS NULL", (), (CONTACT.column("phone"),))


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of a set may be written to."""

    by_email: int
    by_text: int


@dataclass(frozen=True, slots=True)
class Person:
    """One of the sample."""

    pk: int
    name: str
    city: str


def reach(members: BitMap, *, context: Context) -> Reach:
    """How many of `members` may be e-mailed and texted, by the consents they have given."""
    return Reach(
        by_email=_reachable(members, Channel.EMAIL, NO_EMAIL, context=context),
        by_text=_reachable(members, Channel.SMS, NO_PHONE, context=context),
    )


def _reachable(members: BitMap, channel: str, without: Where, *, context: Context) -> int:
    """Those without an address, who left or bounce are few: they are subtracted from who gave a consent."""
    consents = [consent.pk for consent in context.catalog.consents.values() if consent.channel == channel]
    if not consents or not members:
        return 0
    given = ANSWERS.having_any(consents, None, context, ConsentState.GIVEN)
    return len((given & members) - context.fetch(without))


def people(members: BitMap, number: int) -> list[Person]:
    """Some of `members`, the same ones for the same set."""
    ids = sample(members, number)
    rows = Contact.objects.in_bulk(list(ids))
    city = (
        Attribute.objects.filter(key__in=CITY_KEYS, type__in=[AttributeType.TEXT, AttributeType.CHOICE])
        .values_list("key", flat=True)
        .first()
    )
    return [
        Person(pk, str(rows[pk]), str(rows[pk].attributes.get(city, "")) if city else "") for pk in ids if pk in rows
    ]
