"""The private store: where export files lie, one folder per account, names that nobody can guess."""

import os
import secrets
from datetime import datetime
from pathlib import Path

from django.core.files.storage import default_storage

FOLDER = "exports"
UNFINISHED, CONVERTED = ".part", ".made"


def fresh_name() -> str:
    """A new random name in the store, without its ending."""
    return f"{FOLDER}/{secrets.token_urlsafe(32)}"


def path_of(name: str) -> Path:
    """Where `name` lies in the present account's store.

    Raises: SuspiciousFileOperation, if that were outside it.
    """
    return Path(default_storage.path(name))


def prepared(name: str) -> Path:
    """As `path_of`, with the folder made, readable by nobody else."""
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def publish(source: Path, name: str, *, ending: str) -> str:
    """Gives the whole file, synced, its final name; returns that."""
    target = path_of(name + ending)
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(target)
    return name + ending


def remove(*names: str) -> None:
    """Removes files; those already gone are fine."""
    for name in names:
        path_of(name).unlink(missing_ok=True)


def strays(*, older_than: datetime) -> list[str]:
    """Names in the store that nothing has touched since: left by workers that were killed, unless a row names them."""
    folder = path_of(FOLDER)
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [f"{FOLDER}/{entry.name}" for entry in entries if entry.stat().st_mtime < older_than.timestamp()]
