"""All who buy, ranked: how lately, how often, for how much. What `rfm` and `spender` look at, and pages show.

Rules in docs/criteria.md, "Buyers". Everything is over all buyers of the account, whoever looks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from django.core.cache import cache

from mirror.kinds import ORDER
from mirror.layout import fingerprint
from mirror.reading import Reader, Rows, aware
from segmentation.criteria import tallies
from segmentation.criteria.context import Context
from segmentation.criteria.standing import COUNTED, ORDERS, TOTAL, Measures, microseconds, rows, standing
from segmentation.criteria.tallies import Totals
from segmentation.criteria.times import TICK

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
FIFTHS = (20, 40, 60, 80)  # of a hundred buyers, how many stand at or below a cut-off
BANDS, FREQUENT = (80, 99), 75
RANKS = {"recency": FIFTHS, "frequency": (*FIFTHS, FREQUENT), "monetary": (*FIFTHS, *BANDS)}
KEPT_S = 3600


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
    own = _together(context, everybody=False)
    missing = sum(context.was_made(("cut-offs", name)) is None and _kept(context, name) is None for name in RANKS)
    if missing > 1 and _standing(context) is None:
        _together(context, everybody=True)
    ends = _ends({name: cut_offs(context, name) for name in RANKS})
    orders, spent = own["frequency"], own["monetary"]
    return Buyers(spent.ids, _moments(own["recency"].values), orders.values, spent.values, ends)


def _ends(found: Mapping[str, np.ndarray]) -> CutOffs:
    recency, frequency, monetary = (found[name] for name in RANKS)
    return CutOffs(_moments(recency), frequency[:4], monetary[:4], monetary[4:], frequency[4:])


def all_buyers(context: Context, *, end: datetime | None = None) -> Buyers:
    """Every buyer of the account at the context's present, whoever looks: what pages of all of them show.

    What orders in files come to is kept in this process, so that after an order only whom it concerns is counted anew
    (`standing`). `end`: by the orders up to then, an instant that stays the same for a while, such as the end of a day.
    """
    found = standing(context, end=end)
    if found is None:
        every = _all(context.population, end or context.present)
        ids = every["monetary"].ids
        own = Measures(ids, *(every[name].values for name in RANKS))
    else:
        order = np.argsort(found.ids, kind="stable")  # two runs, each in order: merged
        own = Measures(*(each[order] for each in found))
    ends = _ends({name: ranked(getattr(own, name), RANKS[name]) for name in RANKS})
    return Buyers(own.ids, _moments(own.recency), own.frequency, own.monetary, ends)


def _moments(microseconds: np.ndarray) -> np.ndarray:
    return microseconds.view("datetime64[us]")


# --- what is ranked --------------------------------------------------------------------------------------------
def measured(context: Context, name: str, *, everybody: bool = False) -> Totals:
    """What each buyer comes to: `recency` (microseconds), `frequency` (orders) or `monetary` (ten-thousandths).

    Each reads only what it needs, and counting comes free with the amounts. `everybody`: also those not looked at.
    """
    whole = everybody or context.only is None
    together: dict[str, Totals] | None = context.was_made(("buyers", whole))
    if together:
        return together[name]
    if name == "frequency" and (spent := context.was_made(("buyers", "monetary", whole))):
        return _counts(spent)
    reader = context.population if everybody else context.reader
    found: Callable[[], Totals] = {
        "recency": lambda: _last_orders(reader, context.present),
        "frequency": lambda: _numbers(reader, context.present),
        "monetary": lambda: _amounts(reader, context.present),
    }[name]
    return context.made(("buyers", name, whole), found)


def _together(context: Context, *, everybody: bool) -> dict[str, Totals]:
    """All that can be `measured`, in one reading."""
    reader = context.population if everybody else context.reader
    return context.made(("buyers", everybody or context.only is None), lambda: _all(reader, context.present))


def _all(reader: Reader, present: datetime) -> dict[str, Totals]:
    read = reader.select(rows(last=present), ORDERS)
    spent = _there(tallies.average(read["contact_id"], read["units"]), reader)
    last = _there(tallies.extreme(read["contact_id"], microseconds(read), largest=True), reader)
    return {"recency": last, "frequency": _counts(spent), "monetary": spent}


def _counts(averages: Totals) -> Totals:
    return Totals(averages.ids, np.asarray(averages.per))


def _last_orders(reader: Reader, present: datetime) -> Totals:
    read = reader.select(Rows(ORDER, COUNTED.columns, last=present), _query("moment"))
    return _there(tallies.extreme(read["contact_id"], microseconds(read), largest=True), reader)


def _numbers(reader: Reader, present: datetime) -> Totals:
    return _there(tallies.count(reader.ids(Rows(ORDER, COUNTED.columns, last=present), COUNTED.sql)), reader)


def _amounts(reader: Reader, present: datetime) -> Totals:
    """With the number of orders in `per`."""
    read = reader.select(rows(last=present), _query(f"{TOTAL.name} AS units"))
    return _there(tallies.average(read["contact_id"], read["units"]), reader)


def _query(column: str) -> str:
    return f"SELECT contact_id, {column} FROM {{rows}} WHERE {COUNTED.sql}"  # noqa: S608 - constants


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
class Kept(NamedTuple):
    """Cut-offs, and from when until before when they are these: no order begins to count in between. None: open."""

    values: np.ndarray
    since: datetime | None
    until: datetime | None

    def at(self, present: datetime) -> bool:
        """Whether they are those of that instant."""
        return (self.since is None or self.since <= present) and (self.until is None or present < self.until)


def cut_offs(context: Context, name: str) -> np.ndarray:
    """Those of all buyers, by RANKS. Where only some contacts are looked at, they are kept for as long as they hold."""
    return context.made(("cut-offs", name), lambda: _cut_offs(context, name))


def _cut_offs(context: Context, name: str) -> np.ndarray:
    kept = _kept(context, name)
    if kept is not None:
        return kept
    every = _standing(context)
    values = measured(context, name, everybody=True).values if every is None else getattr(every, name)
    found = ranked(values, RANKS[name])
    if scope := _scope(context):
        cache.set(_key(scope, name), tuple(Kept(found, *unmoved(context))), KEPT_S)
    return found


def _standing(context: Context) -> Measures | None:
    """Of all buyers, where only some contacts are looked at and files help."""
    return None if context.only is None else context.made("standing", lambda: standing(context))


def _kept(context: Context, name: str) -> np.ndarray | None:
    """The cut-offs as another evaluation counted them, if they are those of this one."""
    scope = _scope(context)
    if scope is None:
        return None
    every = context.made("kept cut-offs", lambda: cache.get_many([_key(scope, each) for each in RANKS]))
    kept = every.get(_key(scope, name))
    return Kept(*kept).values if kept and Kept(*kept).at(context.present) else None


def unmoved(context: Context) -> tuple[datetime | None, datetime | None]:
    """The time around now in which no order begins to count: from the last one on, until before the next."""
    present, latest = context.present, context.population.latest("order")
    if latest is None or latest <= present:
        return latest, None
    read = context.population.select(Rows(ORDER, first=present + TICK), "SELECT min(moment) AS moment FROM {rows}")
    return present, next((aware(moment) for moment in np.ma.compressed(read["moment"])), None)


def _scope(context: Context) -> str | None:
    """What an account's cut-offs depend on, but for time; None: they are counted anew.

    Contacts need not be in it: no order is there whose contact is not.
    """
    return None if context.only is None else context.made("cut-offs", lambda: _scope_of(context.population))


def _scope_of(reader: Reader) -> str | None:
    stamp = reader.tails["order"].stamp
    return None if stamp is None else ":".join(map(str, (fingerprint("order"), *stamp)))


def _key(scope: str, name: str) -> str:
    return f"cut-offs:{name}:{'-'.join(map(str, RANKS[name]))}:{scope}"


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
