"""Embedded services: started when missing, shared, stopped cleanly, and never left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded.commandline import needs_database, sentence_for
from config.embedded.errors import ServiceError
from config.embedded.folders import BASE, Folders
from config.embedded.identity import Identity
from config.embedded.postgres import settings as postgres_settings
from config.embedded.servers import require_broker, require_database
from tests.support.processes import eventually, mentioning

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def var() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sito-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for pid in mentioning(str(folder)):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def environment(**changes: str) -> dict[str, str]:
    """Ours, less the addresses of the services this test run uses."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "SITO_VAR"}}
    return kept | changes


class Up:
    """`python -m config.embedded up`."""

    def __init__(self, var: Path, *, temporary: bool = False) -> None:
        command = [sys.executable, "-m", "config.embedded", "up", "--var", str(var)]
        self.process = subprocess.Popen(
            [*command, "--temporary"] if temporary else command,
            cwd=BASE, env=environment(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        self.addresses = dict(word.split("=", 1) for word in line.removeprefix("export ").split())

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(30)
        self.process.stdout.close()
        return status


def keeper_of(name: str, var: Path) -> int:
    for pid in mentioning(str(var)):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"keep" in words and name.encode() in words:
            return pid
    raise AssertionError(f"no keeper of {name}")


def stopped_cleanly(var: Path) -> bool:
    return (var / "log/postgres.log").read_text().rstrip().endswith("database system is shut down")


@LINUX
def test_up_gives_two_answering_servers_and_takes_them_away(var):
    up = Up(var)
    assert require_database(up.addresses["DATABASE_URL"]).startswith("18.")
    assert require_broker(up.addresses["REDIS_URL"]).startswith("Valkey")
    assert up.end() == 0
    assert mentioning(str(var)) == []
    assert stopped_cleanly(var)


@LINUX
def test_data_outlives_a_restart_and_a_second_user_joins(var):
    first = Up(var)
    with psycopg.connect(first.addresses["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    second = Up(var)
    assert second.addresses == first.addresses
    assert first.end() == 0
    with psycopg.connect(second.addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    second.end()
    assert eventually(lambda: mentioning(str(var)) == [])
    third = Up(var)
    with psycopg.connect(third.addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    third.end()


@LINUX
def test_killed_with_9_leaves_no_orphan_and_a_clean_database(var):
    Up(var).end(signal.SIGKILL)
    assert eventually(lambda: mentioning(str(var)) == [])
    assert stopped_cleanly(var)


@LINUX
def test_a_killed_keeper_leaves_no_orphan_and_a_clean_database(var):
    up = Up(var)
    os.kill(keeper_of("postgres", var), signal.SIGKILL)
    socket = Path((var / "run/postgres.socket").read_text())
    assert eventually(lambda: stopped_cleanly(var))
    up.end()
    assert eventually(lambda: mentioning(str(var)) == [])
    again = Up(var)
    require_database(again.addresses["DATABASE_URL"])
    again.end()
    assert not socket.exists()


@LINUX
def test_a_temporary_pair_leaves_no_file(var):
    up = Up(var, temporary=True)
    with psycopg.connect(up.addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
    up.end(signal.SIGKILL)
    assert eventually(lambda: not var.exists())


@LINUX
def test_strangers_are_refused(var):
    up = Up(var)
    wrong = up.addresses["DATABASE_URL"].replace("postgres://sito:", "postgres://sito:not")
    with pytest.raises(ServiceError, match="password authentication failed"):
        require_database(wrong)
    with pytest.raises(ServiceError) as refused:
        require_broker(up.addresses["REDIS_URL"].replace("redis://:", "redis://:not"))
    assert "not" + up.addresses["REDIS_URL"].split(":")[2].split("@")[0] not in str(refused.value)
    with redis.Redis.from_url(up.addresses["REDIS_URL"]) as client:
        assert client.ping()
    up.end()


def run_up(var: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "config.embedded", "up", "--var", str(var)]
    return subprocess.run(command, cwd=BASE, env=environment(), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("made", ["a file in the way", "another version", "no database"])
def test_trouble_is_one_sentence(var, made):
    if made == "a file in the way":
        (var / "log").write_text("")
    else:
        (var / "postgres").mkdir()
        if os.geteuid() == 0:
            os.chown(var / "postgres", 65534, 65534)
    if made == "another version":
        (var / "postgres/PG_VERSION").write_text("15\n")
    ended = run_up(var)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert str(var) in ended.stderr


def manage(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, cwd=BASE, env=environment(**changes), capture_output=True, text=True, timeout=60, check=False
    )


def test_an_unreachable_database_is_one_sentence_without_the_password(var):
    ended = manage("tick", DATABASE_URL="postgres://sito:hidden@127.0.0.1:1/sito", SITO_VAR=str(var))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "127.0.0.1:1/sito" in ended.stderr
    assert "hidden" not in ended.stderr


@LINUX
def test_a_command_brings_its_own_services_and_stops_them(var):
    ended = manage("shell", "-c", "from django.db import connection as c; c.ensure_connection()", SITO_VAR=str(var))
    assert ended.returncode == 0, ended.stderr
    assert mentioning(str(var)) == []
    assert stopped_cleanly(var)


def test_a_command_without_need_starts_nothing(var):
    assert manage("help", SITO_VAR=str(var)).returncode == 0
    assert not (var / "postgres").exists()


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("migrate_schemas", True),
        ("count --account demo", True),
        ("demo", True),
        ("demo --help", False),
        ("makemigrations --check", False),
        ("collectstatic --no-input", False),
        ("help", False),
        ("", False),
        ("--version", False),
    ],
)
def test_only_commands_which_need_a_database_start_one(words, needed):
    assert needs_database(["manage.py", *words.split()]) is needed


def test_an_older_server_is_refused(monkeypatch, var):
    class Old:
        class info:  # noqa: N801  psycopg's name
            server_version = 160004

            @staticmethod
            def parameter_status(_name: str) -> str:
                return "off"

        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: Old())
    with pytest.raises(ServiceError, match=r"PostgreSQL 18 or newer is needed; DATABASE_URL leads to 16\.4\."):
        require_database("postgres://x")


def test_a_full_disk_is_recognised_wherever_it_shows():
    wrapped = RuntimeError("wrapped by the ORM")
    wrapped.__cause__ = psycopg.errors.DiskFull("could not extend file")
    assert sentence_for(wrapped).startswith("The disk is full")
    assert sentence_for(OSError(28, "No space left on device")).startswith("The disk is full")
    assert sentence_for(ValueError("a bug")) is None


def test_a_database_without_tables_is_told_how_to_get_them():
    assert "migrate_schemas" in sentence_for(
        psycopg.errors.UndefinedTable('relation "accounts_account" does not exist')
    )
    assert sentence_for(psycopg.errors.UndefinedTable('relation "misspelt" does not exist')) is None


def test_too_little_room_is_told_before_a_cluster_is_made(var):
    with pytest.raises(ServiceError, match="Too little disk space"):
        Folders(var).require_room(1 << 60)


def test_reach_of_another_user(var):
    closed = var / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    stranger = Identity(user=12345, group=12345)
    assert stranger.reaches(inner)
    closed.chmod(0o700)
    assert not stranger.reaches(inner)
    assert Identity().reaches(inner)


def test_small_machines_get_small_buffers(monkeypatch):
    monkeypatch.setattr("config.embedded.postgres.megabytes", lambda: 1024)
    assert postgres_settings(fast=False)["shared_buffers"] == "128MB"
    assert "fsync" not in postgres_settings(fast=False)


def test_the_keeper_says_why_it_could_not_start(var):
    Folders(var).make()
    (var / "postgres").mkdir()
    if os.geteuid() == 0:
        os.chown(var / "postgres", 65534, 65534)
    command = [sys.executable, "-m", "config.embedded", "keep", "postgres", "--var", str(var)]
    said = subprocess.run(command, cwd=BASE, env=environment(), capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "holds no database" in json.loads(said.stdout)["error"]
