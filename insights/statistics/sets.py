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

    @property
    def bit(self) -> str:
        """1 for a row of the set whose bits are bound, else 0."""
        return f"get_bit(?::BLOB::BIT, {self.id})"

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
        """The contacts of the base among those that `bitstring_agg(id, 0, room - 1)::BLOB` found; of no rows nobody."""
        if not isinstance(bits, bytes | bytearray):
            return BitMap()
        return masked(np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).astype(bool)) & self.base

    def told(self, ids: BitMap) -> tuple[int, int]:
        """How many of the group are among some contacts, and how many of the base."""
        return ids.intersection_cardinality(self.group), ids.intersection_cardinality(self.base)

    @property
    def all_bits(self) -> str:
        """The aggregate whose value `found` takes."""
        return f"bitstring_agg({self.id}, 0, {self.room - 1})"

    @cached_property
    def digest(self) -> str:
        """Equal for equal sets: what is kept of some is never shown of others."""
        packed = self.base.serialize() + b"|" + self.group.serialize()
        return hashlib.blake2b(packed, digest_size=16).hexdigest()

    def _bits(self, ids: BitMap) -> bytes:
        return np.packbits(self.mask(ids)).tobytes()


@dataclass(frozen=True)
class Look:
    """What is looked at: the sets, the rows of one snapshot, the account's days."""

    sets: Sets
    reader: Reader
    zone: ZoneInfo
