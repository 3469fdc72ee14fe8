"""Which user the PostgreSQL server runs as: it refuses to be root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Identity:
    """A user and group to switch to; both None means: stay who we are."""

    user: int | None = None
    group: int | None = None

    @classmethod
    def for_data(cls, data: Path) -> "Identity":
        """Ourselves; where we are root, the owner of the existing data, else `nobody`."""
        if os.geteuid() != 0:
            return cls()
        if data.exists() and data.stat().st_uid != 0:
            return cls(data.stat().st_uid, data.stat().st_gid)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def popen(self) -> dict[str, Any]:
        """Arguments for `Popen`; `cwd` too, for our own working folder may be closed to that user."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": [], "cwd": "/"}

    def own(self, path: Path) -> None:
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def reaches(self, path: Path) -> bool:
        """Whether every folder above `path` lets this user through."""
        return self.user is None or all(self._enters(folder) for folder in path.resolve().parents)

    def _enters(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.user:
            return bool(status.st_mode & 0o100)
        if status.st_gid == self.group:
            return bool(status.st_mode & 0o010)
        return bool(status.st_mode & 0o001)
