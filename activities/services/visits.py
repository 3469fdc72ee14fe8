"""Writing down visits of the customer's site."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction

from accounts.models import Account
from activities.hooks import tell_recorded
from activities.services.batches import CONTACT, SOURCE, Fields, read_batch, source_row
from activities.services.errors import Complaints
from activities.services.people import keep
from activities.services.values import moment

WRITE = """
INSERT INTO activities_visit (contact_id, at, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
    referrer, landing_url)
SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[])
"""


def record_visits(items: Sequence[Any], *, account: Account, now: datetime) -> int:
    """Write a batch of visits, all or none, and answer with their number.

    Item: `contact` ({"id"|"email"|"external_id": …}), `at`, `landing_url`?, `referrer`?, `utm_source`? … `utm_content`?
    (each counts instead of the address's own). The channel is decided by `activities.sources`.

    Raises: BatchError with every item and field that is wrong.
    Source: docs/activities.md, "Writing".
    """
    complaints = Complaints()
    fields: Fields = {"contact": CONTACT, "at": partial(moment, now=now, zone=account.zone), **SOURCE}
    with transaction.atomic():
        batch = read_batch(items, fields, ("contact", "at"), complaints)
        people = keep([item.get("contact") for item in batch], complaints)
        sources = [list(column) for column in zip(*map(source_row, batch), strict=True)]
        if batch:
            with connection.cursor() as cursor:
                cursor.execute(WRITE, [people, [item["at"] for item in batch], *sources])
    tell_recorded(len(batch), now=now)
    return len(batch)
