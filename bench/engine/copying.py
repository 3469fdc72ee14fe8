"""Rows from Parquet into PostgreSQL: DuckDB writes CSV, COPY reads it; secondary indexes and foreign keys wait."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb


def copy(cursor: Any, query: str, table: str, columns: str, *, folder: Path) -> None:
    """What `query` (DuckDB) finds into `table`. The CSV lies in `folder` for as long as it is read."""
    raw = getattr(cursor, "cursor", cursor)  # Django's wrapper has the real one
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".csv") as file:
        with duckdb.connect(config={"temp_directory": f"{folder}/spill"}) as duck:
            duck.execute(f"COPY ({query}) TO '{file.name}' (FORMAT csv, HEADER false, NULLSTR '\\N')")
        into = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, NULL '\\N')"
        with raw.copy(into) as copying, Path(file.name).open("rb") as rows:
            while data := rows.read(1 << 20):
                copying.write(data)


@contextmanager
def without_indexes(cursor: Any, tables: Sequence[str]) -> Iterator[None]:
    """The tables have no indexes but those of constraints, and no foreign keys; afterwards all are as they were."""
    cursor.execute(
        "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid = ANY (%s::regclass[])",
        [list(tables)],
    )
    keys = cursor.fetchall()
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i"
        " WHERE indrelid = ANY (%s::regclass[])"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [list(tables)],
    )
    indexes = cursor.fetchall()
    for name, table, _definition in keys:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        for _name, definition in indexes:
            cursor.execute(definition)
        for name, table, definition in keys:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
