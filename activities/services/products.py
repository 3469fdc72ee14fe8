"""What order lines tell of products, for lists to choose from."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection


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
"""


def tell_products(sold: Iterable[Sold]) -> None:
    """Bring the products up to date. What a line leaves empty stays; an order older than the last news tells none.

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
