"""Loading big tables: rows as arrays into binary COPY, without the indexes and foreign keys that would check each.

Measured on two cores, 1 M activities: docs/demo-data.md, "How fast".
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from django.db import connection

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH_S = 946_684_800  # PostgreSQL counts from the year 2000
INDEXES = (
    "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid) ORDER BY 1"
)
FOREIGN_KEYS = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = %s::regclass AND contype = 'f' ORDER BY 1"
)


@contextmanager
def bare(tables: Sequence[str]) -> Iterator[None]:
    """The tables empty, and without secondary indexes and foreign keys, which are made anew in the end.

    To be used in a transaction. It is the one that empties them, so that rows may be written frozen.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")
        again = []
        for table in tables:
            cursor.execute(FOREIGN_KEYS, [table])
            for name, definition in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
                again.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
            cursor.execute(INDEXES, [table])
            for name, definition in cursor.fetchall():
                cursor.execute(f'DROP INDEX "{name}"')
                again.append(definition)
        yield
        for statement in reversed(again):
            cursor.execute(statement)


def row_type(width: int) -> np.dtype:
    """A row of activities_activity as binary COPY reads it, with `width` bytes of parameters."""
    return np.dtype([
        ("fields", ">i2"), ("of_id", ">i4"), ("id", ">i8"), ("of_contact", ">i4"), ("contact", ">i4"),
        ("of_type", ">i4"), ("type", ">i4"), ("of_at", ">i4"), ("at", ">i8"),
        ("of_params", ">i4"), ("version", "i1"), ("params", f"S{width}"),
    ])  # fmt: skip


def packed(
    kind: int, *, ids: np.ndarray, contacts: np.ndarray, at: np.ndarray, forms: np.ndarray, form: np.ndarray
) -> bytes:
    """Activities of one type (its id). Units of `at`: seconds since 1970. `forms`: demo.parameters."""
    width = forms.dtype.itemsize
    rows = np.empty(len(ids), dtype=row_type(width))
    rows["fields"], rows["of_id"], rows["of_contact"], rows["of_type"], rows["of_at"] = 5, 8, 4, 4, 8
    rows["id"], rows["contact"], rows["type"] = ids, contacts, kind
    rows["at"] = (at - EPOCH_S) * 1_000_000
    rows["of_params"], rows["version"] = width + 1, 1
    rows["params"] = forms[form]
    return rows.tobytes()


def copy_packed(parts: Sequence[bytes]) -> None:
    """Into activities_activity, which this transaction has emptied."""
    columns = "id, contact_id, type_id, at, params"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY activities_activity ({columns}) FROM STDIN (FORMAT binary, FREEZE)") as into,
    ):
        into.write(SIGNATURE)
        for part in parts:
            into.write(part)
        into.write(TRAILER)


def copy_text(table: str, columns: Sequence[str], lines: Sequence[str]) -> None:
    """Lines of tab-separated text into a table that this transaction has emptied."""
    if not lines:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FREEZE)") as into,
    ):
        into.write("\n".join(lines))
        into.write("\n")
