"""Each system in a process of its own, so that no memory of one counts as another's: asked by lines of JSON."""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class FailedError(Exception):
    """What a worker said it failed with."""


class Worker:
    """The asking side. `with Worker("bench.engine.sito") as sito: sito.ask("count", tree=…)`."""

    def __init__(self, module: str, *args: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def ask(self, what: str, **given: Any) -> Any:
        """The worker's answer. Raises: FailedError, with its trace."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([what, given]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise FailedError(f"The process ended with {self._process.wait()}.")
        answer, trouble = json.loads(line)
        if trouble:
            raise FailedError(trouble)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def serve(answers: dict[str, Callable[..., Any]]) -> None:
    """The answering side: until the asker is gone. Whatever else is printed goes where errors go."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        what, given = json.loads(line)
        try:
            answer, trouble = answers[what](**given), ""
        except Exception:  # noqa: BLE001 - the asker raises it
            answer, trouble = None, traceback.format_exc()
        told.write(json.dumps([answer, trouble]) + "\n")
        told.flush()


def peak() -> int:
    """The most memory this process has had at once, in MB."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1]) >> 10
