"""How the members of segments overlap, as of their last calculations: set algebra on what was stored, no evaluation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models.functions import Collate
from pyroaring import BitMap

from contacts.folding import polish_key
from contacts.sight import within
from segmentation.models import Calculation, Segment, bitmap_of

FIRST, BOTH, SECOND = "first", "both", "second"
PARTS = (FIRST, BOTH, SECOND)
BY_NAME: Any = Collate(polish_key("name"), "C")
MOST = 20  # segments in a matrix: 190 pairs


@dataclass(frozen=True)
class Measured:
    """A segment with the members of its last calculation."""

    segment: int
    name: str
    calculation: int
    as_of: datetime
    members: BitMap

    @cached_property
    def count(self) -> int:
        return len(self.members)


@dataclass(frozen=True)
class Overlap:
    """Two segments beside each other."""

    first: Measured
    second: Measured

    @cached_property
    def both(self) -> int:
        """How many are in both. Two sets of a million: 0.1 ms."""
        return self.first.members.intersection_cardinality(self.second.members)

    @property
    def only_first(self) -> int:
        return self.first.count - self.both

    @property
    def only_second(self) -> int:
        return self.second.count - self.both

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Of the PARTS."""
        return self.only_first, self.both, self.only_second

    @property
    def together(self) -> int:
        """How many are in at least one."""
        return self.first.count + self.second.count - self.both

    def ids(self, part: str) -> BitMap:
        """Who is in one of the PARTS."""
        first, second = self.first.members, self.second.members
        return {FIRST: lambda: first - second, BOTH: lambda: first & second, SECOND: lambda: second - first}[part]()

    def criteria(self, part: str) -> dict[str, Any]:
        """Criteria for one of the PARTS, by the last calculation of both segments: it follows them."""
        ops = {FIRST: ("in", "not_in"), BOTH: ("in", "in"), SECOND: ("not_in", "in")}[part]
        pairs = list(zip((self.first, self.second), ops, strict=True))
        pairs.sort(key=lambda pair: pair[1])  # "in … and not in" reads better than the other way round
        return {"all": [{"kind": "segment", "segment": one.segment, "op": op} for one, op in pairs]}


def measured(segments: Iterable[int], *, mask: BitMap | None = None) -> dict[int, Measured]:
    """Those of `segments` that have been calculated, by id and in the order of names; all in one query.

    mask: the contacts that are seen; None: all.
    """
    names = ("pk", "name", "latest", "latest__as_of", "latest__members")
    calculated = Segment.objects.filter(pk__in=list(segments), latest__isnull=False)
    rows = calculated.order_by(BY_NAME, "pk").values_list(*names)
    return {
        pk: Measured(pk, name, last, as_of, within(bitmap_of(members), mask)) for pk, name, last, as_of, members in rows
    }


def of_calculation(pk: int, *, mask: BitMap | None = None) -> Measured | None:
    """The members of a past calculation, if it is there and was finished."""
    return of_calculations([pk], mask=mask).get(pk)


def of_calculations(ids: Iterable[int], *, mask: BitMap | None = None) -> dict[int, Measured]:
    """Those of these calculations that are there and were finished, by id."""
    names = ("segment", "segment__name", "pk", "as_of", "members")
    found = Calculation.objects.filter(pk__in=list(ids), members__isnull=False).values_list(*names)
    return {
        pk: Measured(segment, name, pk, as_of, within(bitmap_of(members), mask))
        for segment, name, pk, as_of, members in found
    }


# --- several -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Cell:
    """How many of the row's segment are in the column's."""

    row: Measured
    column: Measured
    both: int

    @property
    def itself(self) -> bool:
        return self.row.segment == self.column.segment

    @property
    def heat(self) -> int:
        """From 0 (nobody) to 5 (80 % of the row and more): how strongly it is coloured."""
        if not self.both:
            return 0
        return 1 + min(4, self.both * 5 // self.row.count)

    @property
    def share(self) -> float:
        """Of the row's segment."""
        return self.both / self.row.count if self.row.count else 0.0


def matrix(chosen: Sequence[Measured]) -> list[tuple[Measured, list[Cell]]]:
    """A row for each segment with a cell for each: every pair is counted once."""
    sizes: dict[tuple[int, int], int] = {}
    for at, one in enumerate(chosen):
        for other in chosen[at:]:
            both = one.count if one is other else one.members.intersection_cardinality(other.members)
            sizes[one.segment, other.segment] = sizes[other.segment, one.segment] = both
    return [(row, [Cell(row, column, sizes[row.segment, column.segment]) for column in chosen]) for row in chosen]
