"""Leases: how a command gets the address of a service and keeps it running as long as it needs it."""

import json
import subprocess
import sys
import time

from config.embedded.errors import ServiceError
from config.embedded.folders import BASE, Folders
from config.embedded.lock import Lock, held

GOODBYE = 60.0  # a shutdown checkpoint on a slow disk


class Lease:
    """One service in use by this process. The kernel ends the lease with the process."""

    def __init__(self, name: str, folders: Folders, *, temporary: bool = False) -> None:
        self.name = name
        self.folders = folders
        self._users = Lock(folders.run / f"{name}.users")
        self._starting = Lock(folders.run / f"{name}.start")
        self._keeper: subprocess.Popen[str] | None = None
        self._users.shared()
        self._starting.exclusive()
        if not self.alive():
            self._start_keeper(temporary=temporary)

    def alive(self) -> bool:
        """Whether the server's keeper still lives."""
        return held(self.folders.run / f"{self.name}.keeper")

    def address(self) -> str:
        """The service's URL; waits for it where this lease started the service."""
        try:
            message = self._first_line() if self._keeper else self._published()
        finally:
            self._starting.release()
        if "error" in message:
            raise ServiceError(message["error"])
        return message["url"]

    def leave(self) -> None:
        """End the lease, and wait for the server to be gone, if we were its last user."""
        self._starting.release()
        self._users.release()
        if self._keeper is None:
            return
        try:
            self._keeper.wait(GOODBYE if not self._still_used() else 0)
        except subprocess.TimeoutExpired:
            return  # somebody else goes on using it

    def _start_keeper(self, *, temporary: bool) -> None:
        command = [sys.executable, "-m", "config.embedded", "keep", self.name, "--var", str(self.folders.var)]
        log = self.folders.open_log(f"{self.name}-keeper")
        self._keeper = subprocess.Popen(
            [*command, "--temporary"] if temporary else command,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            cwd=BASE, text=True, start_new_session=True,
        )  # fmt: skip

    def _first_line(self) -> dict[str, str]:
        assert self._keeper is not None
        assert self._keeper.stdout is not None
        with self._keeper.stdout:
            line = self._keeper.stdout.readline()
        if line:
            message: dict[str, str] = json.loads(line)
            return message
        if self.folders.full(f"{self.name}-keeper"):
            return {"error": f"The disk is full: {self.name} can't start in {self.folders.var}."}
        return {"error": f"{self.name} did not start; the reason is in {self.folders.log}."}

    def _published(self) -> dict[str, str]:
        path = self.folders.run / f"{self.name}.json"
        message: dict[str, str] = json.loads(path.read_text())
        return message

    def _still_used(self) -> bool:
        """Whether others hold a lease. The keeper itself takes the lock when it goes: then its address is gone."""
        for _ in range(5):
            if not (self.folders.run / f"{self.name}.json").exists() or not held(
                self.folders.run / f"{self.name}.users"
            ):
                return False
            time.sleep(0.05)
        return True
