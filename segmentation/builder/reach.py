"""Who the people in a set are and how they may be written to."""

from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap

from contacts.models import Attribute, AttributeType, Channel, ConsentState, Contact, Status
from segmentation.criteria import Context
from segmentation.engine import sample

CITY_KEYS = ("city", "miasto")

# Who gave a consent, and who can't be reached for want of an address or because they left or bounce. Those are few:
# reading and subtracting them costs less than half of a join with everybody who can (196 ms at 320,000 contacts).
GIVEN = (
    "SELECT string_agg(int4send(contact_id), '') FROM contacts_contactconsent WHERE state = %s AND consent_id = ANY(%s)"
)
NO_EMAIL = "SELECT string_agg(int4send(id), '') FROM contacts_contact WHERE (email IS NULL OR status = ANY(%s))"
NO_PHONE = "SELECT string_agg(int4send(id), '') FROM contacts_contact WHERE phone IS NULL"
LOST = [Status.UNSUBSCRIBED, Status.BOUNCED]
FEW = 20_000  # up to so many members are looked up by id


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
        by_email=_reachable(members, Channel.EMAIL, NO_EMAIL, [LOST], context=context),
        by_text=_reachable(members, Channel.SMS, NO_PHONE, [], context=context),
    )


def _reachable(members: BitMap, channel: str, without: str, params: list[Any], *, context: Context) -> int:
    consents = [consent.pk for consent in context.catalog.consents.values() if consent.channel == channel]
    if not consents or not members:
        return 0
    given = _read(GIVEN, [ConsentState.GIVEN, consents], "contact_id", members)
    return len((given & members) - _read(without, params, "id", members))


def _read(query: str, params: list[Any], key: str, members: BitMap) -> BitMap:
    if len(members) > FEW:
        return Context.read(query, tuple(params))
    return Context.read(f"{query} AND {key} = ANY(%s)", (*params, list(members)))


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
