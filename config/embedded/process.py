"""Child processes which never outlive us, not even when we are killed with -9."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int, number: int) -> None:
    """Ask the kernel to send us signal `number` when process `parent` ends. Linux only, elsewhere without effect."""
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask
        os.kill(os.getpid(), number)


def _before_exec(number: int) -> Callable[[], None]:
    parent = os.getpid()
    return lambda: die_with_parent(parent, number)


def spawn(
    command: Sequence[str],
    *,
    log: int,
    orphaned: int = signal.SIGKILL,
    stdin: int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    **identity: Any,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that Ctrl-C reaches only us and we choose the order of stopping.

    `orphaned` is the signal it gets when the *thread* which called this ends: call it from the main thread. The
    signal is set after the change of user (`identity`), which would clear it.
    """
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=log,
        stderr=log,
        env=environment,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_before_exec(orphaned),  # noqa: PLW1509  no threads run in the processes which call this
        **identity,
    )


def stop(process: subprocess.Popen[bytes], *, number: int = signal.SIGTERM, patience: float = 10) -> None:
    """Signal it, and kill it with all of its session if it isn't gone after `patience` seconds."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
