"""Facts go with their contact."""

from django.db import connection

from contacts.models import Contact

# Orders first locked in the order in which batches lock them (services.orders), so that neither waits for the other.
LOCK = 'SELECT id FROM activities_order WHERE contact_id = %s ORDER BY external_id COLLATE "C" FOR UPDATE'
DELETE = (
    # Together: lines that went first would have their orders written once more, for the mirror.
    """
    WITH gone AS (DELETE FROM activities_order WHERE contact_id = %s RETURNING id)
    DELETE FROM activities_orderline l USING gone WHERE l.order_id = gone.id
    """,
    "DELETE FROM activities_visit WHERE contact_id = %s",
    "DELETE FROM activities_activity WHERE contact_id = %s",
)


def erase_facts(contact: Contact) -> dict[str, int]:
    """Delete all that the contact did and bought, in one go a table; how many. The caller holds the contact's row."""
    gone: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [contact.pk])
        gone["order"] = cursor.rowcount
        for name, statement in zip(("orderline", "visit", "activity"), DELETE, strict=True):
            cursor.execute(statement, [contact.pk])
            gone[name] = cursor.rowcount
    return {name: count for name, count in gone.items() if count}
