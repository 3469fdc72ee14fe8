"""The files of the mirror as this process knows them, and where it reads them from."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import connection

from mirror.models import File


class BrokenFileError(Exception):
    """A file of the mirror is not there, or is not what was written. `kind`: of what."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind}: {name}")
        self.kind = kind


@dataclass(frozen=True)
class Part:
    """One file, for reading."""

    name: str
    type: int
    rows: int
    bytes: int
    columns: frozenset[str]
    first_at: datetime | None
    last_at: datetime | None
    last_key: int


_known: dict[tuple[str, str], tuple[int, tuple[Part, ...]]] = {}  # (schema, kind) -> (revision, files)


def parts(kind: str, revision: int) -> tuple[Part, ...]:
    """The files of a kind at a revision; read from the database once in a process."""
    key = (connection.schema_name, kind)  # type: ignore[attr-defined]
    known = _known.get(key)
    if known is None or known[0] != revision:
        rows = File.objects.filter(kind=kind).order_by("part", "pk")
        known = (revision, tuple(_part(file) for file in rows))
        _known[key] = known
    return known[1]


def _part(file: File) -> Part:
    return Part(
        name=file.name,
        type=file.type_id,
        rows=file.rows,
        bytes=file.bytes,
        columns=frozenset(file.columns),
        first_at=file.first_at,
        last_at=file.last_at,
        last_key=file.last_key,
    )


def path(part: Part, kind: str) -> str:
    """Where the file lies on this machine.

    Raises: BrokenFileError, if it is not there or not as long as it was written.
    """
    local = Path(default_storage.path(part.name))
    try:
        size = local.stat().st_size
    except OSError:
        raise BrokenFileError(kind, part.name) from None
    if size != part.bytes:
        raise BrokenFileError(kind, part.name)
    return str(local)
