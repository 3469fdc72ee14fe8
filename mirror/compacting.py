"""Bringing the files up to date: what transactions below a new cut have written goes into files, in one swap.

docs/mirror.md says why the cut is exact. In short: rows are copied in one snapshot, below whose `settled` number every
transaction has ended; files are written aside; and one transaction puts them in place, if nobody has meanwhile.
Killed at any moment, it leaves files that nobody reads, named in mirror_discarded.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from mirror import storing
from mirror.kinds import Kind
from mirror.layout import columns, fingerprint
from mirror.models import Broken, Cut, Discarded, File, Gone
from mirror.parts import Pool
from mirror.snapshots import Numbers, numbers, snapshot
from mirror.staging import IncompleteError, Stage
from mirror.units import CHANGEABLE, UNITS

log = logging.getLogger(__name__)
Commit = Callable[[], AbstractContextManager[None]]
Beat = Callable[[int], None]


class OvertakenError(Exception):
    """Another compaction, or a TRUNCATE, changed the files meanwhile: what was made is thrown away."""


@dataclass(frozen=True)
class Outcome:
    """What a compaction did: rows copied from PostgreSQL, files made and replaced, and the cut it left."""

    unit: str
    rows: int = 0
    made: int = 0
    replaced: int = 0
    cut: int = 0


@dataclass
class State:
    """What one snapshot knows of a unit: where the cut is and will be, its files, rows gone, columns."""

    now: Numbers
    cut: int  # 0: nothing in files is of use
    revisions: dict[str, int]
    files: list[File]
    gone: list[tuple[int, int]]  # (row of mirror_gone, key)
    columns: dict[str, dict[int, list]] = field(default_factory=dict)


@dataclass
class Making:
    """What a compaction has made so far: new files, those they take the place of, all names it gave."""

    folder: Path
    now: datetime
    made: list[File] = field(default_factory=list)
    replaced: list[File] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def compact(
    unit: str,
    *,
    now: datetime,
    rebuild: bool = False,
    beat: Beat = lambda _rows: None,
    commit: Commit = transaction.atomic,
) -> Outcome:
    """Brings a unit's files up to date, from nothing if `rebuild` or if they are of no use. Readers go on meanwhile.

    `beat` is told the rows that have come, now and then; `commit` is the transaction that puts the files in place.
    Raises: OvertakenError; IncompleteError; OSError and what the storage raises. Then everything is as it was.
    """
    kinds = UNITS[unit]
    begin(unit)
    with storing.workplace() as folder, closing(Stage(folder, beat)) as stage:
        with snapshot():
            reached("snapshot")
            state = look(unit, rebuild=rebuild)
            take(unit, state, stage)
        reached("copied")
        rows = sum(sum(stage.counts(kind).values()) for kind in kinds)
        if state.cut and not rows and not state.gone:
            return Outcome(unit, cut=state.cut)
        job = Making(folder, now)
        try:
            job.replaced += [
                file for file in state.files if not state.cut or file.type_id not in state.columns[file.kind]
            ]
            for kind in kinds:
                write(kind, state, stage, job)
            with commit():
                swap(unit, state, job)
        except Exception:
            with suppress(Exception):  # the reason is the one that counts; at the latest they go when their time is up
                storing.discard(job.names, since=now)
            raise
    reached("swapped")
    return Outcome(unit, rows, len(job.made), len(job.replaced), state.now.settled)


def reached(step: str) -> None:
    """A place where a compaction may end without a trace; tests end it there."""


def begin(unit: str) -> None:
    """The rows that compactions are told apart by, there before any snapshot is taken; numbers brought down."""
    for kind in UNITS[unit]:
        Cut.objects.get_or_create(kind=kind.name)
    reached("began")
    table = UNITS[unit][0].table.split()[0]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(written) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM {table}")
        if cursor.fetchone()[0] and not connection.in_atomic_block:
            renumber(table)


def renumber(table: str) -> None:
    """Has every row there is written by transaction 0: for rows that come from another cluster, with its numbers.

    Such rows lie beyond every cut until this cluster has counted as far. No row is touched: the column is made anew.
    """
    log.warning("%s: numbers of another cluster are replaced", table)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP COLUMN written, ADD COLUMN written bigint NOT NULL DEFAULT 0")
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN written SET DEFAULT pg_current_xact_id()::text::bigint")
        cursor.execute(f"CREATE INDEX {table}_written ON {table} (written)")


# --- reading -----------------------------------------------------------------------------------------------------
def look(unit: str, *, rebuild: bool) -> State:
    """The unit as this snapshot sees it."""
    now, kinds = numbers(), UNITS[unit]
    cuts = {cut.kind: cut for cut in Cut.objects.filter(kind__in=[kind.name for kind in kinds])}
    known = {(cut.cut, cut.system, cut.layout) for cut in cuts.values()}
    cut = next(iter(known))[0] if len(known) == 1 else 0
    usable = known == {(cut, now.system, fingerprint(unit))} and not rebuild
    return State(
        now=now,
        cut=cut if usable else 0,
        revisions={name: each.revision for name, each in cuts.items()},
        files=list(File.objects.filter(kind__in=list(cuts)).order_by("pk")),
        gone=list(Gone.objects.filter(kind=unit).values_list("pk", "key")),
        columns={kind.name: columns(kind) for kind in kinds},
    )


def take(unit: str, state: State, stage: Stage) -> None:
    """Copies what has been written since the cut and is settled, and the keys of rows that files may hold no longer."""
    for kind in UNITS[unit]:
        where, params = f"{kind.written} < %s", [state.now.settled]
        if state.cut:
            where, params = f"{kind.written} >= %s AND {where}", [state.cut, *params]
        stage.take(kind, state.columns[kind.name], where, params)
        reached("copying")
    changed = "SELECT NULL::bigint WHERE false"
    if state.cut and unit in CHANGEABLE:
        kind = UNITS[unit][0]
        changed = f"SELECT {kind.key.sql} FROM {kind.table} WHERE {kind.written} >= %s AND {kind.written} < %s"
    bounds = [state.cut, state.now.settled] if state.cut and unit in CHANGEABLE else []
    stage.take_keys(f"{changed} UNION SELECT key FROM mirror_gone WHERE kind = '{unit}'", bounds)


# --- writing -----------------------------------------------------------------------------------------------------
def write(kind: Kind, state: State, stage: Stage, job: Making) -> None:
    """Writes the new files of a kind, and notes those whose rows they took over."""
    counts = stage.counts(kind)
    present = [file for file in state.files if file.kind == kind.name] if state.cut else []
    for type_, shape in state.columns[kind.name].items():
        own = [file for file in present if file.type_id == type_]
        pool = Pool(kind, type_, shape, stage=stage, present=own, staged=counts.get(type_, 0))
        total = 0
        for part, rows, query in pool.parts():
            total += rows
            job.made.append(one_file(pool, part, rows, query, job=job))
            stage.beat(stage.seen)
        if total != pool.expected:
            raise IncompleteError(f"{kind.name} {type_}: {pool.expected} rows, {total} in files")
        job.replaced += pool.taken


def one_file(pool: Pool, part: str, rows: int, query: str, *, job: Making) -> File:
    """Writes one file, aside, and reads it back."""
    name = storing.announce(now=job.now)
    job.names.append(name)
    reached("named")
    local = job.folder / "part.parquet"
    found = pool.write(query, local)
    reached("written")
    if found.rows != rows:
        raise IncompleteError(f"{pool.kind.name} {part}: {rows} rows, {found.rows} written")
    size = local.stat().st_size
    checksum = storing.put(local, name, kind=pool.kind.name)
    reached("stored")
    return File(
        kind=pool.kind.name, type_id=pool.type, part=part, name=name, rows=rows, bytes=size, checksum=checksum,
        columns=[column.name for column in pool.shape], first_at=found.first_at, last_at=found.last_at,
        last_key=found.last_key, made_at=job.now,
    )  # fmt: skip


def swap(unit: str, state: State, job: Making) -> None:
    """Puts the files in place, inside the caller's transaction, unless somebody has changed them since the snapshot."""
    kinds = [kind.name for kind in UNITS[unit]]
    cuts = list(Cut.objects.select_for_update().filter(kind__in=kinds).order_by("kind"))
    if {cut.kind: cut.revision for cut in cuts} != state.revisions:
        raise OvertakenError(unit)
    named, _by_model = Discarded.objects.filter(name__in=[file.name for file in job.made]).delete()
    if named != len(job.made):
        raise OvertakenError(unit)  # so late that its files have been collected
    reached("swapping")
    gone, _by_model = File.objects.filter(pk__in=[file.pk for file in job.replaced]).delete()
    if gone != len(job.replaced):
        raise OvertakenError(unit)
    storing.discard([file.name for file in job.replaced], since=job.now)
    File.objects.bulk_create(job.made, batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mirror_gone WHERE id = ANY (%s)", [[row for row, _key in state.gone]])
    Broken.objects.filter(kind__in=kinds).delete()
    for cut in cuts:
        cut.cut, cut.system, cut.layout = state.now.settled, state.now.system, fingerprint(unit)
        cut.made_at = job.now
        cut.revision = storing.fresh_revision()
        cut.save()
    reached("swapped in")
