"""What order lines tell of products, for lists to choose from."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from activities.services.batches import Fields, read_batch
from activities.services.errors import Complaints, Partly
from activities.services.values import required, text


class Sold(NamedTuple):
    """A product as a line of an order of that moment calls it; "" is not told."""

    key: str
    name: str
    category: str
    brand: str
    at: datetime


# Most lines tell nothing new: those products are not locked, or every order of a bestseller would wait for the last.
TELL = """
INSERT INTO activities_product AS p (key, name, category, brand, updated_at)
SELECT given.* FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
    AS given (key, name, category, brand, at)
WHERE NOT EXISTS (SELECT FROM activities_product known WHERE known.key = given.key AND (
    known.updated_at > given.at OR (given.name IN ('', known.name) AND given.category IN ('', known.category)
        AND given.brand IN ('', known.brand))))
ORDER BY given.key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET
    name = COALESCE(NULLIF(EXCLUDED.name, ''), p.name), category = COALESCE(NULLIF(EXCLUDED.category, ''), p.category),
    brand = COALESCE(NULLIF(EXCLUDED.brand, ''), p.brand), updated_at = EXCLUDED.updated_at
WHERE p.updated_at <= EXCLUDED.updated_at
RETURNING key, xmax::text = '0'
"""
PRODUCT: Fields = {
    "key": required(partial(text, longest=200)),
    "name": partial(text, longest=300),
    "category": partial(text, longest=300),
    "brand": partial(text, longest=200),
}


def record_products_partly(items: Sequence[Any], *, now: datetime) -> Partly:
    """Say what products are called; the wrong items are left out and the right ones written.

    Item: `key`, `name`?, `category`?, `brand`?. What is left out or empty stays. Orders of later moments may say anew.
    Raises: BatchError for what is no list of a fair length.
    """
    complaints = Complaints(partial=True)
    batch = read_batch(items, PRODUCT, ("key",), complaints)
    seen: dict[str, int] = {}
    for number in complaints.right(len(batch)):
        if (first := seen.setdefault(batch[number]["key"], number)) != number:
            complaints.add(number, "key", _("Item %(first)s has the same key.") % {"first": first}, "twice")
    right = [batch[n] for n in complaints.right(len(batch))]
    with transaction.atomic():
        told = tell_products(
            Sold(item["key"], item.get("name", ""), item.get("category", ""), item.get("brand", ""), now)
            for item in right
        )
    statuses = [{True: "created", False: "updated", None: "unchanged"}[told.get(item.get("key", ""))] for item in batch]
    return complaints.outcome(statuses)


def tell_products(sold: Iterable[Sold]) -> dict[str, bool]:
    """Bring the products up to date, and answer which were written, by key: True where one is new.

    What a line leaves empty stays; an order older than the last news tells none.

    Called last in a transaction; locked in the order of their keys, so that no two batches wait for each other.
    """
    latest: dict[str, Sold] = {}
    for each in sorted(sold, key=lambda one: one.at):
        before = latest.get(each.key, each)
        latest[each.key] = Sold(
            each.key, each.name or before.name, each.category or before.category, each.brand or before.brand, each.at
        )
    if latest:
        with connection.cursor() as cursor:
            cursor.execute(TELL, [list(column) for column in zip(*latest.values(), strict=True)])
            return dict(cursor.fetchall())
    return {}
