"""Segments of nearly the same contacts, by the members of their last calculations, as a reader sees them.

Similarity is what is in both, of all who are in at least one: exact, from the sets. Kept under the calculations that
were compared and the reader's sight, so that a page opened again compares nothing.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from django.core.cache import cache
from pyroaring import BitMap

from contacts.sight import within
from insights.errors import NotKeptError
from segmentation.likeness import ALIKE
from segmentation.models import Calculation, Segment, bitmap_of
from segmentation.seen import AT_ONCE, counts, digest

NEAREST = 50  # in size, that each segment is compared with: 0.01 to 0.1 ms for two sets of a million
KEPT_S = 3600


@dataclass(frozen=True)
class Sized:
    """A segment that has been calculated, with how many of its members are there and seen.

    erased: who was taken out of the set since; a set is never changed otherwise.
    """

    segment: int
    calculation: int
    finished_at: datetime
    erased: int
    count: int


@dataclass(frozen=True)
class Pair:
    """Two segments that share at least 95 % of their contacts."""

    first: Sized
    second: Sized
    both: int

    @property
    def either(self) -> int:
        return self.first.count + self.second.count - self.both

    @property
    def only_first(self) -> int:
        return self.first.count - self.both

    @property
    def only_second(self) -> int:
        return self.second.count - self.both


@dataclass(frozen=True)
class Near:
    """All such pairs, the most alike first. whole: every two that can be were compared."""

    pairs: Sequence[Pair]
    whole: bool = True


def near(*, mask: BitMap | None, only_kept: bool = False) -> Near:
    """The pairs there are now.

    Raises: NotKeptError, with `only_kept`, where sets would have to be read.
    """
    wanted = _worth_comparing([one for one in _sized(mask) if one.count])
    if not wanted:
        return Near([])
    key = f"near:{digest(mask)}"
    kept = cache.get(key)
    if kept is not None and kept[0] == wanted:
        found: Near = kept[1]
        return found
    if only_kept:
        raise NotKeptError
    found = compared(wanted, mask)
    cache.set(key, (wanted, found), KEPT_S)
    return found


def _sized(mask: BitMap | None) -> list[Sized]:
    names = ("pk", "latest", "latest__finished_at", "latest__erased", "latest__count")
    rows = [
        Sized(pk, latest, at, erased.get("members", 0), count - erased.get("members", 0))
        for pk, latest, at, erased, count in Segment.objects.filter(latest__isnull=False).values_list(*names)
    ]
    if mask is None:
        return rows
    own = counts((one.calculation for one in rows), mask)
    return [replace(one, count=own.get(one.calculation, 0)) for one in rows]


def _worth_comparing(rows: Sequence[Sized]) -> list[Sized]:
    """Those with another one near enough in size, the smallest first."""
    ordered = sorted(rows, key=lambda one: (one.count, one.segment))
    close = [_close(one, other) for one, other in pairwise(ordered)]
    return [one for at, one in enumerate(ordered) if (at and close[at - 1]) or (at < len(close) and close[at])]


def _close(smaller: Sized, larger: Sized) -> bool:
    """Sets that share 95 % of their union cannot differ by more than that in size."""
    return smaller.count * 100 >= larger.count * ALIKE


def compared(rows: Sequence[Sized], mask: BitMap | None) -> Near:
    """rows: the smallest first. At most NEAREST sets are in memory besides those just read."""
    window: deque[tuple[Sized, BitMap]] = deque(maxlen=NEAREST)
    pairs, whole = [], True
    for one, members in _read(rows, mask):
        while window and not _close(window[0][0], one):
            window.popleft()
        for other, others in window:
            both = members.intersection_cardinality(others)
            if both * 100 >= (one.count + other.count - both) * ALIKE:
                first, second = sorted((one, other), key=lambda each: each.segment)
                pairs.append(Pair(first, second, both))
        whole = whole and len(window) < NEAREST
        window.append((one, members))
    return Near(sorted(pairs, key=_order), whole)


def _order(pair: Pair) -> tuple[float, int, int]:
    return (-pair.both / pair.either, pair.first.segment, pair.second.segment)


def _read(rows: Sequence[Sized], mask: BitMap | None) -> Iterator[tuple[Sized, BitMap]]:
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        ids = [one.calculation for one in some]
        sets = dict(Calculation.objects.filter(pk__in=ids).values_list("pk", "members"))
        for one in some:
            if one.calculation in sets:  # deleted meanwhile
                members = within(bitmap_of(sets[one.calculation]), mask)
                yield replace(one, count=len(members)), members
