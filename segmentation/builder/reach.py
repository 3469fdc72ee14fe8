"""Who the people in a set are and how they may be written to."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from pyroaring import BitMap

from contacts.models import Attribute, AttributeType, Channel, ConsentState, Contact, Status
from segmentation.criteria.context import bitmap
from segmentation.engine import sample

CITY_KEYS = ("city", "miasto")

# Consent given on that channel and an address for it; no e-mails to those who left or whose address bounces.
REACHABLE = """
SELECT d.channel, string_agg(int4send(c.id), '')
FROM contacts_contactconsent a
JOIN contacts_consent d ON d.id = a.consent_id
JOIN contacts_contact c ON c.id = a.contact_id
WHERE a.state = %s AND (
    (d.channel = %s AND c.email IS NOT NULL AND c.status NOT IN (%s, %s)) OR (d.channel = %s AND c.phone IS NOT NULL)
)
{among}
GROUP BY d.channel
"""
FEW = 20_000  # up to so many members their answers are looked up by id; beyond, reading all answers is faster


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


def reach(members: BitMap) -> Reach:
    """How many of `members` may be e-mailed and texted, by the consents they have given."""
    query = REACHABLE.format(among="AND a.contact_id = ANY(%s)" if len(members) <= FEW else "")
    params: list[Any] = [ConsentState.GIVEN, Channel.EMAIL, Status.UNSUBSCRIBED, Status.BOUNCED, Channel.SMS]
    with connection.cursor() as cursor:
        cursor.execute(query, [*params, list(members)] if len(members) <= FEW else params)
        found = {channel: bitmap(ids) for channel, ids in cursor.fetchall()}
    return Reach(
        by_email=members.intersection_cardinality(found.get(Channel.EMAIL, BitMap())),
        by_text=members.intersection_cardinality(found.get(Channel.SMS, BitMap())),
    )


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
