"""Where files of imports lie: the account's private store, under names that nobody can guess."""

import secrets
from collections.abc import Iterable
from pathlib import Path

from django.core.files.storage import default_storage

FOLDER = "imports"
PLAIN, REPORT, REJECTED = ".plain", ".report", ".rejected"  # behind the name of the file they belong to


def fresh_name() -> str:
    return f"{FOLDER}/{secrets.token_urlsafe(32)}"


def path_of(name: str) -> Path:
    """Where `name` lies. Raises: SuspiciousFileOperation, if that were outside the account's store."""
    return Path(default_storage.path(name))


def prepared(name: str) -> Path:
    """As `path_of`, with the folder made, readable by nobody else."""
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def remove(*names: str) -> None:
    """Removes files; those already gone are fine."""
    for name in names:
        path_of(name).unlink(missing_ok=True)


def everything_of(name: str) -> list[str]:
    """The file and all that was made of it."""
    return [name, *(name + ending for ending in (PLAIN, REPORT, REJECTED))]


def write(chunks: Iterable[bytes]) -> tuple[str, int]:
    """Keeps what is uploaded under a new name. Shape: (name, size)."""
    name = fresh_name()
    size = 0
    with prepared(name).open("wb", buffering=1 << 20) as file:
        for chunk in chunks:
            size += file.write(chunk)
    return name, size


def strays(*, older_than: float) -> list[str]:
    """Files of the folder untouched since that time, in seconds."""
    folder = path_of(FOLDER)
    if not folder.is_dir():
        return []
    return [f"{FOLDER}/{path.name}" for path in folder.iterdir() if path.stat().st_mtime < older_than]
