"""Reading rows for the engine: those in the files, and those PostgreSQL has beyond the cut, in one statement.

Exact for the snapshot it is made in (docs/mirror.md). A reader of `only` some contacts takes all of their rows from
PostgreSQL: the same statements over a small world, which is how one contact is explained.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import id_array, id_set
from mirror import duck, files
from mirror.files import BrokenFileError
from mirror.kinds import KINDS, Column, Kind
from mirror.layout import fingerprint, fixed
from mirror.reports import report
from mirror.snapshots import RUN
from mirror.units import unit_of

Arrays = dict[str, np.ndarray]
FEW = 30_000  # rows beyond the cut that are counted; more are "many"
LITERAL = 64  # keys written into the statement; more are joined: 100,000 against 3 M rows take 70 ms, not 1,400
FORMAT = (
    "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '\\N',"
    " new_line = '\\n',"  # else guessed, and a text with a line break of Windows fails the whole statement
    " allow_quoted_nulls = false, parallel = false"
)


_everyone: dict[str, tuple[tuple[int | str, ...], BitMap]] = {}  # schema -> stamp of its contacts, all of them
ACCOUNTS = 100  # whose contacts are kept in a process


@dataclass(frozen=True)
class Rows:
    """Rows of a kind that happened from `first` to `last`, both included (None: open), and the columns that are needed.

    The contact's id is always among the columns, as `contact_id`. `type`: of activities, and only of them.
    """

    kind: Kind
    columns: tuple[Column, ...] = ()
    type: int = 0
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True)
class Tail:
    """How far a kind is mirrored, and what has been written since, as this snapshot sees it.

    `stamp` is equal for equal rows of the kind, a restored backup's told apart: the run of the server and the file of
    its table, the cut, and of the rows beyond it number, writers and those gone. None if there are too many to tell; if
    this very transaction writes: what it undoes leaves no trace; or if it is no snapshot: it may read other rows than
    those the stamp is of. `latest`: when the last row beyond the cut happened.
    """

    cut: int
    revision: int
    rows: int  # beyond the cut; FEW + 1: more
    gone: int
    stamp: tuple[int | str, ...] | None
    latest: datetime | None


class Reader:
    """Reads in the snapshot that is open now. One for an evaluation: what it has seen does not change under it."""

    def __init__(self, *, only: Iterable[int] | None = None) -> None:
        self.only = None if only is None else id_array(only)
        self._keys: dict[str, np.ndarray] = {}  # by kind: of rows in files that hold no longer

    # --- what there is -------------------------------------------------------------------------------------------
    @cached_property
    def tails(self) -> dict[str, Tail]:
        """Of every kind. Two queries, whatever the number of rows."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT k.kind, COALESCE(cut, 0), COALESCE(revision, 0), pg_current_xact_id_if_assigned() IS NULL"
                " AND current_setting('transaction_isolation') IN ('repeatable read', 'serializable'),"
                " (SELECT count(*) FROM mirror_gone g WHERE g.kind = replace(k.kind, 'line', 'order')),"
                f" concat({RUN}, ':', pg_relation_filenode(k.rows::regclass))"
                " FROM unnest(%s::text[], %s::text[], %s::text[]) k (kind, rows, shape)"
                " LEFT JOIN mirror_cut c ON c.kind = k.kind AND layout = k.shape AND cut > 0"
                " AND system = (SELECT system_identifier::text FROM pg_control_system())",
                [
                    list(KINDS),
                    [kind.table.split()[0] for kind in KINDS.values()],
                    [fingerprint(unit_of(kind)) for kind in KINDS],
                ],
            )  # files whose numbers or columns mean something else count for nothing
            cuts = {kind: known for kind, *known in cursor.fetchall()}
            cursor.execute(
                " UNION ALL ".join(map(_newer, KINDS.values())),
                [each for name in KINDS for each in (name, cuts[name][0], FEW + 1)],
            )
            found = {name: newer for name, *newer in cursor.fetchall()}
        return {name: _tail(cuts[name], found[name]) for name in KINDS}

    def latest(self, kind: str) -> datetime | None:
        """When the last row of a kind happened, as far as its rows have a moment."""
        tail = self.tails[kind]
        newest = tail.latest
        if tail.rows > FEW:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT max(at) FROM {KINDS[kind].table} WHERE t.written >= %s", [tail.cut])
                newest = cursor.fetchone()[0]
        filed = (part.last_at for part in files.parts(kind, tail.revision))
        return max((at for at in (newest, *filed) if at is not None), default=None)

    @cached_property
    def everyone(self) -> BitMap:
        """The contacts the account has. Read once in a process, as long as no contact comes, changes or goes."""
        rows = Rows(KINDS["contact"])
        stamp = None if self.only is not None else self.tails["contact"].stamp
        if stamp is None:
            return id_set(self.ids(rows))
        schema = connection.schema_name  # type: ignore[attr-defined]
        known = _everyone.get(schema)
        if known is None or known[0] != stamp:
            if len(_everyone) >= ACCOUNTS:
                _everyone.clear()
            known = _everyone[schema] = (stamp, id_set(self.ids(rows)))
        return known[1].copy()

    # --- reading -------------------------------------------------------------------------------------------------
    def ids(self, rows: Rows, where: str = "", params: Sequence[Any] = ()) -> np.ndarray:
        """The contact of every row for which `where` (DuckDB, over the columns) holds: int32, repeated, unsorted."""
        return self.select(rows, f"SELECT contact_id FROM {{rows}}{' WHERE ' + where if where else ''}", params)[
            "contact_id"
        ]

    def select(self, rows: Rows, query: str, params: Sequence[Any] = ()) -> Arrays:
        """What `query` (DuckDB) finds, as arrays by column; `{rows}` in it stands for the rows.

        Raises: duckdb.Error for a query that is wrong; a broken file is passed over for the truth in PostgreSQL.
        """
        try:
            return self._select(rows, query, params, files_too=self.only is None)
        except BrokenFileError as broken:
            report(broken)
            return self._select(rows, query, params, files_too=False)

    def filed(self, rows: Rows, query: str) -> Arrays | None:
        """What `query` finds in the files as they are, also in rows that hold no longer. None: there are no sound ones.

        Equal `tails[kind].revision`, equal answer.
        """
        parts = self._parts(rows)
        if not self.tails[rows.kind.name].revision:
            return None
        none = np.empty(0, np.int64)
        try:
            table = " UNION ALL ".join(self._filed(rows, parts, none)) or empty(rows)
            return self._run(query, table, parts=parts, kind=rows.kind, overridden=none)
        except BrokenFileError as broken:
            report(broken)
            return None

    def unfiled(self, kind: Kind, *, most: int) -> list[int] | None:
        """The contacts of whom files may say too much or too little: with newer, changed, deleted or moved rows.

        Of all others the files have exactly the rows there are. None: they are more than `most`, or too many to tell;
        or this is no snapshot, or its transaction writes.
        """
        tail = self.tails[kind.name]
        if tail.stamp is None:
            return None
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT contact_id FROM {kind.table} WHERE {kind.written} >= %s"
                " UNION SELECT contact_id FROM mirror_gone WHERE kind = %s LIMIT %s",
                [tail.cut, kind.name, most + 1],
            )
            found = [contact for (contact,) in cursor.fetchall()]
        return found if len(found) <= most else None

    def _select(self, rows: Rows, query: str, params: Sequence[Any], *, files_too: bool) -> Arrays:
        parts = self._parts(rows) if files_too else []
        overridden = self._overridden(rows.kind, parts)
        with self._newer(rows, all_of_them=not files_too) as newer:
            tables = [*self._filed(rows, parts, overridden), newer]
            table = " UNION ALL ".join(each for each in tables if each) or empty(rows)
            return self._run(query, table, params, parts=parts, kind=rows.kind, overridden=overridden)

    @staticmethod
    def _run(
        query: str,
        table: str,
        params: Sequence[Any] = (),
        *,
        parts: Sequence[files.Part],
        kind: Kind,
        overridden: np.ndarray,
    ) -> Arrays:
        with closing(duck.cursor()) as cursor:
            if len(overridden) > LITERAL:
                cursor.register("overridden", {"key": overridden})
            try:
                found: Arrays = cursor.execute(query.replace("{rows}", f"({table})"), list(params)).fetchnumpy()
            except duckdb.Error as error:
                if isinstance(error, (duckdb.InternalException, duckdb.FatalException)):
                    duck.forget()
                files.check(parts, kind.name)  # a file that changed while it was read; else it is the query
                raise
        return found

    def _parts(self, rows: Rows) -> list[files.Part]:
        """The files that may have such rows."""
        parts = files.parts(rows.kind.name, self.tails[rows.kind.name].revision)
        return [part for part in parts if part.type == rows.type and not outside(part, rows)]

    def _filed(self, rows: Rows, parts: Sequence[files.Part], overridden: np.ndarray) -> Iterator[str]:
        """The rows in files: one SELECT for files with the same columns that lie wholly, or partly, in the time."""
        kind, wanted = rows.kind, frozenset(column.name for column in shape(rows))
        alike: dict[tuple[frozenset[str], bool], list[str]] = {}
        for part in parts:
            alike.setdefault((part.columns & wanted, inside(part, rows)), []).append(files.path(part, kind.name))
        keys = "SELECT key FROM overridden" if len(overridden) > LITERAL else ", ".join(map(str, overridden))
        changed = [f"{kind.key.name} NOT IN ({keys})"] if len(overridden) else []
        for (have, whole), paths in alike.items():
            columns = ", ".join(column.name if column.name in have else null(column) for column in shape(rows))
            conditions = changed if whole else [*within(rows), *changed]
            where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
            yield f"SELECT {columns} FROM read_parquet({listed(paths)}){where}"

    @contextmanager
    def _newer(self, rows: Rows, *, all_of_them: bool) -> Iterator[str]:
        """The rows beyond the cut as a table of DuckDB; empty if there are none."""
        kind = rows.kind  # its tail is asked for only where files are read as well: two queries less for one contact
        if not all_of_them and not self.tails[kind.name].rows:
            yield ""
            return
        conditions: list[str] = ["true"]
        params: list[Any] = []
        if self.only is not None:
            conditions.append(f"{kind.contact.sql} = ANY (%s::int[])")
            params.append(self.only)
        elif not all_of_them and self.tails[kind.name].cut:
            conditions.append(f"{kind.written} >= %s")
            params.append(self.tails[kind.name].cut)
        if rows.type:
            conditions.append("t.type_id = %s")
            params.append(rows.type)
        if kind.moment is not None:
            for sign, bound in ((">=", rows.first), ("<=", rows.last)):
                if bound is not None:
                    conditions.append(f"t.at {sign} %s")
                    params.append(bound)
        columns = ", ".join(column.sql for column in shape(rows))
        source = f"SELECT {columns} FROM {kind.source} WHERE {' AND '.join(conditions)}"
        with copied(
            source,
            params,
            few=self.only is not None
            or (self.tails[kind.name].rows <= FEW and not (all_of_them and self.tails[kind.name].cut)),
        ) as path:
            types = ", ".join(f"'{column.name}': '{column.type}'" for column in shape(rows))
            yield f"SELECT * FROM read_csv('{path}', {FORMAT}, columns = {{{types}}})" if path else ""

    def _overridden(self, kind: Kind, parts: Sequence[files.Part]) -> np.ndarray:
        """Keys of rows in those files that PostgreSQL has changed or deleted since: sorted, int64."""
        last = max((part.last_key for part in parts), default=-1)
        if last < 0:
            return np.empty(0, np.int64)
        if kind.name not in self._keys:
            self._keys[kind.name] = self._overridden_of(kind)
        keys = self._keys[kind.name]
        return keys[: np.searchsorted(keys, last, side="right")]

    def _overridden_of(self, kind: Kind) -> np.ndarray:
        tail = self.tails[kind.name]
        queries: list[str] = []
        params: list[Any] = []
        if tail.rows and kind.name in ("contact", "order", "line"):
            queries.append(f"SELECT t.id FROM {kind.table} WHERE {kind.written} >= %s")
            params.append(tail.cut)
        if tail.gone:
            # Rows of contacts that are gone themselves need no care: they are outside everyone.
            queries.append(
                "SELECT key FROM mirror_gone g WHERE kind = %s"
                " AND (kind = 'contact' OR EXISTS (SELECT FROM contacts_contact c WHERE c.id = g.contact_id))"
            )
            params.append("order" if kind.name == "line" else kind.name)
        if not queries:
            return np.empty(0, np.int64)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT string_agg(int8send(k), '') FROM ({' UNION ALL '.join(queries)}) keys (k)", params)
            packed = cursor.fetchone()[0]
        return np.unique(np.frombuffer(packed or b"", dtype=">i8").astype(np.int64))


