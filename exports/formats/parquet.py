"""Parquet: the rows are collected as CSV, chunk by chunk, and turned into typed columns when all are there."""

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

import duckdb
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from exports import writing
from exports.columns import Cell, Column
from exports.formats.base import Format, IncompleteError, State, Table
from mirror import duck

MEMORY = "128MiB"  # of DuckDB, which takes a little more than it counts
TYPES = {
    Cell.TEXT: "VARCHAR",
    Cell.SAFE: "VARCHAR",
    Cell.WHOLE: "INTEGER",
    Cell.NUMBER: "DOUBLE",  # attributes have at most fifteen digits, which a double keeps
    Cell.BOOLEAN: "BOOLEAN",
    Cell.DATE: "DATE",
    Cell.MOMENT: "TIMESTAMP WITH TIME ZONE",
    Cell.LIST: "VARCHAR[]",
}
GROUP = 40_960  # rows whose values of a column stand together; fewer where there are many columns
VALUES = 500_000  # of all columns in such a group


class Parquet(Format):
    """Typed columns for programs: numbers, dates and moments as such, lists as lists; nothing needs defusing."""

    name = "parquet"
    title = "Parquet"
    text = _("Typed columns for programs of analysis.")
    ending = ".parquet"
    content_type = "application/vnd.apache.parquet"

    def begin(self, path: Path, table: Table) -> State:
        path.write_bytes(b"")
        return {"size": 0}

    def append(self, path: Path, table: Table, ids: BitMap, *, state: State) -> tuple[int, State]:
        cells = ", ".join(f"{value_of(column)} AS c{place}" for place, column in enumerate(table.columns))
        where, values = writing.among(ids)
        query = f"SELECT {cells} FROM contacts_contact c WHERE {where} ORDER BY c.id"  # noqa: S608 (names are our own)
        with writing.times_in("UTC"):
            copy = writing.copy_of(query, table.columns, values, form="FORMAT csv")
            rows, size = writing.append(path, copy, at=state["size"])
        return rows, {"size": size}

    def finish(self, path: Path, table: Table, *, state: State, rows: int) -> Path:
        super().finish(path, table, state=state, rows=rows)
        made = path.with_suffix(".made")
        convert(path, made, table)
        with duckdb.connect(":memory:") as database:
            found = database.execute("SELECT num_rows FROM parquet_file_metadata(?)", [str(made)]).fetchone()
        if found != (rows,):
            made.unlink()
            raise IncompleteError
        return made


def value_of(column: Column) -> str:
    """A list as JSON; an empty text is no value."""
    match column.cell:
        case Cell.LIST:
            return f"to_jsonb({column.raw})"
        case Cell.TEXT | Cell.SAFE:
            return f"nullif({column.raw}, '')"
        case _:
            return column.raw


def convert(source: Path, target: Path, table: Table) -> None:
    """The collected rows as Parquet, in their order."""
    read = {
        f"c{place}": "JSON" if each.cell is Cell.LIST else TYPES[each.cell] for place, each in enumerate(table.columns)
    }
    cells = ", ".join(
        f'c{place}::{TYPES[each.cell]} AS "{label.replace(chr(34), chr(34) * 2)}"'
        for place, (each, label) in enumerate(zip(table.columns, unique(table.labels), strict=True))
    )
    described = ", ".join(f"'{name}': '{kind}'" for name, kind in read.items())
    form = (
        "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', nullstr = '',"
        f" allow_quoted_nulls = false, max_line_size = 8388608, buffer_size = 16777216, columns = {{{described}}}"
    )
    group = max(2_048, min(GROUP, VALUES // len(table.columns)))
    query = f"SELECT {cells} FROM read_csv('{quoted(source)}', {form})"  # noqa: S608 (names are our own)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": 1,
        "temp_directory": str(duck.folder() / f"export-{token_hex(8)}"),
        "preserve_insertion_order": False,  # one thread reads in order anyway, and then need not gather what it read
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=config) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(
            f"COPY ({query}) TO '{quoted(target)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group},"
            f" ROW_GROUP_SIZE_BYTES '16MB')"
        )


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def unique(labels: Sequence[str]) -> list[str]:
    """The labels so that no two are the same, in any case: a second "City" is "City 2"."""
    found: list[str] = []
    taken: set[str] = set()
    for label in labels:
        name, number = label, 1
        while name.casefold() in taken:
            number += 1
            name = f"{label} {number}"
        taken.add(name.casefold())
        found.append(name)
    return found
