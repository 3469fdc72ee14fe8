"""`make demo`: starts all, tells where, stops all."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from config.demo.only_one import be_the_only_demo, require_free_port
from config.embedded.errors import ServiceError
from config.embedded.folders import BASE
from tests.support.processes import eventually, mentioning
from tests.test_embedded import LINUX, environment, stopped_cleanly, var

__all__ = ["var"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Demo:
    """A running demo; `told` is what it printed up to the last line of its welcome."""

    def __init__(self, var: Path, port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port), "--contacts", "200"],
            cwd=BASE, env=environment(SITO_VAR=str(var), SITO_DEMO_PASSWORD="looking glass"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.told = ""
        while line := self.process.stdout.readline():
            self.told += line
            if line.startswith("Ctrl-C"):
                break

    def page(self) -> str:
        with urllib.request.urlopen(f"http://localhost:{self.port}/", timeout=20) as response:
            return response.read().decode()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        status = self.process.wait(60)
        self.process.stdout.close()
        return status


@LINUX
@pytest.mark.slow
def test_the_demo_runs_survives_minus_9_and_stops_on_ctrl_c(var):
    port = free_port()
    demo = Demo(var, port)
    assert "looking glass" in demo.told, demo.told
    assert f"http://operator.localhost:{port}\nSign in there as  operator@demo.example  with the same" in demo.told
    assert f"Letters are written to {var / 'mail'}" in demo.told
    assert "<form" in demo.page()
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    assert eventually(lambda: mentioning(str(var)) == []), "orphans"
    assert stopped_cleanly(var)

    again = Demo(var, port)
    assert "there already" in again.told, again.told
    assert "<form" in again.page()
    refused = subprocess.run(
        [sys.executable, "manage.py", "demo", "--port", str(free_port())],
        cwd=BASE, env=environment(SITO_VAR=str(var)), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert refused.stderr == f"Another demo is already running in this folder (process {again.process.pid}).\n"
    assert again.end(signal.SIGINT) == 0
    assert mentioning(str(var)) == []
    assert stopped_cleanly(var)


def test_a_taken_port_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"Port {port} is taken"):
            require_free_port("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("192.0.2.1", 8000)])
def test_an_impossible_address_is_one_sentence(host, port):
    with pytest.raises(ServiceError):
        require_free_port(host, port)


def test_one_demo_a_folder(tmp_path):
    first = be_the_only_demo(tmp_path)
    with pytest.raises(ServiceError, match=f"process {os.getpid()}"):
        be_the_only_demo(tmp_path)
    first.release()
    be_the_only_demo(tmp_path).release()