def _newer(kind: Kind) -> str:
    """A query: of the rows beyond a cut the number, a sum that tells them and their writers apart, the last moment.

    A plain sum of writers would not do: one that began early and ended late can write two rows anew whose writers
    were one earlier and one later than it.
    """
    moment = "NULL::timestamptz" if kind.moment is None else "t.at"
    rows = f"SELECT t.id, {kind.written}, {moment} FROM {kind.table} WHERE {kind.written} >= %s LIMIT %s"
    told = "COALESCE(sum(hashint8extended(id, written)), 0)::text"
    return f"SELECT %s, count(*), {told}, max(at) FROM ({rows}) newer (id, written, at)"


def _tail(known: list[Any], newer: list[Any]) -> Tail:
    cut, revision, reads, gone, run = known
    rows, writers, latest = newer
    stamp = (run, cut, revision, rows, writers, gone) if reads and rows <= FEW else None
    return Tail(cut, revision, rows, gone, stamp, latest)


def shape(rows: Rows) -> list[Column]:
    """The columns of the rows, in order."""
    first = fixed(rows.kind)
    return [*first, *(column for column in rows.columns if column not in first)]


def null(column: Column) -> str:
    return f"CAST(NULL AS {column.type}) AS {column.name}"


def empty(rows: Rows) -> str:
    return f"SELECT {', '.join(null(column) for column in shape(rows))} WHERE false"


