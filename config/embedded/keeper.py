"""The keeper: a process which starts one server, and stops it when nobody holds a lease on it any more."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from config.embedded.errors import ServiceError
from config.embedded.folders import Folders
from config.embedded.lock import Lock
from config.embedded.postgres import Postgres
from config.embedded.service import Service
from config.embedded.valkey import Valkey

POLL = 0.1


def service_named(name: str, folders: Folders, *, temporary: bool) -> Service:
    return Postgres(folders, fast=temporary) if name == Postgres.name else Valkey(folders)


class Keeper:
    """Its files in `var/run`: NAME.users (leases), NAME.keeper (held while we live), NAME.json (the address)."""

    def __init__(self, service: Service, folders: Folders) -> None:
        self.service = service
        self.users = Lock(folders.run / f"{service.name}.users")
        self.alive = Lock(folders.run / f"{service.name}.keeper")
        self.address = folders.run / f"{service.name}.json"
        self.asked_to_stop = False

    def keep(self) -> int:
        """Run until unused, told to stop, or the server ends. The first line printed is the address, or the error."""
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)
        self.alive.exclusive()
        try:
            self._announce({"url": self.service.start()})
            return self._wait()
        except ServiceError as error:
            print(json.dumps({"error": str(error)}), flush=True)
            return 1
        finally:
            self.address.unlink(missing_ok=True)
            self.service.stop()

    def _announce(self, message: dict[str, str]) -> None:
        fresh = self.address.with_suffix(".fresh")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(message, file)
        fresh.replace(self.address)
        print(json.dumps(message), flush=True)

    def _wait(self) -> int:
        while not self.asked_to_stop:
            if self.users.try_exclusive():  # kept until we end: who asks for a lease now, waits for that
                return 0
            if not self.service.running():
                print(f"{self.service.name} ended by itself", file=sys.stderr)
                return 1
            time.sleep(POLL)
        return 0

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked_to_stop = True


def keep(name: str, var: Path, *, temporary: bool) -> int:
    """`temporary` gives up durability and removes `var` at the end."""
    folders = Folders(var)
    try:
        return Keeper(service_named(name, folders, temporary=temporary), folders).keep()
    finally:
        if temporary:
            shutil.rmtree(var, ignore_errors=True)
