"""Writing down orders: new ones, and those that change."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _
from pyroaring import BitMap

from accounts.models import Account
from activities.hooks import tell_recorded
from activities.services.batches import SOURCE, source_row
from activities.services.errors import Complaints, Partly
from activities.services.order_items import read_orders
from activities.services.people import keep
from activities.services.products import Sold, tell_products
from activities.services.values import moment

ATTEMPTS = 5
SOURCED = "channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, referrer, landing_url"

ADD = f"""
INSERT INTO activities_order (id, external_id, contact_id, at, total, currency, status, {SOURCED})
SELECT id, external_id, contact_id, at, total, COALESCE(currency, %s), COALESCE(status, 'new'), {SOURCED}
FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::timestamptz[], %s::numeric[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    WITH ORDINALITY AS given (id, external_id, contact_id, at, total, currency, status, {SOURCED}, n)
ORDER BY n
ON CONFLICT (external_id) DO NOTHING
RETURNING id
"""  # noqa: S608
LOCK = """
SELECT id, external_id, contact_id FROM activities_order WHERE external_id = ANY (%s)
ORDER BY external_id COLLATE "C" FOR NO KEY UPDATE
"""
CHANGE = """
UPDATE activities_order t SET contact_id = given.contact_id, at = given.at, total = given.total,
    currency = COALESCE(given.currency, t.currency), status = COALESCE(given.status, t.status)
FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::numeric[], %s::text[], %s::text[])
    AS given (id, contact_id, at, total, currency, status)
WHERE t.id = given.id
"""
CHANGE_SOURCE = f"""
UPDATE activities_order t SET ({SOURCED}) = ({", ".join(f"given.{name}" for name in SOURCED.split(", "))})
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[]) AS given (id, {SOURCED})
WHERE t.id = given.id
"""  # noqa: S608
CLEAR_LINES = "DELETE FROM activities_orderline WHERE order_id = ANY (%s)"
ADD_LINES = """
INSERT INTO activities_orderline (order_id, position, product, name, category, brand, quantity, price, amount)
SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[],
    %s::numeric[], %s::numeric[])