def naive(at: datetime) -> str:
    """A moment as a literal of DuckDB."""
    return f"TIMESTAMP '{at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"


def aware(moment: np.datetime64) -> datetime:
    """A moment that was read, as an instant."""
    at: datetime = moment.astype("datetime64[us]").item()
    return at.replace(tzinfo=UTC)


def within(rows: Rows) -> list[str]:
    bounds = ((">=", rows.first), ("<=", rows.last))
    return [f"moment {sign} {naive(bound)}" for sign, bound in bounds if bound is not None]


def outside(part: files.Part, rows: Rows) -> bool:
    """Whether the file has no row of that time."""
    if part.first_at is None or part.last_at is None:
        return False
    return (rows.first is not None and part.last_at < rows.first) or (
        rows.last is not None and part.first_at > rows.last
    )


def inside(part: files.Part, rows: Rows) -> bool:
    """Whether all rows of the file are of that time: their moments need not be read."""
    if part.first_at is None or part.last_at is None:
        return True
    return (rows.first is None or part.first_at >= rows.first) and (rows.last is None or part.last_at <= rows.last)


def listed(paths: Sequence[str]) -> str:
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


@contextmanager
def copied(query: str, params: Sequence[Any], *, few: bool) -> Iterator[str]:
    """The result of a PostgreSQL query as CSV for DuckDB: in memory if it is small, else on disk; "" if it has no rows.

    10,000 rows: 2 ms; a row that is not there: 1 ms.
    """
    if few and hasattr(os, "memfd_create"):
        handle = os.memfd_create("sito")
        path = f"/proc/self/fd/{handle}"
    else:
        handle, path = tempfile.mkstemp(dir=duck.folder(), prefix="newer-", suffix=".csv")
    try:
        with os.fdopen(handle, "wb", closefd=False) as file, connection.cursor() as cursor:
            copy = f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '\\N')"
            with cursor.cursor.copy(copy, params) as rows:  # Django's wrapper for debugging takes no parameters
                for data in rows:
                    file.write(data)
        yield path if os.fstat(handle).st_size else ""
    finally:
        os.close(handle)
        if not path.startswith("/proc/"):
            os.unlink(path)  # noqa: PTH108 - mkstemp's own
