"""File locks which the kernel drops when their holder ends, however it ends."""

import fcntl
import os
from pathlib import Path


class Lock:
    """A lock on `path`, shared or exclusive. Not inherited by programs we start."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def shared(self) -> None:
        """Wait for it."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def exclusive(self) -> None:
        """Wait for it."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def try_exclusive(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give it up and close it; a released lock is of no more use. Harmless the second time."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def held(path: Path) -> bool:
    """Whether any process holds `path` now."""
    try:
        lock = Lock(path)
    except FileNotFoundError:  # a temporary folder, removed with all that was in it
        return False
    free = lock.try_exclusive()
    lock.release()
    return not free
