"""Rows on their way from PostgreSQL into a file, chunk by chunk: a successor goes on where the last commit was."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg import ClientCursor
from pyroaring import BitMap

from config.downloads import BOM
from config.spreadsheets import defuse
from contacts.id_sets import id_array
from exports.columns import Column

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}


def header(labels: Sequence[str], *, separator: str, bom: bool) -> bytes:
    """The first row, defused like every text (names of attributes are typed by people); with the byte order mark by
    which spreadsheets know UTF-8."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerow([defuse(label) for label in labels])
    return (BOM if bom else b"") + text.getvalue().encode()


def statement(columns: Sequence[Column], ids: BitMap, *, separator: str) -> str:
    """COPY of these contacts in the order of their ids, as CSV."""
    cells = ", ".join(f"{column.sql} AS c{number}" for number, column in enumerate(columns))
    where, values = among(ids)
    query = f"SELECT {cells} FROM contacts_contact c WHERE {where} ORDER BY c.id"  # noqa: S608 (names are our own)
    return copy_of(query, columns, values | {"separator": separator}, form="FORMAT csv, DELIMITER %(separator)s")


def among(ids: BitMap) -> tuple[str, dict[str, Any]]:
    """The condition on contacts `c` to be one of `ids`, with its values."""
    values: dict[str, Any] = {"first": ids.min(), "last": ids.max()}
    where = "c.id BETWEEN %(first)s AND %(last)s"
    if len(ids) <= values["last"] - values["first"]:  # without gaps the range says it all, and costs nothing to send
        where, values["ids"] = f"{where} AND c.id = ANY(%(ids)s::int[])", id_array(ids)
    return where, values


def copy_of(query: str, columns: Sequence[Column], values: dict[str, Any], *, form: str) -> str:
    """COPY of what the query gives. COPY takes no parameters: the driver quotes them, those of the columns too."""
    given = dict(values)
    for column in columns:
        given |= column.values
    return ClientCursor(connection.connection).mogrify(f"COPY ({query}) TO STDOUT ({form})", given)


@contextmanager
def times_in(zone: str) -> Iterator[None]:
    """PostgreSQL writes times in `zone` until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('timezone', %s, true)", [zone])
        yield
        cursor.execute("SELECT set_config('timezone', %s, true)", [connection.timezone_name])


def append(path: Path, copy: str, *, at: int) -> tuple[int, int]:
    """Writes what the COPY statement gives into the file from byte `at` on; what stood behind that is cut off.

    Shape: (rows written, size of the file now).
    """
    with path.open("r+b", buffering=1 << 20) as file:
        file.seek(at)
        file.truncate()
        with connection.cursor() as cursor:
            with cursor.copy(copy) as lines:
                file.writelines(lines)
            return cursor.rowcount, file.tell()
