"""All who buy, ranked: how lately, how often, for how much. What `rfm` and `spender` look at, and pages show.

Rules in docs/criteria.md, "Buyers". Everything is over all buyers of the account, whoever looks.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mirror.kinds import ORDER
from mirror.reading import Arrays, Rows
from segmentation.criteria import sales, tallies
from segmentation.criteria.context import Context
from segmentation.criteria.tallies import Grouped, Totals

SCORES = 5
# By recency (rows, the most recent first) and by frequency and money together (1 to 5).
MATRIX = {
    5: ("new", "potential_loyalists", "potential_loyalists", "champions", "champions"),
    4: ("promising", "potential_loyalists", "potential_loyalists", "loyal", "champions"),
    3: ("promising", "need_attention", "need_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose_them"),
    1: ("lost", "lost", "at_risk", "cant_lose_them", "cant_lose_them"),
}
GROUPS = tuple(dict.fromkeys(group for row in MATRIX.values() for group in row))
_TABLE = np.array([[GROUPS.index(MATRIX[recency][fm]) for fm in range(SCORES)] for recency in range(1, SCORES + 1)])
BANDS, FREQUENT = (80, 99), 75  # of a hundred buyers, how many stand at or below a cut-off

_COUNTED = sales.counted(ORDER)
TOTAL = ORDER.column("total")
_UNITS = f"{sales.units(TOTAL, sales.MONEY)} AS units"


class CutOffs(NamedTuple):
    """Where one score, or one band, ends: a value equal to a cut-off is below it. Empty where nobody buys."""

    recency: np.ndarray  # moments
    frequency: np.ndarray  # numbers of orders
    monetary: np.ndarray  # amounts, in ten-thousandths
    bands: np.ndarray  # amounts: those above the first are medium, above the second big
    frequent: np.ndarray  # numbers of orders: those above the one are frequent


@dataclass(frozen=True)
class Buyers:
    """The contacts with an order that counts, not later than now.

    Shape: arrays of one length, by id. Units: `last` naive UTC; `spent` ten-thousandths of the account's currency.
    """

    ids: np.ndarray
    last: np.ndarray
    orders: np.ndarray
    spent: np.ndarray

    @cached_property
    def cut_offs(self) -> CutOffs:
        fifths = [100 * step // SCORES for step in range(1, SCORES)]
        money = ranked(self.spent, [*fifths, *BANDS])
        often = ranked(self.orders, [*fifths, FREQUENT])
        return CutOffs(ranked(self.last, fifths), often[:4], money[:4], money[4:], often[4:])

    @cached_property
    def recency(self) -> np.ndarray:
        """1 to 5; 5 are those who ordered last."""
        return scores(self.last, self.cut_offs.recency)

    @cached_property
    def frequency(self) -> np.ndarray:
        """1 to 5; 5 are those with the most orders."""
        return scores(self.orders, self.cut_offs.frequency)

    @cached_property
    def monetary(self) -> np.ndarray:
        """1 to 5; 5 are those who spent most."""
        return scores(self.spent, self.cut_offs.monetary)

    @cached_property
    def often_and_much(self) -> np.ndarray:
        """Frequency and money in one score, the higher one where they are apart by an odd number."""
        return (self.frequency + self.monetary + 1) // 2

    @cached_property
    def group(self) -> np.ndarray:
        """The place in GROUPS of each buyer's group."""
        return _TABLE[self.recency - 1, self.often_and_much - 1]

    def at(self, contact: int) -> int | None:
        """The place of a contact; None: it is no buyer."""
        place = int(np.searchsorted(self.ids, contact))
        return place if place < len(self.ids) and self.ids[place] == contact else None


def buyers(context: Context) -> Buyers:
    """All buyers at the context's present; read once in a context."""
    return context.made("buyers", lambda: _ranked(context))


def numbers_of_orders(context: Context) -> Totals:
    """How many orders each buyer has."""
    return context.made("numbers of orders", lambda: _there(tallies.count(_read(context, ())["contact_id"]), context))


def amounts_spent(context: Context) -> Totals:
    """What each buyer spent."""

    def found() -> Totals:
        read = _read(context, (_UNITS,))
        return _there(tallies.add(read["contact_id"], read["units"], unit=sales.MONEY), context)

    return context.made("amounts spent", found)


def _ranked(context: Context) -> Buyers:
    read = _read(context, ("moment", _UNITS))
    rows = Grouped(read["contact_id"])
    kept = _those(rows.ids, context)
    last = rows.extremes(read["moment"], largest=True)
    return Buyers(rows.ids[kept], last[kept], rows.counts[kept], rows.sums(read["units"])[kept])


def _read(context: Context, columns: tuple[str, ...]) -> Arrays:
    """Every order that counts, of every contact, whoever looks."""
    query = f"SELECT {', '.join(('contact_id', *columns))} FROM {{rows}} WHERE {_COUNTED.sql}"  # noqa: S608 - constants
    needed = (*_COUNTED.columns, TOTAL) if _UNITS in columns else _COUNTED.columns
    return context.population.select(Rows(ORDER, needed, last=context.present), query, _COUNTED.params)


def _there(totals: Totals, context: Context) -> Totals:
    kept = _those(totals.ids, context)
    return Totals(totals.ids[kept], totals.values[kept], totals.unit)


def _those(ids: np.ndarray, context: Context) -> np.ndarray:
    """Which of the contacts the account still has: rows of erased ones may stand in the mirror for a while."""
    everyone = context.population.everyone
    if not len(ids) or not len(everyone):
        return np.zeros(len(ids), dtype=bool)
    mask = np.zeros(max(int(ids[-1]), everyone.max()) + 1, dtype=bool)
    mask[np.frombuffer(everyone.to_array(), np.uint32)] = True
    return mask[ids]


def ranked(values: np.ndarray, percents: list[int]) -> np.ndarray:
    """The values at rank ceil(p·n/100), ascending, for each p: a value that somebody has."""
    if not len(values):
        return values[:0]
    places = [-(-percent * len(values) // 100) - 1 for percent in percents]
    if values.dtype == object:  # numbers beyond int64 are only sorted
        return np.sort(values)[places]
    return np.partition(values, sorted(set(places)))[places]


def scores(values: np.ndarray, cut_offs: np.ndarray) -> np.ndarray:
    """One more than the number of cut-offs below each value: equal values have equal scores."""
    found = np.ones(len(values), np.uint8)
    for cut_off in cut_offs:
        found += (values > cut_off).astype(np.uint8)
    return found
