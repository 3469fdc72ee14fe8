"""Putting files into the account's storage, and taking them out: each is named in the database before it is there."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Any

from django.core.files import File as DjangoFile
from django.core.files.storage import default_storage
from django.db import connection, transaction

from mirror import duck
from mirror.files import BrokenFileError, checksum, fetched_to, local_path
from mirror.models import Discarded

KEPT = timedelta(hours=1)  # after a file went out of use; a reader that took longer finds the same rows in PostgreSQL
MAKING = timedelta(hours=12)  # longer than any compaction lasts; then its files are taken for left behind


def folder() -> str:
    """The account's own folder in the storage, also where accounts share one storage."""
    return f"mirror/{connection.schema_name}"  # type: ignore[attr-defined]


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder on this machine that lasts as long as the work in it."""
    made = tempfile.mkdtemp(dir=duck.folder(), prefix="compaction-")
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


class Written(DjangoFile):
    """A file that the storage may move instead of copying it."""

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(file, name=path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)


def announce(*, now: datetime) -> str:
    """A new name, which nobody can guess, noted as that of a file in the making."""
    name = f"{folder()}/{token_hex(20)}.parquet"
    Discarded.objects.create(name=name, since=now + MAKING)
    return name


def put(local: Path, name: str, *, kind: str) -> str:
    """Moves the file into the storage under its name, reads it back from there, and returns its checksum.

    Raises: BrokenFileError, if the storage gives back something else.
    """
    with local.open("rb") as file:
        written = checksum(file)
        os.fsync(file.fileno())
        file.seek(0)
        target = local_path(name)
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = default_storage.save(name, Written(local, file))
    if target is not None:
        synced(target.parent)
    with default_storage.open(kept) as back:
        if kept != name or checksum(back) != written:
            raise BrokenFileError(kind, kept)
    return written


def synced(directory: Path) -> None:
    """The names in it are on the disk."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fresh_revision() -> int:
    """A number that was never a revision before, whatever was undone meanwhile, or put back from a backup."""
    return 1 + randbelow(1 << 62)


def discard(names: Iterable[str], *, since: datetime) -> None:
    """Has files deleted some time after `since`. They may be named already."""
    Discarded.objects.bulk_create(
        [Discarded(name=name, since=since) for name in names],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["since"],
    )


def remove(name: str) -> None:
    """Deletes a file from the storage, and this machine's copy of it. One that is gone already is fine."""
    default_storage.delete(name)
    fetched_to(name).unlink(missing_ok=True)


def remove_discarded(*, before: datetime, at_most: int = 1000) -> int:
    """Deletes the files that were discarded before then; returns how many."""
    done = 0
    for name in Discarded.objects.filter(since__lte=before).order_by("since").values_list("name", flat=True)[:at_most]:
        with transaction.atomic():
            row = Discarded.objects.select_for_update(skip_locked=True).filter(name=name, since__lte=before).first()
            if row is None:
                continue  # it came into use after all, this very moment
            remove(name)
            row.delete()
        done += 1
    return done
