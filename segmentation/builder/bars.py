"""Numbers as bars: how they are spread, in steps that people count in. Pure arithmetic over arrays.

A few large values would press all others into one bar: where the numbers are spread over orders of magnitude the steps
grow with them, and the last bar is open where only a few lie beyond.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, log10
from typing import Any

import numpy as np

BARS = 24
SAMPLE = 100_000  # numbers that decide the steps; the bars count all
HEAVY = 8  # times the median, where one in a hundred lies beyond it
FINE, COARSE = (1, 1.5, 2, 3, 5, 7), (1, 2, 5)  # steps within a power of ten
FINE_UP_TO = 3.5  # powers of ten
CLOSE = 1 << 16  # numbers from the smallest to the largest, up to which each is counted
RARE = 0.005  # so few lie beyond the last bar's beginning


@dataclass(frozen=True)
class Numbers:
    """The number of each contact, or row, that has one: `values` times `unit`.

    zeros: further ones who have none, which counts as 0; none: those without a number.
    """

    values: np.ndarray
    unit: Fraction = Fraction(1)
    zeros: int = 0
    none: int = 0

    @property
    def whole(self) -> bool:
        """Whether there are whole numbers only."""
        if self.values.dtype.kind in "iu":
            return self.unit.denominator == 1 or not np.any(self.values % self.unit.denominator)
        return self.unit == 1 and bool(np.all(self.values == np.floor(self.values)))

    def in_ones(self) -> "Numbers":
        """Whole ones as such, whatever they are kept in."""
        return Numbers(self.values.astype(np.int64) // self.unit.denominator, Fraction(1), self.zeros, self.none)


@dataclass(frozen=True)
class Bar:
    """How many numbers lie from `low` on and below `high`; `high` None: all beyond. `zero`: it is 0 alone."""

    low: Decimal
    high: Decimal | None
    count: int
    zero: bool = False

    def last(self, *, whole: bool) -> Decimal | None:
        """The largest number that can be in it: of whole ones the one before `high`."""
        if self.zero:
            return self.low
        return self.high - 1 if whole and self.high is not None else self.high


@dataclass(frozen=True)
class Spread:
    """The bars, from left to right, and where half and nine tenths of those who have a number end."""

    bars: tuple[Bar, ...]
    whole: bool
    zeros: int
    none: int
    median: Decimal | None = None
    ninth: Decimal | None = None

    @property
    def total(self) -> int:
        """All that have a number, 0 included."""
        return sum(bar.count for bar in self.bars)


def spread(numbers: Numbers) -> Spread:
    """The bars of some numbers. Where having none counts as 0, all that come to 0 share a bar of their own."""
    whole = numbers.whole
    numbers = numbers.in_ones() if whole else numbers
    values, zeros, bars = numbers.values, numbers.zeros, list[Bar]()
    if zeros and values.min(initial=0) >= 0:
        zeros += len(values) - int(np.count_nonzero(values))
        values = values[values != 0]
        bars, zeros = [Bar(Decimal(0), Decimal(0), zeros, zero=True)], 0
    if not len(values):
        return Spread(tuple(bars), whole, numbers.zeros, numbers.none)
    ranked = Ranked(values, numbers.unit)
    reaching_zero = Ranked(np.append(values, 0), numbers.unit) if zeros else ranked
    edges, end = _edges(reaching_zero, whole=whole)
    if whole and bars and not edges[0]:
        edges[0] = Decimal(1)  # 0 has its own bar
    counts = ranked.counted(edges)
    if zeros:  # some are below 0: those with none are among the others
        counts[max(place for place, edge in enumerate(edges) if edge <= 0)] += zeros
    bars += [
        Bar(edge, edges[place + 1] if place + 1 < len(edges) else end, int(count))
        for place, (edge, count) in enumerate(zip(edges, counts, strict=True))
    ]
    return Spread(tuple(bars), whole, numbers.zeros, numbers.none, ranked.ending(0.5), ranked.ending(0.9))


class Ranked:
    """Numbers that can be asked where a share of them ends. Whole ones that lie close are counted, not sorted.

    A million: 8 ms if counted, else 45.
    """

    def __init__(self, values: np.ndarray, unit: Fraction) -> None:
        self.values, self.unit, self.size = values, unit, len(values)
        least, most = values.min(), values.max()
        self.low, self.high = _exact(least, unit), _exact(most, unit)
        self.counts: np.ndarray | None = None
        if values.dtype.kind in "iu" and int(most) - int(least) < CLOSE:
            counts = np.bincount(values - least)
            places = np.flatnonzero(counts)
            self.values, self.counts = places + int(least), counts[places]
            self.upto = np.cumsum(self.counts)
        else:
            self.some = np.sort(values[:: max(1, self.size // SAMPLE)])

    def near(self, share: float, *, above: int | None = None) -> Decimal:
        """About where this share of them ends; `above`: of those above it."""
        if self.counts is not None:
            begin = 0 if above is None else int(self.upto[self.values <= above][-1:].sum())
            rank = begin + int(share * (self.size - begin))
            place = int(np.searchsorted(self.upto, rank, side="right"))
            return _exact(self.values[min(place, len(self.values) - 1)], self.unit)
        some = self.some if above is None else self.some[self.some > above]
        return _exact(some[min(int(share * len(some)), len(some) - 1)], self.unit)

    def ending(self, share: float) -> Decimal:
        """The number that exactly this share does not exceed."""
        place = ceil(share * self.size) - 1
        if self.counts is not None:
            return _exact(self.values[np.searchsorted(self.upto, place, side="right")], self.unit)
        return _exact(np.partition(self.values, place)[place], self.unit)

    def counted(self, edges: list[Decimal]) -> np.ndarray:
        """How many lie from each edge to the next."""
        if self.values.dtype.kind in "iu":  # exact: the smallest whole number of units at or beyond the edge
            begins = np.array([ceil(Fraction(edge) / self.unit) for edge in edges], dtype=np.int64)
        else:
            begins = np.array([float(Fraction(edge) / self.unit) for edge in edges], dtype=np.float64)
        places = np.maximum(np.searchsorted(begins, self.values, side="right") - 1, 0)
        return np.bincount(places, weights=self.counts, minlength=len(edges)).astype(np.int64)


def _edges(ranked: Ranked, *, whole: bool) -> tuple[list[Decimal], Decimal | None]:
    """Where the bars begin, the first at or below every number; and where the last ends, None: open."""
    common = ranked.near(1 - RARE)
    if ranked.low >= 0 and common > 0 and ranked.near(0.99, above=0) >= HEAVY * ranked.near(0.5, above=0):
        return growing(ranked, common, whole=whole)
    half, rare = ranked.near(0.5), ranked.near(RARE)
    low, high = ranked.low, ranked.high
    if high > common + (common - half) / 2:
        high = common
    if low < rare - (half - rare) / 2:
        low = rare
    edges, step = even(low, high, whole=whole)
    if ranked.low < edges[0]:  # those below share one bar
        edges.insert(0, floor(ranked.low / step) * step)
    end = edges[-1] + step
    return edges, _end(ranked, end, whole=whole)


def _end(ranked: Ranked, end: Decimal, *, whole: bool) -> Decimal | None:
    """Where the last bar ends: after the largest whole number."""
    if ranked.high >= end:
        return None
    return ranked.high + 1 if whole else end


def even(low: Decimal, high: Decimal, *, whole: bool) -> tuple[list[Decimal], Decimal]:
    """Beginnings of equal steps of 1, 2 or 5 times a power of ten, from `low` to `high`; and the step."""
    room = (high - low) / (BARS - 1)
    if (whole and high - low < BARS) or not room:
        step = Decimal(1)
    else:
        power = Decimal(10) ** room.adjusted()
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= room)
    return [step * number for number in range(floor(low / step), floor(high / step) + 1)], step


def growing(ranked: Ranked, common: Decimal, *, whole: bool) -> tuple[list[Decimal], Decimal | None]:
    """Beginnings of steps that grow with the numbers, up to where they are `common`; and where the last ends."""
    low = ranked.near(0.01, above=0)
    series = FINE if log10(common / low) <= FINE_UP_TO else COARSE
    edges = [
        (Decimal(str(factor)) * Decimal(10) ** power).normalize()
        for power in range(max(low.adjusted() - 1, common.adjusted() - BARS), common.adjusted() + 3)
        for factor in series
    ]
    if whole:
        edges = sorted({edge for edge in edges if edge == int(edge) and edge >= 1})
    first = max((edge for edge in edges if edge <= low), default=edges[0])
    kept = [edge for edge in edges if edge >= first and edge <= common] or [first]
    kept = kept[-BARS:]
    end = next(edge for edge in edges if edge > kept[-1])
    smaller = [Decimal(0)] if ranked.low < kept[0] else []  # those below share one bar
    return smaller + kept, _end(ranked, end, whole=whole)


def _exact(value: Any, unit: Fraction) -> Decimal:
    """A number of the array, in decimals."""
    number = Decimal(repr(float(value))) if isinstance(value, float | np.floating) else Decimal(int(value))
    return number * unit.numerator / Decimal(unit.denominator)
