"""How rows are shared out among files, and which files are written anew.

Facts are filed by months, as long as there are few of them by years or all together: a file of a dozen rows costs as
much to open as one of thousands. Contacts are filed by ranges of ids. New rows make a file of their own beside the
older ones of their month, and take those in that are no more than four times as large: so a month has few files, each
much larger than the next, and a row is written again a few times only, however often rows arrive.
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from mirror import files
from mirror.kinds import Column, Kind
from mirror.models import File
from mirror.reading import listed, null
from mirror.staging import Stage

YEARS_FROM, MONTHS_FROM = 500_000, 5_000_000  # rows of a type, from which on they are filed so
RANGE_BITS = 18  # 262,144 contacts a file
TIMES = 4  # an older file up to so many times as large as what arrives is written anew with it
# 500,000 page views: 8.4 MB, 11.4 with snappy; groups four times as small or large read slower all in all.
ROW_GROUP = 122_880
# Of zstd, snappy, lz4 and nothing, in both versions: read twice as fast as zstd in the first, and smaller.
FORMAT = f"FORMAT parquet, COMPRESSION lz4_raw, PARQUET_VERSION v2, ROW_GROUP_SIZE {ROW_GROUP}"
ALL = "all"


class Written(NamedTuple):
    """What is in a file that was written."""

    rows: int
    first_at: datetime | None
    last_at: datetime | None
    last_key: int


@dataclass
class Pool:
    """All rows of a kind and type that go into new files: staged ones, and those of files that are written anew."""

    kind: Kind
    type: int
    shape: list[Column]
    _: KW_ONLY
    stage: Stage
    present: list[File]
    staged: int

    def __post_init__(self) -> None:
        total = self.staged + sum(file.rows for file in self.present)
        self.level = 0 if total < YEARS_FROM else 1 if total < MONTHS_FROM else 2
        self.taken = self._taken()
        held = self._count(self._filed(self.taken)) if self.taken else 0
        self.expected = self.staged + held

    # --- which files ---------------------------------------------------------------------------------------------
    def _taken(self) -> list[File]:
        stale = self._stale()
        taken = [file for file in self.present if file.name in stale or self._coarser(file)]
        for part, rows in self._labels(self.stage.rows(self.kind, self.type, self._needed)).items():
            beside = sorted((file for file in self.present if file.part == part[0]), key=lambda file: file.rows)
            size = rows
            for file in beside:
                if file.rows > TIMES * size:
                    break
                size += file.rows
                if file not in taken:
                    taken.append(file)
        return taken

    def _stale(self) -> set[str]:
        """Files with rows that hold no longer."""
        if not self.present or not self._count(f"SELECT 1 FROM {self.stage.removed}"):
            return set()
        names = {self._path(file): file.name for file in self.present}
        found = self.stage.cursor.execute(
            f"SELECT DISTINCT filename FROM read_parquet({listed(list(names))}, filename = true)"
            f" WHERE {self.kind.key.name} IN (SELECT key FROM {self.stage.removed})"
        ).fetchall()
        return {names[path] for (path,) in found}

    def _coarser(self, file: File) -> bool:
        """Whether it was filed when there were fewer rows."""
        return self.kind.moment is not None and _level(file.part) < self.level

    # --- what goes into which ------------------------------------------------------------------------------------
    def parts(self) -> Iterator[tuple[str, int, str]]:
        """(part, rows, query) of every new file."""
        pool = self._pool(self.taken, self._needed)
        for (part, condition), rows in sorted(self._labels(pool).items()):
            beside = [file for file in self.taken if self._overlaps(file, part)]
            yield part, rows, f"SELECT * FROM ({self._pool(beside, self.shape)}) pool WHERE {condition}"

    def write(self, query: str, path: Path) -> Written:
        """Writes a file of the rows, in order, and looks into it."""
        order = "contact_id" if self.kind.moment is None else f"moment, {self.kind.key.name}"
        self.stage.cursor.execute(f"COPY ({query} ORDER BY {order}) TO '{path}' ({FORMAT})")
        moments = "NULL, NULL" if self.kind.moment is None else "min(moment), max(moment)"
        key = self.kind.key.name
        rows, first, last, last_key = self.stage.cursor.execute(
            f"SELECT count(*), {moments}, max({key}) FROM read_parquet('{path}')"
        ).fetchall()[0]
        return Written(rows, _aware(first), _aware(last), last_key)

    @property
    def _needed(self) -> list[Column]:
        """The columns that decide where a row goes."""
        return [self.kind.contact] if self.kind.moment is None else [self.kind.key, self.kind.moment]

    def _labels(self, query: str) -> dict[tuple[str, str], int]:
        """The parts of those rows, each with the condition for its rows, and how many it has."""
        if self.kind.moment is None:
            of, name = f"contact_id >> {RANGE_BITS}", "{value}"
            condition = f"contact_id >> {RANGE_BITS} = {{value}}"
        elif self.level == 0:
            of, name, condition = "0", ALL, "true"
        else:
            unit = ("year", "month")[self.level - 1]
            of = f"CAST(CAST(date_trunc('{unit}', moment) AS DATE) AS VARCHAR)"
            name = "{value}"
            condition = f"moment >= TIMESTAMP '{{value}}' AND moment < TIMESTAMP '{{value}}' + INTERVAL 1 {unit}"
        rows = self.stage.cursor.execute(f"SELECT {of}, count(*) FROM ({query}) pool GROUP BY 1").fetchall()
        found = {}
        for value, count in rows:
            label = name.format(value=value)
            if self.kind.moment is not None and self.level:
                label = label.rsplit("-", 3 - self.level)[0]  # "2026-11-01": its year, or its year and month
            found[label, condition.format(value=value)] = count
        return found

    def _overlaps(self, file: File, part: str) -> bool:
        if self.kind.moment is None:
            return file.part == part
        return ALL in (file.part, part) or file.part.startswith(part) or part.startswith(file.part)

    def _pool(self, taken: list[File], columns: list[Column]) -> str:
        staged = self.stage.rows(self.kind, self.type, columns)
        return f"{staged} UNION ALL {self._filed(taken, columns)}" if taken else staged

    def _filed(self, taken: list[File], columns: list[Column] | None = None) -> str:
        """The rows of files that still hold. What a file does not have is NULL in all its rows."""
        columns = self._needed if columns is None else columns
        queries = []
        for have in {frozenset(file.columns) for file in taken}:
            paths = [self._path(file) for file in taken if frozenset(file.columns) == have]
            named = ", ".join(column.name if column.name in have else null(column) for column in columns)
            queries.append(
                f"SELECT {named} FROM read_parquet({listed(paths)})"
                f" WHERE {self.kind.key.name} NOT IN (SELECT key FROM {self.stage.removed})"
            )
        return " UNION ALL ".join(queries)

    def _path(self, file: File) -> str:
        return files.path(files.part_of(file), self.kind.name)

    def _count(self, query: str) -> int:
        return int(self.stage.cursor.execute(f"SELECT count(*) FROM ({query}) rows").fetchall()[0][0])


def _level(part: str) -> int:
    return 0 if part == ALL else 1 + part.count("-")


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
