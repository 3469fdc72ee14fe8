"""What the keeper needs to know of a server, and what both servers share."""

import os
import time
from collections.abc import Callable
from typing import Protocol

from config.embedded.errors import ServiceError
from config.embedded.folders import Folders

READY_WITHIN = 60.0  # recovery after a crash of the whole machine may take a while


class Service(Protocol):
    name: str

    def start(self) -> str:
        """Start the server and return its address once it answers."""

    def running(self) -> bool: ...

    def stop(self) -> None:
        """Shut down cleanly and remove what belonged to this run only; harmless when it never started."""


def explained(folders: Folders, name: str, since: int, problem: str) -> ServiceError:
    """`problem` as one sentence, with the reason when its log tells a known one."""
    if folders.full(name, since):
        return ServiceError(f"The disk is full: {problem} in {folders.var}.")
    tail = folders.log_tail(name, since)
    if "Permission denied" in tail or "wrong ownership" in tail:
        return ServiceError(f"{problem}: part of {folders.var} belongs to another user.")
    if "could not look up effective user ID" in tail:
        return ServiceError(f"{problem}: the user number {os.geteuid()} has no name on this machine.")
    return ServiceError(f"{problem}; the reason is in {folders.log / f'{name}.log'}.")


def await_ready(ready: Callable[[], bool], running: Callable[[], bool]) -> bool:
    """Poll until `ready`; False when the server stopped or took longer than `READY_WITHIN`."""
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end:
        if ready():
            return True
        if not running():
            return False
        time.sleep(0.02)
    return False
