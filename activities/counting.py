"""How many activities there are of each type, without reading a table of fifty million rows for a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import id_array

COUNTED = 200_000  # rows that are counted one by one: 25 ms; of more the database's own estimate is shown

ESTIMATE = """
SELECT c.reltuples::bigint, s.most_common_vals::text::int[], s.most_common_freqs,
    greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = 'type_id'
WHERE c.oid = 'activities_activity'::regclass
"""
COUNT = "SELECT type_id, count(*) FROM (SELECT type_id FROM activities_activity LIMIT %s) t GROUP BY type_id"
COUNT_SEEN = """
SELECT type_id, count(*) FILTER (WHERE contact_id = ANY (%s::int[])), count(*)
FROM (SELECT type_id, contact_id FROM activities_activity LIMIT %s) t GROUP BY type_id
"""


@dataclass(frozen=True)
class TypeCounts:
    """Activities by the id of their type. A type that an estimate does not know has few or none: None.

    Estimates are rounded to three digits.

    `at`: when the rows were counted, or when the database last looked; None: it has not yet.
    """

    numbers: Mapping[int, int] = field(default_factory=dict)
    estimated: bool = False
    at: datetime | None = None
    left_out: bool = False  # too many to count those of some contacts, and an estimate would tell of the others

    def of(self, type_id: int) -> int | None:
        return self.numbers.get(type_id, None if self.estimated or self.left_out else 0)

    @property
    def unknown(self) -> bool:
        """There are many, and nobody has looked."""
        return self.estimated and not self.numbers


def type_counts(*, now: datetime, most: int = COUNTED) -> TypeCounts:
    """Exact up to `most` activities, beyond it the estimate that PostgreSQL plans by. At most two short queries."""
    with connection.cursor() as cursor:
        cursor.execute(ESTIMATE)
        rows, types, shares, looked = cursor.fetchone()
        if rows <= most:  # also where it was never looked at: -1
            cursor.execute(COUNT, [most + 1])
            counts = dict(cursor.fetchall())
            if sum(counts.values()) <= most:
                return TypeCounts(counts, at=now)
    if rows <= 0 or types is None:
        return TypeCounts(estimated=True)
    estimates = {pk: int(float(f"{rows * share:.2e}")) for pk, share in zip(types, shares, strict=True)}
    return TypeCounts(estimates, estimated=True, at=looked)


def seen_counts(mask: BitMap, *, now: datetime, most: int = COUNTED) -> TypeCounts:
    """The same of these contacts' activities alone: exact while there are up to `most` of all, beyond it none."""
    with connection.cursor() as cursor:
        cursor.execute(ESTIMATE)
        if cursor.fetchone()[0] <= most:
            cursor.execute(COUNT_SEEN, [id_array(mask), most + 1])
            rows = cursor.fetchall()
            if sum(number for _type, _seen, number in rows) <= most:
                return TypeCounts({pk: seen for pk, seen, _number in rows}, at=now)
    return TypeCounts(left_out=True)
