"""Counts that read a whole table, kept for a while with the time they were taken."""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.core.cache import cache
from pyroaring import BitMap

Counts = TypeVar("Counts")

CHEAP = 0.05  # seconds: below this a count is taken at every look
KEPT_TIMES = 100  # a dearer one is kept for a hundred times what it cost: 1 % of the time goes into counting
LONGEST_KEPT = 900


def counted(name: str, count: Callable[[], Counts], *, now: datetime) -> tuple[Counts, datetime]:
    """What `count` answers, and when it was taken. Only for showing: what decides counts for itself.

    name: of all that `count` goes by, the reader's sight included (`mask_name`).
    """
    kept: tuple[Counts, datetime] | None = cache.get(name)
    if kept is not None:
        return kept
    began = time.perf_counter()
    counts = count()
    took = time.perf_counter() - began
    if took > CHEAP:
        cache.set(name, (counts, now), timeout=min(LONGEST_KEPT, int(took * KEPT_TIMES)))
    return counts, now


def mask_name(mask: BitMap | None) -> str:
    """What stands in the name of a count that is taken of these contacts only: another set is another count."""
    return "" if mask is None else ":" + hashlib.blake2b(mask.serialize(), digest_size=16).hexdigest()
