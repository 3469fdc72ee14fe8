"""One demo a folder, one server a port."""

import errno
import os
import socket
from pathlib import Path

from config.embedded.errors import ServiceError
from config.embedded.lock import Lock


def be_the_only_demo(run: Path) -> Lock:
    """Hold the returned lock as long as the demo runs."""
    path = run / "demo"
    lock = Lock(path)
    if not lock.try_exclusive():
        raise ServiceError(f"Another demo is already running in this folder (process {path.read_text().strip()}).")
    path.write_text(str(os.getpid()))
    return lock


def require_free_port(host: str, port: int) -> None:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server will
            probe.bind((host, port))
    except OverflowError as error:
        raise ServiceError(f"{port} is no port number.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServiceError(
                f"Port {port} is taken by another program; choose one with: make demo PORT={port + 1}"
            ) from error
        raise ServiceError(f"{host}:{port} can't be listened on: {error.strerror}.") from error
