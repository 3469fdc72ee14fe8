"""Writing down visits of the customer's site."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from pyroaring import BitMap

from accounts.models import Account
from activities.hooks import tell_recorded
from activities.services.batches import CONTACT, SOURCE, Fields, read_batch, source_row
from activities.services.errors import Complaints, Partly
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
    return write(items, Complaints(), account=account, now=now).written


def record_visits_partly(
    items: Sequence[Any], *, account: Account, now: datetime, sight: BitMap | None = None
) -> Partly:
    """The same, but the wrong items are left out and the right ones written.

    sight: the contacts that the writer sees; None: all. Raises: BatchError for what is no list of a fair length.
    """
    return write(items, Complaints(partial=True), account=account, now=now, sight=sight)


def write(
    items: Sequence[Any], complaints: Complaints, *, account: Account, now: datetime, sight: BitMap | None = None
) -> Partly:
    fields: Fields = {"contact": CONTACT, "at": partial(moment, now=now, zone=account.zone), **SOURCE}
    with transaction.atomic():
        batch = read_batch(items, fields, ("contact", "at"), complaints)
        people = keep([item.get("contact") for item in batch], complaints, sight=sight)
        right = complaints.right(len(batch))
        if right:
            sources = [list(column) for column in zip(*(source_row(batch[n]) for n in right), strict=True)]
            with connection.cursor() as cursor:
                cursor.execute(WRITE, [[people[n] for n in right], [batch[n]["at"] for n in right], *sources])
    tell_recorded(len(right), now=now)
    return complaints.outcome(["created"] * len(batch))
