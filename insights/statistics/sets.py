"""The two sets of contacts that statistics speak of, as conditions on mirrored rows.

A set goes into a statement as bits, and a row asks for the bit of its contact: of 8 million rows in 80 ms, grouped by
week, where a join takes 150 and reading them into Python 270.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from pyroaring import BitMap

from contacts.id_sets import masked
from mirror.reading import Reader


@dataclass(frozen=True)
class Sets:
    """`base`: the contacts that the reader sees; `group`: those of them whose statistics these are."""

    base: BitMap
    group: BitMap

    @property
    def whole(self) -> bool:
        """Whether the group is the base."""
        return self.group == self.base

    @cached_property
    def room(self) -> int:
        """Bits that hold every id, and one of nobody; eighths of it are bytes."""
        return ((self.base.max() if self.base else 0) + 2 + 7) // 8 * 8

    @property
    def id(self) -> str:
        """A row's contact as the place of a bit. Files keep rows of erased contacts for a while: those are nobody."""
        return f"least(contact_id, {self.room - 1})"

    def asked(self, doers: BitMap) -> "Asked":
        """How rows that are of these contacts, and of no others, are asked whose they are.

        What holds for all of them is not asked of each: 10 million rows by week take 280 ms of a processor with both
        bits, 210 with the group's alone, 140 with none.
        """
        sound = doers <= self.base
        bit = f"get_bit(?::BLOB::BIT, {'contact_id' if sound else self.id})"
        within = doers & self.base
        own = "1" if within <= self.group else "0" if within.isdisjoint(self.group) else bit
        params = ([self.group_bits] if own == bit else []) + ([] if sound else [self.base_bits])
        return Asked(own, "true" if sound else f"{bit} = 1", params)

    @cached_property
    def base_bits(self) -> bytes:
        return self._bits(self.base)

    @cached_property
    def group_bits(self) -> bytes:
        return self._bits(self.group)

    @cached_property
    def base_mask(self) -> np.ndarray:
        return self.mask(self.base)

    @cached_property
    def group_mask(self) -> np.ndarray:
        return self.mask(self.group)

    def mask(self, ids: BitMap) -> np.ndarray:
        """Whether each id is in the set."""
        mask = np.zeros(self.room, dtype=bool)
        mask[np.frombuffer(ids.to_array(), dtype=np.uint32)] = True
        return mask

    def found(self, bits: object) -> BitMap:
        """Those whom `all_bits` found, erased ones as the one of nobody; of no rows nobody."""
        if not isinstance(bits, bytes | bytearray):
            return BitMap()
        return masked(np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).astype(bool))

    def told(self, ids: BitMap) -> tuple[int, int]:
        """How many of the group are among some contacts, and how many of the base."""
        return ids.intersection_cardinality(self.group), ids.intersection_cardinality(self.base)

    @property
    def all_bits(self) -> str:
        """The aggregate whose value `found` takes."""
        return f"bitstring_agg({self.id}, 0, {self.room - 1})::BLOB"

    @cached_property
    def digest(self) -> str:
        """Equal for equal sets: what is kept of some is never shown of others."""
        packed = self.base.serialize() + b"|" + self.group.serialize()
        return hashlib.blake2b(packed, digest_size=16).hexdigest()

    def _bits(self, ids: BitMap) -> bytes:
        return np.packbits(self.mask(ids)).tobytes()


@dataclass(frozen=True)
class Asked:
    """Parts of a statement over rows. own: 1 for a row of the group, else 0; where: it is of the base.

    params: to be bound, in that order.
    """

    own: str
    where: str
    params: list[bytes]


@dataclass(frozen=True)
class Look:
    """What is looked at: the sets, the rows of one snapshot, the account's days."""

    sets: Sets
    reader: Reader
    zone: ZoneInfo
