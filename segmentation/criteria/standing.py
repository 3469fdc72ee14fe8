"""What every buyer comes to, kept for the orders in files: after an order only whom it concerns is counted anew.

The files of a revision never change, so what they come to is kept in this process. Contacts with orders that the files
do not tell rightly (newer, changed, deleted, moved, or later than the present) are counted anew from PostgreSQL, and
take the place of what is kept of them: exact, whatever happens meanwhile. For explaining one contact among all.
"""

from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import NamedTuple

import numpy as np
from django.db import connection

from mirror.kinds import ORDER
from mirror.reading import Arrays, Reader, Rows
from segmentation.criteria import sales, tallies
from segmentation.criteria.context import Context
from segmentation.criteria.times import TICK

MOST = 5_000  # contacts counted anew; of more, reading all orders is as quick
KEPT = 4_000_000  # buyers that are kept in a process: 28 bytes each

COUNTED = sales.counted(ORDER)
TOTAL = ORDER.column("total")
ORDERS = f"SELECT contact_id, moment, {TOTAL.name} AS units FROM {{rows}} WHERE {COUNTED.sql}"  # noqa: S608 - constants


class Measures(NamedTuple):
    """Of each buyer in `ids`: the last order in microseconds, their number, their sum in ten-thousandths."""

    ids: np.ndarray
    recency: np.ndarray
    frequency: np.ndarray
    monetary: np.ndarray


# By schema, and whether to an end: the revision of the files, that end, what orders in them come to.
_kept: OrderedDict[tuple[str, bool], tuple[int, datetime | None, Measures]] = OrderedDict()
_lock = Lock()


def measures(read: Arrays) -> Measures:
    """What orders that count come to: `contact_id`, `moment` and `units` of each."""
    spent = tallies.average(read["contact_id"], read["units"])
    last = tallies.extreme(read["contact_id"], microseconds(read), largest=True)
    return Measures(spent.ids.astype(np.int32), last.values, np.asarray(spent.per), spent.values)


def microseconds(read: Arrays) -> np.ndarray:
    return np.asarray(read["moment"]).astype("datetime64[us]", copy=False).view(np.int64)


def rows(**bounds: object) -> Rows:
    """The orders that are read."""
    return Rows(ORDER, (*COUNTED.columns, TOTAL), **bounds)  # type: ignore[arg-type]


def standing(context: Context, *, end: datetime | None = None) -> Measures | None:
    """Of all buyers of the account at the context's present, in no order. None: files and newer rows do not tell.

    `end`: of orders up to then alone, an instant that stays the same for a while, such as the end of a day.
    """
    reader = context.population
    unfiled = reader.unfiled(ORDER, most=MOST)
    filed = None if unfiled is None else _filed(reader, end)
    ahead = None if filed is None else np.empty(0, np.int32) if end is not None else _ahead(context)
    if unfiled is None or filed is None or ahead is None:
        return None
    anew = np.union1d(np.array(unfiled, np.int32), ahead)
    if not len(anew):
        return filed
    if len(anew) > MOST:
        return None
    own = measures(Reader(only=anew.tolist()).select(rows(last=end or context.present), ORDERS))
    others = tallies.besides(filed.ids, anew)
    return Measures(*(np.concatenate((kept[others], new)) for kept, new in zip(filed, own, strict=True)))


def _filed(reader: Reader, end: datetime | None) -> Measures | None:
    """What all orders in files come to, or those up to an instant."""
    schema, revision = connection.schema_name, reader.tails["order"].revision  # type: ignore[attr-defined]
    key = schema, end is not None
    known = _kept.get(key)
    if known is not None and known[:2] == (revision, end):
        return known[2]
    read = reader.filed(rows(last=end), ORDERS)
    if read is None:
        return None
    found = measures(read)
    _keep(key, revision, end, found)
    return found


def _keep(key: tuple[str, bool], revision: int, end: datetime | None, found: Measures) -> None:
    with _lock:
        _kept[key] = revision, end, found
        _kept.move_to_end(key)
        while len(_kept) > 1 and sum(len(each.ids) for *_of, each in _kept.values()) > KEPT:
            _kept.popitem(last=False)


def _ahead(context: Context) -> np.ndarray | None:
    """The contacts with filed orders later than the present."""
    latest = context.population.latest("order")
    if latest is None or latest <= context.present:
        return np.empty(0, np.int32)
    read = context.population.filed(rows(first=context.present + TICK), "SELECT DISTINCT contact_id FROM {rows}")
    return None if read is None else read["contact_id"]
