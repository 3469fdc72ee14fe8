"""The demo's processes: web server, worker and scheduler."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from config.embedded.errors import ServiceError
from config.embedded.folders import BASE, Folders
from config.embedded.process import spawn, stop

STARTED_WITHIN = 60.0
PATIENCE = 10.0  # a worker cut short loses nothing: its work is leased and taken over


def commands(host: str, port: int, folders: Folders) -> dict[str, list[str]]:
    """What is run, by the name its log file gets."""
    celery = ["-m", "celery", "--app", "config.celery:app"]
    web = ["-m", "gunicorn", "config.wsgi", "--bind", f"{host}:{port}", "--workers", "2", "--threads", "4", "--preload"]
    schedule = str(folders.run / "beat-schedule")
    return {
        "web": [*web, "--no-control-socket", "--access-logfile", "-"],
        "worker": [
            *celery,
            "worker",
            "--concurrency",
            "2",
            "--loglevel",
            "info",
            "--without-gossip",
            "--without-mingle",
        ],
        "beat": [*celery, "beat", "--loglevel", "info", "--pidfile", "", "--schedule", schedule],
    }


@dataclass
class Children:
    folders: Folders
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    log_begins: dict[str, int] = field(default_factory=dict)

    def start(self, host: str, port: int) -> None:
        """The web server first, until it answers: the others' starting would keep two cores busy for seconds."""
        ours = commands(host, port, self.folders)
        self._start("web", ours.pop("web"))
        self._await_web(port)
        for name, command in ours.items():
            self._start(name, command)

    def _start(self, name: str, command: list[str]) -> None:
        self.log_begins[name] = self.folders.log_size(name)
        log = self.folders.open_log(name)
        self.running[name] = spawn([sys.executable, *command], log=log, cwd=BASE)
        os.close(log)

    def require_all(self) -> None:
        """Raise ServiceError when one of them has ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                if self.folders.full(name, self.log_begins[name]):
                    raise ServiceError(f"The disk is full: the process '{name}' stopped.")
                raise ServiceError(
                    f"The process '{name}' stopped by itself; the reason is in {self.folders.log / name}.log."
                )

    def _await_web(self, port: int) -> None:
        end = time.monotonic() + STARTED_WITHIN
        while not _answers(port):
            self.require_all()
            if time.monotonic() > end:
                raise ServiceError(f"The web server does not answer; the reason is in {self.folders.log / 'web.log'}.")
            time.sleep(0.1)

    def stop(self) -> None:
        """All are told at once, then each is waited for."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        for process in self.running.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                stop(process, number=signal.SIGKILL)


def _answers(port: int) -> bool:
    """Whether the first page is served; an error of the application is an answer, to be read in the log."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20):
            return True
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise ServiceError("The web server answers with errors; the reason is in web.log.") from error
        return True
    except OSError:
        return False
