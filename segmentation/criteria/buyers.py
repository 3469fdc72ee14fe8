"""All who buy, ranked: how lately, how often, for how much. What `rfm` and `spender` look at, and pages show.

Rules in docs/criteria.md, "Buyers". Everything is over all buyers of the account, whoever looks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from django.db import connection

from mirror.kinds import ORDER
from mirror.reading import Reader, Rows
from segmentation.criteria import sales, tallies
from segmentation.criteria.context import Context
from segmentation.criteria.tallies import Totals

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
_COUNTED = sales.counted(ORDER)
TOTAL = ORDER.column("total")
FIFTHS = (20, 40, 60, 80)  # of a hundred buyers, how many stand at or below a cut-off
BANDS, FREQUENT = (80, 99), 75
RANKS = {"recency": FIFTHS, "frequency": (*FIFTHS, FREQUENT), "monetary": (*FIFTHS, *BANDS)}
KEPT = 200  # cut-offs that a process remembers


class CutOffs(NamedTuple):
    """Where one score, or one band, ends: a value equal to a cut-off is below it. Empty where nobody buys."""

    recency: np.ndarray  # moments
    frequency: np.ndarray  # numbers of orders
    monetary: np.ndarray  # amounts, in ten-thousandths
    bands: np.ndarray  # amounts: those above the first are medium, above the second big
    frequent: np.ndarray  # numbers of orders: those above the one are frequent


@dataclass(frozen=True)
class Buyers:
    """The contacts with an order that counts, not later than now; where `only` some are looked at, those of them.

    Shape: arrays of one length, by id. Units: `last` naive UTC; `spent` ten-thousandths of the account's currency.
    `cut_offs` are those of all buyers.
    """

    ids: np.ndarray
    last: np.ndarray
    orders: np.ndarray
    spent: np.ndarray
    cut_offs: CutOffs

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
    """All buyers at the context's present; made once in a context."""
    return context.made("buyers", lambda: _buyers(context))


def _buyers(context: Context) -> Buyers:
    spent, last = measured(context, "monetary"), measured(context, "recency")
    orders = measured(context, "frequency")
    recency, frequency, monetary = (cut_offs(context, name).values for name in RANKS)
    ends = CutOffs(_moments(recency), frequency[:4], monetary[:4], monetary[4:], frequency[4:])
    return Buyers(spent.ids, _moments(last.values), orders.values, spent.values, ends)


def _moments(microseconds: np.ndarray) -> np.ndarray:
    return microseconds.view("datetime64[us]")


# --- what is ranked --------------------------------------------------------------------------------------------
def measured(context: Context, name: str, *, everybody: bool = False) -> Totals:
    """What each buyer comes to: `recency` (microseconds), `frequency` (orders) or `monetary` (ten-thousandths).

    Each reads only what it needs, and counting comes free with the amounts. `everybody`: also those not looked at.
    """
    reader = context.population if everybody else context.reader
    found: Callable[[], Totals] = {
        "recency": lambda: _last_orders(reader, context.present),
        "frequency": lambda: _numbers(reader, context.present),
        "monetary": lambda: _amounts(reader, context.present),
    }[name]
    whole = everybody or context.only is None
    if name == "frequency" and (spent := context.was_made(("buyers", "monetary", whole))):
        return Totals(spent.ids, spent.per)
    return context.made(("buyers", name, whole), found)


def _last_orders(reader: Reader, present: datetime) -> Totals:
    read = reader.select(Rows(ORDER, _COUNTED.columns, last=present), _query("moment"))
    microseconds = np.asarray(read["moment"]).astype("datetime64[us]", copy=False).view(np.int64)
    return _there(tallies.extreme(read["contact_id"], microseconds, largest=True), reader)


def _numbers(reader: Reader, present: datetime) -> Totals:
    return _there(tallies.count(reader.ids(Rows(ORDER, _COUNTED.columns, last=present), _COUNTED.sql)), reader)


def _amounts(reader: Reader, present: datetime) -> Totals:
    """With the number of orders in `per`."""
    rows = Rows(ORDER, (*_COUNTED.columns, TOTAL), last=present)
    read = reader.select(rows, _query(f"{TOTAL.name} AS units"))
    return _there(tallies.average(read["contact_id"], read["units"]), reader)


def _query(column: str) -> str:
    return f"SELECT contact_id, {column} FROM {{rows}} WHERE {_COUNTED.sql}"  # noqa: S608 - constants


def _there(totals: Totals, reader: Reader) -> Totals:
    """Without erased contacts, whose rows may stand in the mirror for a while."""
    everyone = np.frombuffer(reader.everyone.to_array(), np.uint32)
    if not len(totals.ids) or not len(everyone):
        kept = np.zeros(len(totals.ids), dtype=bool)
    else:
        mask = np.zeros(max(int(totals.ids[-1]), int(everyone[-1])) + 1, dtype=bool)
        mask[everyone] = True
        kept = mask[totals.ids]
    if kept.all():
        return totals
    return Totals(totals.ids[kept], totals.values[kept], totals.unit, None if totals.per is None else totals.per[kept])


# --- cut-offs --------------------------------------------------------------------------------------------------
class Known(NamedTuple):
    """Cut-offs by RANKS, as of an instant."""

    values: np.ndarray
    at: datetime


_known: dict[tuple[object, ...], Known] = {}


def cut_offs(context: Context, name: str) -> Known:
    """Those of all buyers. Where only some contacts are looked at, they are remembered as long as no order changes."""
    return context.made(("cut-offs", name), lambda: _cut_offs(context, name))


def _cut_offs(context: Context, name: str) -> Known:
    key = None if context.only is None else _key(context, name)
    known = _known.get(key) if key else None
    if known and known.at <= context.present:
        latest = context.population.latest("order")
        if latest is None or latest <= known.at:  # no order has begun to count since
            return known
    found = Known(ranked(measured(context, name, everybody=True).values, RANKS[name]), context.present)
    if key:
        while len(_known) >= KEPT:
            _known.pop(next(iter(_known)), None)
        _known[key] = found
    return found


def _key(context: Context, name: str) -> tuple[object, ...] | None:
    """What the cut-offs depend on besides time; None if that can't be told: in a transaction that writes, say."""
    stamp = context.population.tails["order"].stamp
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
        (reads_only,) = cursor.fetchone()
    return (connection.schema_name, name, stamp) if stamp is not None and reads_only else None  # type: ignore[attr-defined]


def ranked(values: np.ndarray, percents: Sequence[int]) -> np.ndarray:
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
