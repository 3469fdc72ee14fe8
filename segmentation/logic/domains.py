"""Sets of values: stretches of an order (numbers, days, instants), and names out of a closed or an endless list."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

Cut = tuple[int, Any, int]  # where a stretch begins or ends: (0, value, 0) before a value, (0, value, 1) after it
FIRST: Cut = (-1, 0, 0)  # before everything
LAST: Cut = (1, 0, 0)  # after everything


def before(value: Any) -> Cut:
    return (0, value, 0)


def after(value: Any) -> Cut:
    return (0, value, 1)


@dataclass(frozen=True)
class Ranges:
    """Stretches between cuts, in order, none empty and none touching the next. The order is taken to be dense."""

    parts: tuple[tuple[Cut, Cut], ...]

    def __and__(self, other: Self) -> "Ranges":
        found = []
        mine, theirs = list(reversed(self.parts)), list(reversed(other.parts))
        while mine and theirs:
            start, end = max(mine[-1][0], theirs[-1][0]), min(mine[-1][1], theirs[-1][1])
            if start < end:
                found.append((start, end))
            (mine if mine[-1][1] <= theirs[-1][1] else theirs).pop()
        return Ranges(tuple(found))

    def __invert__(self) -> "Ranges":
        cuts = [FIRST, *(cut for part in self.parts for cut in part), LAST]
        pairs = zip(cuts[::2], cuts[1::2], strict=True)
        return Ranges(tuple((start, end) for start, end in pairs if start < end))

    def __bool__(self) -> bool:
        return bool(self.parts)

    @classmethod
    def between(cls, low: Any = None, high: Any = None) -> "Ranges":
        """From `low` to `high`, both included; None: open."""
        start, end = FIRST if low is None else before(low), LAST if high is None else after(high)
        return cls(((start, end),) if start < end else ())

    @classmethod
    def of(cls, values: Iterable[Any]) -> "Ranges":
        """These values alone."""
        return cls(tuple((before(value), after(value)) for value in sorted(set(values))))


def compared(op: str, operand: Any) -> Ranges:
    """The numbers for which a positive comparison holds."""
    match op:
        case "lt":
            return Ranges(((FIRST, before(operand)),))
        case "lte":
            return Ranges.between(high=operand)
        case "gt":
            return Ranges(((after(operand), LAST),))
        case "gte":
            return Ranges.between(low=operand)
        case "between":
            return Ranges.between(operand.low, operand.high)
        case "in":
            return Ranges.of(operand)
    return Ranges.of([operand])


def whole(ranges: Ranges) -> Ranges:
    """The same for whole numbers: stretches that hold none are left out, so "over 20 and below 21" is empty."""
    return Ranges(tuple(part for part in ranges.parts if holds_whole(*part)))


def holds_whole(start: Cut, end: Cut) -> bool:
    if start == FIRST or end == LAST:
        return True
    _, low, past = start
    first = ceil(low)  # the first whole number behind the cut
    return before(first + past if first == low else first) < end


@dataclass(frozen=True)
class Names:
    """These names; with `others` all but these, of a list that has no end."""

    names: frozenset[Any]
    others: bool = False

    def __and__(self, other: Self) -> "Names":
        if self.others and other.others:
            return Names(self.names | other.names, others=True)
        if self.others:
            return Names(other.names - self.names)
        return Names(self.names - other.names if other.others else self.names & other.names)

    def __invert__(self) -> "Names":
        return Names(self.names, others=not self.others)

    def __bool__(self) -> bool:
        return self.others or bool(self.names)


Values = Ranges | Names
ANY_NUMBER = Ranges(((FIRST, LAST),))
ANY_NAME = Names(frozenset(), others=True)
YES = Names(frozenset({True}))
YES_OR_NO = Names(frozenset({True, False}))
