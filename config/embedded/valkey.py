"""The embedded Valkey server: broker and cache. It keeps nothing on disk; work lives in the database."""

import os
import secrets
import socket
import subprocess

from config.embedded.folders import Folders
from config.embedded.process import spawn, stop
from config.embedded.programs import valkey_program
from config.embedded.service import await_ready, explained

TRIES = 3  # another process may take the free port between our finding and Valkey's binding it


class Valkey:
    name = "valkey"

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        program = valkey_program()
        password = secrets.token_urlsafe(24)
        since = self.folders.log_size(self.name)
        log = self.folders.open_log(self.name)
        for _ in range(TRIES):
            port = _free_port()
            self.process = spawn([str(program), "-"], log=log, stdin=_pipe(_configuration(port, password)), cwd="/")
            if await_ready(lambda port=port: _answers(port), self.running):  # type: ignore[misc]
                os.close(log)
                return f"redis://:{password}@127.0.0.1:{port}/0"
        raise explained(self.folders, self.name, since, "Valkey did not start")

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process:
            stop(self.process)


def _configuration(port: int, password: str) -> str:
    """Given on standard input, so that the password shows in no list of processes."""
    return (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndaemonize no\n"
        'save ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy volatile-lru\n'  # evicts cache, never a queue
    )


def _pipe(text: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"-NOAUTH")
    except OSError:
        return False
