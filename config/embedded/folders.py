"""Where embedded services keep their things, and whether there is room and permission for it."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import ServiceError

BASE = Path(__file__).resolve().parent.parent.parent
ROOM_FOR_A_NEW_DATABASE = 300 << 20  # an empty cluster with its log takes 60 MB, the demo's contacts another 150
LOG_LIMIT = 20 << 20


@dataclass(frozen=True)
class Folders:
    """`var/` and what lies in it."""

    var: Path

    @classmethod
    def from_environment(cls) -> "Folders":
        return cls(Path(os.environ.get("SITO_VAR") or BASE / "var").absolute())

    @property
    def run(self) -> Path:
        """Locks and addresses of what is running now; readable by its owner only."""
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    def make(self) -> None:
        try:
            self.var.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.run.mkdir(mode=0o700, exist_ok=True)
            self.log.mkdir(mode=0o755, exist_ok=True)
            (self.run / "writable").touch()
        except PermissionError as error:
            raise ServiceError(f"No permission to write in {self.var}; set SITO_VAR to a folder of yours.") from error
        except (FileExistsError, NotADirectoryError) as error:
            raise ServiceError(f"{error.filename} is in the way: a folder was expected there.") from error
        except OSError as error:
            raise ServiceError(f"{self.var} can't be written to: {error.strerror}.") from error

    def require_room(self, needed: int = ROOM_FOR_A_NEW_DATABASE) -> None:
        free = shutil.disk_usage(self.var).free
        if free < needed:
            raise ServiceError(f"Too little disk space in {self.var}: {free >> 20} MB free, {needed >> 20} MB needed.")

    def full(self, log: str, since: int = 0) -> bool:
        """Whether a lack of space explains why `log`'s program failed; a full disk holds no log that says so."""
        return shutil.disk_usage(self.var).free < 2 << 20 or "No space left on device" in self.log_tail(log, since)

    def open_log(self, name: str) -> int:
        """A file descriptor appending to `log/NAME.log`, begun anew when it has grown past `LOG_LIMIT`."""
        path = self.log / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.unlink()
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def log_size(self, name: str) -> int:
        path = self.log / f"{name}.log"
        return path.stat().st_size if path.exists() else 0

    def log_tail(self, name: str, since: int = 0) -> str:
        """The last lines of `log/NAME.log` written after byte `since`."""
        path = self.log / f"{name}.log"
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(since, path.stat().st_size - 8192))
            return file.read().decode(errors="replace")
