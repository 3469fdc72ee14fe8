"""Rows on their way from PostgreSQL into files: copied as CSV in pieces, kept in a database of DuckDB on disk.

Bounded in memory whatever the number of rows: a piece is an eighth of DuckDB's share, and while one is taken in the
next is copied. Pieces are sorted, so that a month is found again without reading all of them.

Activities of all types come in one pass over their table, whose columns mean something else for each type; a pass for
each type would read the table a dozen times.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
from django.conf import settings
from django.db import connection

from mirror import duck
from mirror.kinds import Column, Kind
from mirror.layout import fixed
from mirror.reading import FORMAT

BRANCHES = 200  # columns of all types that one pass over the activities tells apart
Beat = Callable[[int], None]  # told how many rows have come


@dataclass
class Table:
    """A staged table: what it is called, of which types, and how many rows came."""

    name: str
    columns: dict[int, list[Column]]
    rows: int = 0


@dataclass
class Stage:
    """Rows of one compaction. Open it in a folder of its own, close it before the folder goes."""

    folder: Path
    beat: Beat
    tables: dict[str, list[Table]] = field(default_factory=dict)  # by kind
    seen: int = 0

    def __post_init__(self) -> None:
        self.name = f"stage_{self.folder.name.replace('-', '_')}"
        self.cursor = duck.cursor()
        self.cursor.execute(f"ATTACH '{self.folder / 'stage.db'}' AS {self.name}")

    def close(self) -> None:
        try:
            self.cursor.execute(f"DETACH {self.name}")
        except duckdb.Error:
            duck.forget()  # a database that failed keeps its files; another one is made
        finally:
            self.cursor.close()

    # --- filling -------------------------------------------------------------------------------------------------
    def take(self, kind: Kind, columns: dict[int, list[Column]], where: str, params: Sequence[Any]) -> None:
        """Copies the rows of a kind that satisfy `where` in PostgreSQL."""
        groups = _passes(columns) if kind.name == "activity" else [columns]
        for number, group in enumerate(groups):
            table = Table(f"{self.name}.{kind.name}_{number}", group)
            self.tables.setdefault(kind.name, []).append(table)
            if kind.name == "activity":
                some = f" AND t.type_id = ANY ('{{{','.join(map(str, group))}}}'::int[])" if len(groups) > 1 else ""
                self._take_activities(kind, table, where + some, params)
            else:
                shape = [(column.name, column.type, column.sql) for column in columns[0]]
                self._load(kind, table, shape, where=where, params=params)

    def _take_activities(self, kind: Kind, table: Table, where: str, params: Sequence[Any]) -> None:
        first = fixed(kind)
        shape = [("type_id", "INTEGER", "t.type_id"), *((each.name, each.type, each.sql) for each in first)]
        own = {type_: columns[len(first) :] for type_, columns in table.columns.items()}
        for at in range(max((len(columns) for columns in own.values()), default=0)):
            branches = [
                f"WHEN {type_} THEN ({columns[at].sql})::text" for type_, columns in own.items() if at < len(columns)
            ]
            shape.append((f"c{at}", "VARCHAR", f"CASE t.type_id {' '.join(branches)} END"))
        self._load(kind, table, shape, where=where, params=params)

    def _load(
        self, kind: Kind, table: Table, shape: list[tuple[str, str, str]], *, where: str, params: Sequence[Any]
    ) -> None:
        declared = ", ".join(f"{name} {type_}" for name, type_, _sql in shape)
        self.cursor.execute(f"CREATE TABLE {table.name} ({declared})")
        types = ", ".join(f"'{name}': '{type_}'" for name, type_, _sql in shape)
        key = "moment" if kind.moment is not None else kind.key.name
        order = f"type_id, {key}" if kind.name == "activity" else key
        insert = (
            f"INSERT INTO {table.name} SELECT * FROM read_csv('{{path}}', {FORMAT}, columns = {{{{{types}}}}})"
            f" ORDER BY {order}"
        )
        query = f"SELECT {', '.join(sql for _name, _type, sql in shape)} FROM {kind.source} WHERE {where}"
        table.rows = self._copy(query, params, insert)
        found = self.cursor.execute(f"SELECT count(*) FROM {table.name}").fetchall()[0][0]
        if found != table.rows:
            raise IncompleteError(f"{kind.name}: {table.rows} rows copied, {found} taken in")

    def take_keys(self, query: str, params: Sequence[Any]) -> None:
        """Adds keys to those whose rows in files hold no longer."""
        self.cursor.execute(f"CREATE TABLE IF NOT EXISTS {self.removed} (key BIGINT)")
        insert = f"INSERT INTO {self.removed} FROM read_csv('{{path}}', {FORMAT}, columns = {{{{'key': 'BIGINT'}}}})"
        self._copy(query, params, insert)

    @property
    def removed(self) -> str:
        """The table of the keys whose rows in files hold no longer."""
        return f"{self.name}.removed"

    def _copy(self, query: str, params: Sequence[Any], insert: str) -> int:
        """Runs the query, and `insert` for every piece of what it gives. Returns the number of rows PostgreSQL gave."""
        with ThreadPoolExecutor(1) as threads, connection.cursor() as cursor:
            under_way: Future[None] | None = None
            with cursor.cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '\\N')", params) as rows:
                for path in self._pieces(rows):
                    if under_way is not None:
                        under_way.result()
                    under_way = threads.submit(self._insert, insert, path)
                    self.beat(self.seen)
            if under_way is not None:
                under_way.result()
            copied: int = cursor.cursor.rowcount
        return copied

    def _pieces(self, rows: Any) -> Iterator[Path]:
        limit, number = settings.ENGINE_MEMORY_MB * (1 << 20) // 8, 0
        file: BinaryIO | None = None
        for row in rows:
            if file is None:
                path = self.folder / f"{number}.csv"
                file, size, number = path.open("wb", buffering=1 << 20), 0, number + 1
            size += file.write(row)
            self.seen += 1
            if size > limit:
                file.close()
                file = None
                yield path
        if file is not None:
            file.close()
            yield path

    def _insert(self, insert: str, path: Path) -> None:
        cursor = self.cursor.cursor()
        try:
            cursor.execute(insert.format(path=path))
        finally:
            cursor.close()
            path.unlink()

    # --- reading -------------------------------------------------------------------------------------------------
    def rows(self, kind: Kind, type_: int, columns: Sequence[Column]) -> str:
        """The staged rows of a kind and type, as a query of DuckDB."""
        for table in self.tables.get(kind.name, ()):
            if kind.name != "activity":
                return f"SELECT {', '.join(column.name for column in columns)} FROM {table.name}"
            if type_ in table.columns:
                first = len(fixed(kind))
                places = {column.name: f"c{at}" for at, column in enumerate(table.columns[type_][first:])}
                named = [
                    f"CAST({places[column.name]} AS {column.type}) AS {column.name}"
                    if column.name in places
                    else column.name
                    for column in columns
                ]
                return f"SELECT {', '.join(named)} FROM {table.name} WHERE type_id = {type_}"
        return f"SELECT {', '.join(f'CAST(NULL AS {each.type}) AS {each.name}' for each in columns)} WHERE false"

    def counts(self, kind: Kind) -> dict[int, int]:
        """How many rows of each type have been staged."""
        if kind.name != "activity":
            return {0: sum(table.rows for table in self.tables.get(kind.name, ()))}
        found: dict[int, int] = {}
        for table in self.tables.get(kind.name, ()):
            rows = self.cursor.execute(f"SELECT type_id, count(*) FROM {table.name} GROUP BY 1").fetchall()
            found |= dict(rows)
        return found


class IncompleteError(Exception):
    """Fewer or more rows arrived than were sent: nothing of it is used."""


def _passes(columns: dict[int, list[Column]]) -> list[dict[int, list[Column]]]:
    """The types in groups, each for one pass."""
    groups: list[dict[int, list[Column]]] = [{}]
    branches = 0
    for type_, own in columns.items():
        if groups[-1] and branches + len(own) > BRANCHES:
            groups.append({})
            branches = 0
        groups[-1][type_] = own
        branches += len(own)
    return groups
