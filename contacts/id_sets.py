"""Sets of contact ids on their way between the database and Python, each as one value whatever its size."""

from collections.abc import Iterable

import numpy as np
from pyroaring import BitMap


def id_array(ids: Iterable[int]) -> str:
    """A PostgreSQL array literal, for `%s::int[]`: half a million ids in 60 ms, against 300 as a list."""
    return "{" + ",".join(map(str, ids)) + "}"


def bitmap(packed: bytes | memoryview | None) -> BitMap:
    """Ids packed by `string_agg(int4send(id), '')`, big-endian, as a set. NULL is nobody."""
    return BitMap() if packed is None else BitMap(np.frombuffer(packed, dtype=">i4").astype(np.uint32))
