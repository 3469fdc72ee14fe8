"""How long work takes, told so that a busy machine does not decide it."""

import gc
import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], Any], *, tries: int = 3) -> float:
    """Of this thread's processor time, the quickest of some tries; collecting the garbage of tests before left out."""
    gc.disable()
    try:
        return min(_once(work) for _try in range(tries))
    finally:
        gc.enable()


def _once(work: Callable[[], Any]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started
