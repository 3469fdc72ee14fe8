"""The embedded PostgreSQL server: made once, started, stopped cleanly."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded.errors import ServiceError
from config.embedded.folders import Folders
from config.embedded.identity import Identity
from config.embedded.memory import megabytes
from config.embedded.process import spawn, stop
from config.embedded.programs import postgres_programs
from config.embedded.service import await_ready, explained

ROLE = DATABASE = "sito"
SUPERUSER_FILE = "sito.superuser"  # holds the password; in the data folder, which only its owner enters
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "1h",
}


def settings(*, fast: bool) -> dict[str, str]:
    """Server settings for a small machine; `fast` gives up durability."""
    return {
        "listen_addresses": "",  # the socket only: no port to collide on, nothing to reach from outside
        "shared_buffers": f"{min(256, max(32, megabytes() // 8))}MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "128MB",
        "effective_cache_size": f"{max(128, megabytes() // 2)}MB",
        "max_connections": "100",
        "max_parallel_workers_per_gather": "2",
        "max_wal_size": "2GB",
        "jit": "off",  # costs 50-200 ms per plan here, and gains nothing at this size
        "timezone": "UTC",
        "log_timezone": "UTC",
        **(THROW_AWAY if fast else {}),
    }


class Postgres:
    """One cluster in `var/postgres` with a role that is no superuser.

    The data lies elsewhere, behind a link, only where the server's user can't reach `var/` (root's home folder).
    """

    name = "postgres"

    def __init__(self, folders: Folders, *, fast: bool) -> None:
        self.folders = folders
        self.fast = fast
        self.data = (folders.var / "postgres").resolve()
        self.identity = Identity.for_data(self.data)
        self.process: subprocess.Popen[bytes] | None = None
        self.socket: Path | None = None

    def start(self) -> str:
        self._find_home()
        self.programs = postgres_programs(self.identity, self.data.parent)
        if not self.data.exists():
            self._create()
        self._require_same_version()
        self._await_predecessor()
        self._launch()
        return f"postgres://{ROLE}:{self._ensure_database()}@{str(self.socket).replace('/', '%2F')}/{DATABASE}"

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process:
            stop(self.process, number=signal.SIGINT, patience=60)  # "fast": ends connections, then a checkpoint
        if self.socket:
            shutil.rmtree(self.socket, ignore_errors=True)

    def _find_home(self) -> None:
        if self.identity.reaches(self.data):
            return
        home = Path(tempfile.mkdtemp(prefix="sito-", dir="/var/lib"))
        home.chmod(0o755)
        (self.folders.var / "postgres").symlink_to(home / "postgres")
        self.data = home / "postgres"

    def _create(self) -> None:
        """Make the cluster beside its place and move it there, so that a broken attempt is never taken for one."""
        self.folders.require_room()
        unfinished = self.data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.identity.own(unfinished)
        since = self.folders.log_size(self.name)
        if not self._initialised(unfinished):
            shutil.rmtree(unfinished, ignore_errors=True)
            raise explained(self.folders, self.name, since, "PostgreSQL could not create its files")
        unfinished.rename(self.data)

    def _initialised(self, folder: Path) -> bool:
        """Run initdb in `folder`. The password goes through a file outside, for initdb wants the folder empty."""
        log = self.folders.open_log(self.name)
        with tempfile.NamedTemporaryFile("w", prefix="sito-") as secret:
            secret.write(secrets.token_urlsafe(24))
            secret.flush()
            self.identity.own(Path(secret.name))
            command = [
                str(self.programs / "initdb"),
                f"--pgdata={folder}",
                f"--pwfile={secret.name}",
                *("--username=postgres", "--auth=scram-sha-256"),
                # The same letters and order on every machine, with case folding right for Polish; see docs/decisions.
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--no-instructions", "--no-sync"),
            ]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                **{"cwd": "/", **self.identity.popen()},
            )
            os.close(log)
            if done.returncode == 0:
                shutil.copyfile(secret.name, folder / SUPERUSER_FILE)
        return done.returncode == 0

    def _require_same_version(self) -> None:
        try:
            made_by = (self.data / "PG_VERSION").read_text().strip()
        except PermissionError as error:
            raise ServiceError(f"{self.data} belongs to another user; set SITO_VAR to a folder of yours.") from error
        except FileNotFoundError as error:
            raise ServiceError(f"{self.data} holds no database; remove it to begin anew.") from error
        told = subprocess.run(
            [str(self.programs / "postgres"), "--version"], capture_output=True, text=True, check=True
        )
        here = told.stdout.split()[2].split(".")[0]
        if made_by != here:
            raise ServiceError(
                f"{self.data} was made by PostgreSQL {made_by}, this is {here}: move it by pg_dump, or remove it."
            )

    def _await_predecessor(self) -> None:
        """A server whose keeper was killed is still writing its last checkpoint: let it."""
        pid_file = self.data / "postmaster.pid"
        end = time.monotonic() + 60
        while pid_file.exists() and _is_postgres(pid_file.read_text().split("\n")[0]) and time.monotonic() < end:
            time.sleep(0.1)

    def _launch(self) -> None:
        since = self.folders.log_size(self.name)
        log = self.folders.open_log(self.name)
        self.socket = self._new_socket_folder()
        self.identity.own(self.socket)
        options = settings(fast=self.fast) | {"unix_socket_directories": str(self.socket)}
        self.process = spawn(
            [
                str(self.programs / "postgres"),
                "-D",
                str(self.data),
                *(f"--{key}={value}" for key, value in options.items()),
            ],
            log=log,
            orphaned=signal.SIGINT,
            **{"cwd": "/", **self.identity.popen()},
        )
        os.close(log)
        if not await_ready(self._answers, self.running):
            raise explained(self.folders, self.name, since, "PostgreSQL did not start")

    def _new_socket_folder(self) -> Path:
        """A short one; the last one is removed first, which a killed keeper left behind."""
        kept = self.folders.run / "postgres.socket"
        if kept.exists():
            shutil.rmtree(kept.read_text(), ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix="sito-", dir=_short_temporary_folder()))
        kept.write_text(str(made))
        made.chmod(0o755)
        return made

    def _connect(self) -> psycopg.Connection:
        password = (self.data / SUPERUSER_FILE).read_text()
        return psycopg.connect(
            host=str(self.socket), user="postgres", password=password, dbname="postgres", autocommit=True
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_database(self) -> str:
        """The role's password, a new one at every start; makes the role and its database the first time."""
        password = secrets.token_urlsafe(24)
        role = sql.Identifier(ROLE)
        with self._connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
            make = "ALTER ROLE {} LOGIN CREATEDB PASSWORD {}" if known else "CREATE ROLE {} LOGIN CREATEDB PASSWORD {}"
            connection.execute(sql.SQL(make).format(role, password))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role))
        return password


def _is_postgres(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except OSError:
        return False


def _short_temporary_folder() -> str:
    """Socket paths are limited to 107 bytes."""
    folder = tempfile.gettempdir()
    return folder if len(folder) < 70 else "/tmp"  # noqa: S108  mkdtemp makes the folder in it
