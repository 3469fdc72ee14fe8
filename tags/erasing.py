"""The labels of a contact that is deleted."""

from django.db import connection

from contacts.models import Contact
from tags.merging_contacts import PAST

# What is noted of it is taken with its labels, before the criteria are: in this order a merge of tags takes them too.
HOLD_PAST = (
    "SELECT FROM {past} WHERE span @> %(contact)s::int AND %(contact)s::int = ANY (contacts) ORDER BY id FOR UPDATE"
)


def take_all_off(contact: Contact) -> dict[str, int]:
    """How many tags. In one statement, by the contact alone: Django names rows by tags too, which a merge changes.

    What is noted of labels that it once had is held until it goes, by a trigger, with the contact.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tags_contacttag WHERE contact_id = %s", [contact.pk])
        taken = cursor.rowcount
        for past in PAST:
            cursor.execute(HOLD_PAST.format(past=past), {"contact": contact.pk})
    return {"contacttag": taken} if taken else {}
