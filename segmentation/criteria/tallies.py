"""A number for each contact, counted or summed over rows, and the contacts for whom a comparison of it holds.

Exact throughout: what is summed are whole numbers (an amount's ten-thousandths), and no quotient is ever made. Ids are
dense, so grouping is an array: 2.1 million rows in 30 ms, against 69 in DuckDB.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from pyroaring import BitMap

from segmentation.criteria.context import Context
from segmentation.criteria.values.base import NEGATIVE

OPERATORS = ("eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "not_in")  # of a number that is always there
EXACT = 2**53  # below it every whole number is a float64 of its own
LARGE = 2**62  # below it whole numbers can be added in int64
LOW_BITS = 20
SPARSE = 16  # an id in so many, and sorting is quicker than an array of all ids
ONE = Fraction(1)


@dataclass(frozen=True)
class Totals:
    """Distinct contacts and the number of each: `values` times `unit`, divided by `per` where there is one.

    Shape: `ids`, `values` and `per` are of one length, ids ascending; values are int64, or Python's own whole numbers.
    """

    ids: np.ndarray
    values: np.ndarray
    unit: Fraction = ONE
    per: np.ndarray | None = None

    def of(self, contact: int) -> Fraction | None:
        """The number of one contact; None: it has no rows."""
        at = int(np.searchsorted(self.ids, contact))
        if at == len(self.ids) or self.ids[at] != contact:
            return None
        number = int(self.values[at]) * self.unit
        return number if self.per is None else number / int(self.per[at])


def count(ids: np.ndarray) -> Totals:
    """How often each contact stands in `ids`."""
    if _sparse(ids):
        return Totals(*np.unique(ids, return_counts=True))
    counts = np.bincount(ids)
    found = np.flatnonzero(counts)
    return Totals(found, counts[found])


def add(ids: np.ndarray, units: np.ndarray, *, unit: Fraction = ONE) -> Totals:
    """The sum of `units` (int64) for each contact in `ids`."""
    counted, slots = _slots(ids)
    return Totals(counted, _sums(slots, units, len(counted)), unit)


def average(ids: np.ndarray, units: np.ndarray, *, unit: Fraction = ONE) -> Totals:
    """The average of `units` (int64) for each contact in `ids`: kept as sum and count."""
    sums = add(ids, units, unit=unit)
    return Totals(sums.ids, sums.values, unit, per=count(ids).values)


def extreme(ids: np.ndarray, units: np.ndarray, *, largest: bool, unit: Fraction = ONE) -> Totals:
    """The largest, or the smallest, of `units` (int64) for each contact in `ids`."""
    counted, slots = _slots(ids)
    least, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    values = np.full(len(counted), least if largest else most, np.int64)
    (np.maximum if largest else np.minimum).at(values, slots, units)
    return Totals(counted, values, unit)


def holding(totals: Totals, op: str, operand: Any, *, empty: int | None, context: Context) -> BitMap:
    """The contacts for whose number `op` (of numbers) holds; `operand` as `Number().read` gives it.

    empty: the number of contacts that have none in `totals`; None: they have none at all, so that no comparison holds
    for them, and the negative ones do.
    """
    if op in NEGATIVE:
        return context.but(holding(totals, NEGATIVE[op], operand, empty=empty, context=context))
    found = compare(totals, op, operand)
    if empty is not None and _holds(empty, op, operand):
        return context.but(BitMap(totals.ids[~found].astype(np.uint32)))
    return BitMap(totals.ids[found].astype(np.uint32)) & context.everyone


def compare(totals: Totals, op: str, operand: Any) -> np.ndarray:
    """For each contact in `totals` whether the positive operator `op` holds."""
    values = totals.values
    if op == "between":
        low, high = _bounds(totals, operand.low), _bounds(totals, operand.high)
        return np.asarray((values >= low[1]) & (values <= high[0]), dtype=bool)
    if op == "in":
        if totals.per is None:
            whole = [bounds[0] for one in operand if (bounds := _bounds(totals, one))[0] == bounds[1]]
            return np.isin(values, _whole(whole))
        found = np.zeros(len(values), dtype=bool)
        for one in operand:
            found |= compare(totals, "eq", one)
        return found
    below, above = _bounds(totals, operand)
    tests: dict[str, Callable[[], Any]] = {
        "eq": lambda: (values == below) & (below == above),
        "lt": lambda: values < above,
        "lte": lambda: values <= below,
        "gt": lambda: values > below,
        "gte": lambda: values >= above,
    }
    return np.asarray(tests[op](), dtype=bool)


def _bounds(totals: Totals, number: Decimal) -> tuple[Any, Any]:
    """`number` in the units of `values`, times `per`: the whole numbers next below and above it, or it twice."""
    exact = Fraction(number) / totals.unit
    top, bottom = exact.numerator, exact.denominator
    if totals.per is None:
        return top // bottom, -(-top // bottom)
    per = totals.per
    if len(per) and abs(top) * int(per.max()) >= LARGE:
        per = per.astype(object)
    return top * per // bottom, -(-top * per // bottom)


def _holds(number: int, op: str, operand: Any) -> bool:
    single = Totals(np.zeros(1, np.int64), np.array([number]))
    return bool(compare(single, op, operand)[0])


# --- grouping --------------------------------------------------------------------------------------------------
def _sparse(ids: np.ndarray) -> bool:
    return len(ids) * SPARSE < int(ids.max(initial=0))


def _slots(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct ids, and for each of `ids` the place of its own among them."""
    if _sparse(ids) or not len(ids):
        return np.unique(ids, return_inverse=True)
    found = np.flatnonzero(np.bincount(ids))
    places = np.zeros(int(found[-1]) + 1, np.int32)
    places[found] = np.arange(len(found), dtype=np.int32)
    return found, places[ids]


def _sums(slots: np.ndarray, units: np.ndarray, size: int) -> np.ndarray:
    """The sum of `units` in each slot. As floats, which are exact as long as all of them together are small enough."""
    if float(np.abs(units.astype(np.float64)).sum()) < EXACT / 2:
        return np.bincount(slots, weights=units, minlength=size).astype(np.int64)
    low = np.bincount(slots, weights=units & (2**LOW_BITS - 1), minlength=size).astype(np.int64)
    upper = units >> LOW_BITS
    if float(np.abs(upper.astype(np.float64)).sum()) >= EXACT / 2:
        return _in_python(slots, units, size)
    high = np.bincount(slots, weights=upper, minlength=size).astype(np.int64)
    if int(np.abs(high).max(initial=0)) < LARGE >> LOW_BITS:
        return (high << LOW_BITS) + low
    return (high.astype(object) << LOW_BITS) + low.astype(object)


def _in_python(slots: np.ndarray, units: np.ndarray, size: int) -> np.ndarray:
    """As slow as it is exact: for sums of which no currency has ever heard."""
    sums = np.zeros(size, dtype=object)
    np.add.at(sums, slots, units.astype(object))
    return sums


def _whole(numbers: list[int]) -> np.ndarray:
    large = any(abs(number) >= LARGE for number in numbers)
    return np.array(numbers, dtype=object if large else np.int64)
