"""What the mirror holds, and whether it is what PostgreSQL says, row by row."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Sum

from jobs.models import ACTIVE
from mirror import files, storing
from mirror.compacting import look
from mirror.files import BrokenFileError
from mirror.kinds import KINDS, Column, Kind
from mirror.layout import columns, fingerprint
from mirror.models import Broken, Compaction, Cut, Discarded, File, Gone
from mirror.reading import listed, null
from mirror.snapshots import numbers, snapshot
from mirror.staging import Beat, Stage
from mirror.units import CHANGEABLE, UNITS, unit_of

SHOWN = 5  # differences told of a kind and type
AT_ONCE = 500_000  # rows compared at once; more are, month by month


def status() -> dict[str, Any]:
    """Of every kind: files, rows and bytes in them, how far they reach, and what is newer than they are."""
    with snapshot():
        settled, _next, system = numbers()
        cuts = {cut.kind: cut for cut in Cut.objects.all()}
        held = {
            row["kind"]: row
            for row in File.objects.values("kind").annotate(files=Count("pk"), rows=Sum("rows"), bytes=Sum("bytes"))
        }
        kinds = {}
        for kind in KINDS.values():
            cut = cuts.get(kind.name) or Cut(kind=kind.name)
            usable = bool(cut.cut) and cut.system == system and cut.layout == fingerprint(unit_of(kind.name))
            newer, waiting = _newer(kind, cut.cut if usable else 0, settled)
            of: Any = held.get(kind.name, {})
            kinds[kind.name] = {
                "usable": usable,
                "cut": cut.cut,
                "made_at": cut.made_at,
                "files": of.get("files", 0),
                "rows": of.get("rows", 0),
                "bytes": of.get("bytes", 0),
                "newer": newer,
                "waiting": waiting,
                "gone": Gone.objects.filter(kind=unit_of(kind.name)).count(),
                "broken": Broken.objects.filter(kind=kind.name).count(),
            }
        job = Compaction.objects.filter(state__in=ACTIVE).first()
        last = Compaction.objects.exclude(state__in=ACTIVE).first()
        return {
            "settled": settled,
            "kinds": kinds,
            "running": None if job is None else _told(job),
            "last": None if last is None else _told(last),
            "discarded": Discarded.objects.aggregate(files=Count("pk"), since=Min("since")),
        }


def _newer(kind: Kind, cut: int, settled: int) -> tuple[int, int]:
    """Rows beyond the cut, and how many of them the next compaction would not take."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), count(*) FILTER (WHERE {kind.written} >= %s) FROM {kind.table}"
            f" WHERE {kind.written} >= %s",
            [settled, cut],
        )
        newer, waiting = cursor.fetchone()
        return newer, waiting


def _told(job: Compaction) -> dict[str, Any]:
    units: list[str] = job.units
    return {
        "id": job.pk,
        "state": job.state,
        "units": units,
        "done": job.cursor,
        "rows": job.progress,
        "since": job.started_at or job.requested_at,
        "finished_at": job.finished_at,
        "attempts": job.attempts,
    }


@dataclass(frozen=True)
class Difference:
    """Something that is not as it should be. `what`: a file's state, or how many rows are on one side alone."""

    kind: str
    type: int
    what: str
    row: dict[str, Any] | None = None


def differences(unit: str, *, beat: Beat = lambda _rows: None) -> Iterator[Difference]:
    """What is wrong with a unit's files: compares all their rows and values with PostgreSQL, in one snapshot.

    In bounded memory, on disk; as long as a rebuild. Nothing wrong: nothing comes.
    """
    with storing.workplace() as folder, closing(Stage(folder, beat)) as stage:
        with snapshot():
            state = look(unit, rebuild=False)
            if not state.cut:
                yield from (Difference(kind.name, 0, "not mirrored") for kind in UNITS[unit])
                return
            for kind in UNITS[unit]:
                stage.take(kind, columns(kind), f"{kind.written} < %s", [state.cut])
            _take_overridden(unit, state.cut, stage)
        for kind in UNITS[unit]:
            for type_, shape in state.columns[kind.name].items():
                own = [file for file in state.files if file.kind == kind.name and file.type_id == type_]
                yield from _of_type(kind, type_, shape, stage=stage, own=own)


def _take_overridden(unit: str, cut: int, stage: Stage) -> None:
    """The keys whose rows in files need not be right: changed beyond the cut, or gone."""
    kind = UNITS[unit][0]
    gone = f"SELECT key FROM mirror_gone WHERE kind = '{unit}'"
    changed = f"SELECT {kind.key.sql} FROM {kind.table} WHERE {kind.written} >= %s UNION " if unit in CHANGEABLE else ""
    stage.take_keys(changed + gone, [cut] if changed else [])


def _of_type(kind: Kind, type_: int, shape: list[Column], *, stage: Stage, own: list[File]) -> Iterator[Difference]:
    paths: dict[frozenset[str], list[str]] = {}
    for file in own:
        try:
            path = files.path(files.part_of(file), kind.name)
        except BrokenFileError:
            yield Difference(kind.name, type_, f"broken file {file.name}")
            return
        rows = stage.cursor.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()[0][0]
        if rows != file.rows:
            yield Difference(kind.name, type_, f"{rows} rows instead of {file.rows} in {file.name}")
        paths.setdefault(frozenset(file.columns), []).append(path)
    filed = [
        f"SELECT {', '.join(each.name if each.name in have else null(each) for each in shape)}"
        f" FROM read_parquet({listed(some)}) WHERE {kind.key.name} NOT IN (SELECT key FROM {stage.removed})"
        for have, some in paths.items()
    ]
    there = stage.rows(kind, type_, shape)
    here = " UNION ALL ".join(filed) or f"SELECT * FROM ({there}) none WHERE false"
    for what, left, right in (("missing in files", there, here), ("not in PostgreSQL", here, there)):
        for part in _slices(kind, left, stage):
            query = f"SELECT * FROM ({left}) a WHERE {part} EXCEPT ALL SELECT * FROM ({right}) b WHERE {part}"
            found = stage.cursor.execute(
                f"SELECT *, count(*) OVER () FROM ({query}) one_sided LIMIT {SHOWN}"
            ).fetchall()
            names = [column.name for column in shape]
            for *values, count in found:
                row = {name: value for name, value in zip(names, values, strict=True) if value is not None}
                yield Difference(kind.name, type_, f"{count} rows {what}", row)


def _slices(kind: Kind, rows: str, stage: Stage) -> list[str]:
    """Conditions that share the rows out in pieces to be compared one by one."""
    of = "contact_id >> 18" if kind.moment is None else "date_trunc('month', moment)"
    quoted = "{}" if kind.moment is None else "TIMESTAMP '{}'"
    query = f"SELECT CAST({of} AS VARCHAR), count(*) FROM ({rows}) rows GROUP BY 1 ORDER BY 1"
    values = stage.cursor.execute(query).fetchall()
    if sum(count for _value, count in values) <= AT_ONCE:
        return ["true"]
    return [f"{of} = {quoted.format(value)}" for value, _count in values]


def plain(value: Any) -> Any:
    """For JSON."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
