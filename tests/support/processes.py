"""Looking at the machine's processes from outside, as an administrator would."""

import time
from collections.abc import Callable
from pathlib import Path


def mentioning(text: str) -> list[int]:
    """Processes whose command line or environment contains `text`: all that a demo with that folder started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if text.encode() in words and state != "Z":
            found.append(int(process.name))
    return found


def eventually(condition: Callable[[], bool], *, within: float = 20) -> bool:
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