"""


class Recorded(NamedTuple):
    """How many orders of a batch were new, and how many were there and are as given now."""

    added: int
    changed: int


class _ErasedError(Exception):
    """An order that was there a moment ago went with its contact."""


def record_orders(items: Sequence[Any], *, account: Account, now: datetime) -> Recorded:
    """Write a batch of orders, all or none. An order whose number is there already is changed: it stays one order.

    Item: `contact` ({"id"|"email"|"external_id": …}), `at`, `total` (in the account's currency), `external_id`? (the
    number), `currency`?, `status`?, `landing_url`?, `referrer`?, `utm_…`?, `lines`?: a list of {`product`, `quantity`?,
    `price`?, `amount`?, `name`?, `category`?, `brand`?}. An order that is changed keeps what its item leaves out; lines
    that are given replace all it had.

    Raises: BatchError with every item and field that is wrong.
    Source: docs/activities.md, "Orders".
    """
    done = record(items, Complaints(), account=account, now=now)
    return Recorded(done.statuses.count("created"), done.statuses.count("updated"))


def record_orders_partly(
    items: Sequence[Any], *, account: Account, now: datetime, sight: BitMap | None = None
) -> Partly:
    """The same, but the wrong items are left out and the right ones written.

    sight: the contacts that the writer sees; None: all. The number of somebody else's order is refused, and it is not
    said that there is one. Raises: BatchError for what is no list of a fair length.
    """
    return record(items, Complaints(partial=True), account=account, now=now, sight=sight)


def record(
    items: Sequence[Any], complaints: Complaints, *, account: Account, now: datetime, sight: BitMap | None = None
) -> Partly:
    batch = read_orders(items, moment_of=partial(moment, now=now, zone=account.zone), complaints=complaints)
    read = complaints.copy()
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                done = write(batch, complaints, account, sight=sight)
            tell_recorded(done.written, now=now)
            return done  # noqa: TRY300 - what follows the failure is another try
        except _ErasedError:
            if attempt == ATTEMPTS - 1:
                raise
            complaints = read.copy()
    raise AssertionError


def write(batch: Sequence[dict[str, Any]], complaints: Complaints, account: Account, *, sight: BitMap | None) -> Partly:
    """Contacts, orders, lines, products: every writer takes its locks in this order, and within each kind sorted."""
    people = keep([item.get("contact") for item in batch], complaints, sight=sight)
    for number, (item, contact) in enumerate(zip(batch, people, strict=True)):
        item["contact_id"], item["place"] = contact, number
    ordered = sorted((batch[n] for n in complaints.right(len(batch))), key=lambda item: item.get("external_id") or "")
    if not ordered:
        return complaints.outcome(["rejected"] * len(batch))
    with connection.cursor() as cursor:
        added = add(ordered, account, cursor.execute, cursor.fetchall)
        changed = [item for item in ordered if item["id"] not in added]
        if changed:
            changed = change(changed, cursor.execute, cursor.fetchall, complaints=complaints, sight=sight)
            ordered = [item for item in ordered if item["place"] not in complaints.wrong]
        write_lines(ordered, changed, cursor.execute)
    tell_products(
        Sold(line["product"], line.get("name", ""), line.get("category", ""), line.get("brand", ""), item["at"])
        for item in ordered
        for line in item.get("lines", ())
    )
    ids = [item.get("id") for item in batch]
    return complaints.outcome(["created" if pk in added else "updated" for pk in ids], ids)


Execute = Callable[[str, Sequence[Any]], Any]
Fetch = Callable[[], list[tuple[Any, ...]]]


def column(items: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [item.get(name) or None for item in items]


def add(items: Sequence[dict[str, Any]], account: Account, execute: Execute, fetch: Fetch) -> set[int]:
    """Those with no number or a new one, by their new ids. Another batch writing the same number is waited for."""
    execute(
        "SELECT nextval(pg_get_serial_sequence('activities_order', 'id')) FROM generate_series(1, %s)", [len(items)]
    )
    for item, (pk,) in zip(items, fetch(), strict=True):
        item["id"] = pk
    execute(
        ADD,
        [
            account.currency,
            [item["id"] for item in items],
            column(items, "external_id"),
            [item["contact_id"] for item in items],
            [item["at"] for item in items],
            [item["total"] for item in items],
            column(items, "currency"),
            column(items, "status"),
            *map(list, zip(*map(source_row, items), strict=True)),
        ],
    )
    return {pk for (pk,) in fetch()}


def change(
    items: Sequence[dict[str, Any]], execute: Execute, fetch: Fetch, *, complaints: Complaints, sight: BitMap | None
) -> list[dict[str, Any]]:
    """The orders that are there already, locked in the order of their numbers and written as given; which those are.

    Raises: _ErasedError when one is gone by now.
    """
    execute(LOCK, [[item["external_id"] for item in items]])
    there = {number: (pk, contact) for pk, number, contact in fetch()}
    if len(there) < len(items):
        raise _ErasedError
    for item in items:
        item["id"], contact = there[item["external_id"]]
        if sight is not None and contact not in sight:
            complaints.add(item["place"], "external_id", _("This number can't be used here."), "taken")
    complaints.finish()
    items = [item for item in items if item["place"] not in complaints.wrong]
    execute(
        CHANGE,
        [
            [item["id"] for item in items],
            [item["contact_id"] for item in items],
            [item["at"] for item in items],
            [item["total"] for item in items],
            column(items, "currency"),
            column(items, "status"),
        ],
    )
    sourced = [item for item in items if any(item.get(name) for name in SOURCE)]
    if sourced:
        execute(
            CHANGE_SOURCE,
            [[item["id"] for item in sourced], *map(list, zip(*map(source_row, sourced), strict=True))],
        )
    return items


def write_lines(items: Sequence[dict[str, Any]], changed: Sequence[dict[str, Any]], execute: Execute) -> None:
    """Lines that are given, in place of those there were."""
    replaced = [item["id"] for item in changed if "lines" in item]
    if replaced:
        execute(CLEAR_LINES, [replaced])
    rows = [
        (
            item["id"], position, line["product"], line.get("name", ""), line.get("category", ""),
            line.get("brand", ""), line["quantity"], line["price"], line["amount"],
        )
        for item in items
        for position, line in enumerate(item.get("lines", ()), 1)
    ]  # fmt: skip
    if rows:
        execute(ADD_LINES, [list(each) for each in zip(*rows, strict=True)])
