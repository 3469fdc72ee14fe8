"""The demo's calm output: one line a step."""

import time
from collections.abc import Callable


def step(name: str, work: Callable[[], str]) -> None:
    """Show `name`, do the work, then show what it returned and the time it took where that was noticeable."""
    print(f"  {name:<14}", end="", flush=True)
    begun = time.monotonic()
    try:
        result = work()
    except BaseException:
        print(flush=True)
        raise
    taken = time.monotonic() - begun
    print(f"{result}  ({taken:.1f} s)" if taken >= 1 else result, flush=True)
