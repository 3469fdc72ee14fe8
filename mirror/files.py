"""The files of the mirror as this process knows them, and where it reads them from.

A file is trusted after its checksum was right once in this process, and for as long as the system says that nobody has
touched it. BLAKE2b takes 0.75 ms per MB; a look at the size and the time of the last change takes 3 µs.
"""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from django.core.files import File as StoredFile
from django.core.files.storage import default_storage
from django.db import connection

from mirror import duck
from mirror.models import File

MANY = 100_000  # files looked at; then they are looked at anew


class BrokenFileError(Exception):
    """A file of the mirror is not there, or is not what was written. `kind`: of what."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind}: {name}")
        self.kind = kind
        self.name = name


@dataclass(frozen=True)
class Part:
    """One file, for reading."""

    name: str
    type: int
    rows: int
    bytes: int
    checksum: str
    columns: frozenset[str]
    first_at: datetime | None
    last_at: datetime | None
    last_key: int


_known: dict[tuple[str, str], tuple[int, tuple[Part, ...]]] = {}  # (schema, kind) -> (revision, files)
_seen: dict[str, tuple[tuple[int, int, int], bool]] = {}  # path -> (inode, bytes, last change), its checksum was right


def parts(kind: str, revision: int) -> tuple[Part, ...]:
    """The files of a kind at a revision; read from the database once in a process. Revision 0 has none."""
    if not revision:
        return ()
    key = (connection.schema_name, kind)  # type: ignore[attr-defined]
    known = _known.get(key)
    if known is None or known[0] != revision:
        rows = File.objects.filter(kind=kind).order_by("part", "pk")
        known = (revision, tuple(part_of(file) for file in rows))
        _known[key] = known
    return known[1]


def part_of(file: File) -> Part:
    return Part(
        name=file.name,
        type=file.type_id,
        rows=file.rows,
        bytes=file.bytes,
        checksum=file.checksum,
        columns=frozenset(file.columns),
        first_at=file.first_at,
        last_at=file.last_at,
        last_key=file.last_key,
    )


def path(part: Part, kind: str) -> str:
    """Where the file lies on this machine, the same as it was written.

    Raises: BrokenFileError.
    """
    local = local_path(part.name)
    if local is None:
        return _fetched(part, kind)
    if not sound(local, part):
        raise BrokenFileError(kind, part.name)
    return str(local)


def sound(local: Path, part: Part) -> bool:
    """Whether the file is there and is what was written."""
    try:
        found = local.stat()
        seen = (found.st_ino, found.st_size, found.st_ctime_ns)
        if found.st_size != part.bytes:
            return False
        known = _seen.get(str(local))
        if known is not None and known[0] == seen:
            return known[1]
        with local.open("rb") as file:
            right = checksum(file) == part.checksum
    except OSError:
        return False
    if len(_seen) >= MANY:
        _seen.clear()
    _seen[str(local)] = seen, right
    return right


def check(parts: Iterable[Part], kind: str) -> None:
    """Looks at files whose reading failed, their checksums included.

    Raises: BrokenFileError, if it was because of one of them.
    """
    _seen.clear()
    for part in parts:
        path(part, kind)


def checksum(file: BinaryIO | StoredFile) -> str:
    """BLAKE2b of all that is left to read."""
    digest = blake2b(digest_size=32)
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def local_path(name: str) -> Path | None:
    """Where the account's storage has it on this machine; None if it is a storage without paths (an object store)."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


def fetched_to(name: str) -> Path:
    """Where a copy lies of a file from a storage without paths."""
    return duck.folder() / "fetched" / name


def _fetched(part: Part, kind: str) -> str:
    """The copy of this machine, fetched if there is none or if it is damaged."""
    copy = fetched_to(part.name)
    if not sound(copy, part):
        aside = copy.with_name(f"{copy.name}.{token_hex(8)}")
        try:
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with default_storage.open(part.name) as source, aside.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            os.replace(aside, copy)  # noqa: PTH105 - atomic
        except Exception as error:  # each kind of storage has its own
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise BrokenFileError(kind, part.name) from error
        if not sound(copy, part):
            raise BrokenFileError(kind, part.name)
    return str(copy)
