"""From when to when each contact was in: spells, as arrays, and everything that is counted of them.

Times are whole seconds since 1970. A spell holds from its first second to the one before its last; who is in now has
`OPEN` for the last. Of one contact no two spells meet: they are made one. An *edge* is the second at which a period
begins: who was in at the end of the period before it was in at the second before the edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap

from contacts.id_sets import id_set

OPEN = 1 << 34  # later than any time there is
BITS = 35  # that hold a time, so that a contact's place and a time are one number: places up to 2 ** 28


@dataclass(frozen=True)
class Spells:
    """Sorted by contact, then by time."""

    contacts: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @staticmethod
    def of(contacts: np.ndarray, start: np.ndarray, end: np.ndarray, *, now: int) -> "Spells":
        """In any order; those of one contact may overlap. What is dated ahead holds since `now`."""
        start, end = np.minimum(start, now), np.where(end >= OPEN, OPEN, np.minimum(end, now))
        there = end > start
        contacts, start, end = contacts[there], start[there], end[there]
        order = np.lexsort((start, contacts))
        contacts, start, end = contacts[order], start[order], end[order]
        begins = separate(contacts, start, end)
        if begins.all():
            return Spells(contacts, start, end)
        first = np.flatnonzero(begins)
        return Spells(contacts[first], start[first], np.maximum.reduceat(end, first))

    @staticmethod
    def none() -> "Spells":
        empty = np.empty(0, dtype=np.int64)
        return Spells(empty, empty, empty)

    def within(self, ids: BitMap) -> "Spells":
        """Those of these contacts alone."""
        if not len(self.contacts):
            return self
        room = int(self.contacts.max()) + 1
        there = np.zeros(room, dtype=bool)
        own = np.frombuffer(ids.to_array(), dtype=np.uint32)
        there[own[own < room]] = True
        mask = there[self.contacts]
        return self if mask.all() else Spells(self.contacts[mask], self.start[mask], self.end[mask])

    def __len__(self) -> int:
        return len(self.contacts)

    # --- sets --------------------------------------------------------------------------------------------------
    def at(self, edge: int) -> BitMap:
        """Who was in when the edge came."""
        return id_set(self.contacts[(self.start < edge) & (self.end >= edge)])

    def met(self, edge: int, following: int) -> BitMap:
        """Who was in at any time between two edges."""
        return id_set(self.contacts[(self.start < following) & (self.end > edge)])

    def first_joined(self, edge: int, following: int) -> BitMap:
        """Who was in for the first time between two edges."""
        first = self.firsts
        start = self.start[first]
        return id_set(self.contacts[first][(start >= edge) & (start < following)])

    @property
    def firsts(self) -> np.ndarray:
        """Where each contact's first spell stands."""
        if not len(self):
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(np.concatenate([[True], self.contacts[1:] != self.contacts[:-1]]))

    # --- numbers -----------------------------------------------------------------------------------------------
    def counted(self, edges: Sequence[int]) -> "Counted":
        """Sizes at the edges, and who came and went between them."""
        if not len(self):
            return Counted.nobody(len(edges))
        begin = np.searchsorted(edges, self.start, side="right")  # the first edge at which it is in
        stop = np.searchsorted(edges, self.end, side="right")  # the first at which it is no more
        seen = begin < stop
        met = Spells(self.contacts[seen], begin[seen], stop[seen])
        new = separate(met.contacts, met.start, met.end)  # out at one edge, who is back at the next, never left
        last = np.concatenate([new[1:], [True]]) if len(new) else new
        places = len(edges) + 1
        rises, falls = np.bincount(met.start[new], minlength=places), np.bincount(met.end[last], minlength=places)
        sizes = np.cumsum(rises - falls)[: len(edges)]
        return Counted(
            sizes=tuple(map(int, sizes)),
            joined=tuple(map(int, rises[1 : len(edges)])),
            left=tuple(map(int, falls[1 : len(edges)])),
            between=self._between(met, ~seen, begin, len(edges)),
        )

    def _between(self, met: "Spells", hidden: np.ndarray, begin: np.ndarray, edges: int) -> tuple[int, ...]:
        """Who was in between two edges and at neither."""
        room = edges + 1
        pairs = np.unique(self.contacts[hidden] * room + begin[hidden])
        edge = pairs % room
        pairs, edge = pairs[(edge > 0) & (edge < edges)], edge[(edge > 0) & (edge < edges)]
        if len(met):
            at = np.maximum(np.searchsorted(met.contacts * room + met.start, pairs, side="right") - 1, 0)
            there = (met.contacts[at] == pairs // room) & (met.start[at] <= edge) & (met.end[at] > edge - 1)
            edge = edge[~there]
        return tuple(map(int, np.bincount(edge - 1, minlength=edges - 1)[: edges - 1]))

    def survival(self, edges: Sequence[int]) -> np.ndarray:
        """By the period in which they were in for the first time, how many were in at each edge: a row, a column each.

        A row for each period between the edges; a column for each edge. Sizes of the cohorts: `newcomers`.
        """
        count = len(edges) - 1
        cohort = self._cohorts(edges)
        begin = np.searchsorted(edges, self.start, side="right")
        stop = np.searchsorted(edges, self.end, side="right")
        seen = (begin < stop) & (cohort >= 0)
        changes = np.zeros((max(count, 0), count + 2), dtype=np.int64)
        np.add.at(changes, (cohort[seen], begin[seen]), 1)
        np.add.at(changes, (cohort[seen], stop[seen]), -1)
        return np.cumsum(changes, axis=1)[:, : count + 1]

    def newcomers(self, edges: Sequence[int]) -> np.ndarray:
        """How many were in for the first time in each period between the edges."""
        own = self._cohorts(edges)[self.firsts]
        return np.bincount(own[own >= 0], minlength=max(len(edges) - 1, 0))

    def _cohorts(self, edges: Sequence[int]) -> np.ndarray:
        """Of each spell, the period in which its contact's first one began; -1: before all, or after."""
        firsts = self.firsts
        period = np.searchsorted(edges, self.start[firsts], side="right") - 1
        period[period >= len(edges) - 1] = -1
        return np.repeat(period, np.diff(np.append(firsts, len(self))))


def separate(contacts: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Of spells sorted by contact and start: whether each meets none of those before it of the same contact."""
    if not len(contacts):
        return np.empty(0, dtype=bool)
    new = np.concatenate([[True], contacts[1:] != contacts[:-1]])
    place = np.cumsum(new) << BITS
    reached = np.maximum.accumulate(place + end)
    return np.concatenate([[True], (place + start)[1:] > reached[:-1]])


@dataclass(frozen=True)
class Counted:
    """sizes: at each edge. joined, left, between: in each period between two edges, each contact once.

    Joined: in at its end, not at its beginning; left: the other way round; between: at neither, but in meanwhile.
    So of each period beginning + joined − left = end.
    """

    sizes: tuple[int, ...]
    joined: tuple[int, ...]
    left: tuple[int, ...]
    between: tuple[int, ...]

    @staticmethod
    def nobody(edges: int) -> "Counted":
        none = (0,) * (edges - 1)
        return Counted((0,) * edges, none, none, none)
