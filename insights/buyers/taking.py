"""What the pages of buyers show, taken in one snapshot, of the contacts that the reader sees.

What was counted is kept under the stamp of the orders and the contacts seen, for as long as no order begins to count: a
page opened again scans nothing, and is right at every read.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from zlib import crc32
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection
from pyroaring import BitMap

from insights.buyers import counting
from insights.buyers.counting import Ends, Ranked, Some, Spending
from insights.buyers.erased import Erased, erased
from insights.buyers.outside import Foreign, Outside, outside
from insights.errors import NotKeptError
from insights.statistics.sets import Sets
from segmentation.criteria import Context
from segmentation.criteria.buyers import Kept, all_buyers, unmoved
from segmentation.criteria.times import Last, end_of
from segmentation.engine import snapshot

DAYS = 30
WITHIN = Last(DAYS, "day")
KEPT_S = 3600
FORM = f"{crc32(repr([one.__annotations__ for one in (Ranked, Spending, Ends, Some, Outside, Foreign)]).encode()):x}"
Made = TypeVar("Made")


@dataclass(frozen=True)
class Taken:
    """Everything about the buyers, as of `at`. `then`: the day at whose end movement begins.

    `everyone`: how many contacts the reader sees; `whole`: whether those are all there are.
    """

    at: datetime
    then: date
    currency: str
    everyone: int
    whole: bool
    ranked: Ranked
    outside: Outside
    erased: Erased


@dataclass(frozen=True)
class TakenSpending:
    """The same by how much and how often."""

    at: datetime
    currency: str
    everyone: int
    whole: bool
    spending: Spending
    outside: Outside


def day_then(today: date) -> date:
    """The day before the last 30 days, which today is one of."""
    first = WITHIN.days(today).first
    assert first is not None  # noqa: S101 - a window of days has a first one
    return date.fromordinal(first.toordinal() - 1)


def taken(*, now: datetime, zone: ZoneInfo, mask: BitMap | None, only_kept: bool = False) -> Taken:
    """Raises: NotKeptError, if `only_kept` and something would have to be scanned."""
    with snapshot():
        taking = Taking(Context(now=now, zone=zone, mask=mask), only_kept)
        context = taking.context
        then = day_then(context.today)
        end = end_of(then, zone)
        return Taken(
            now,
            then,
            context.catalog.currency,
            len(context.everyone),
            mask is None,
            taking.kept(
                f"rfm {then}",
                lambda: counting.ranked(all_buyers(context), all_buyers(context, end=end), mask),
            ),
            taking.kept("outside", lambda: outside(context)),
            erased(end) if mask is None else Erased(),
        )


def taken_spending(*, now: datetime, zone: ZoneInfo, mask: BitMap | None, only_kept: bool = False) -> TakenSpending:
    """Raises: NotKeptError, if `only_kept` and something would have to be scanned."""
    with snapshot():
        taking = Taking(Context(now=now, zone=zone, mask=mask), only_kept)
        context = taking.context
        return TakenSpending(
            now,
            context.catalog.currency,
            len(context.everyone),
            mask is None,
            taking.kept("spending", lambda: counting.spending(all_buyers(context), mask)),
            taking.kept("outside", lambda: outside(context)),
        )


@dataclass(frozen=True)
class Taking:
    """One taking in the snapshot that is open now."""

    context: Context
    only_kept: bool = False

    def kept(self, what: str, make: Callable[[], Made]) -> Made:
        """What `make` makes of the orders, or made of the same ones before.

        Raises: NotKeptError, where nothing may be made.
        """
        stamp = self.context.reader.tails["order"].stamp
        schema = connection.schema_name  # type: ignore[attr-defined]
        about = (str(self.context.zone), self.context.catalog.currency)
        told = repr((what, Sets(self.context.everyone, BitMap()).digest, about, stamp, FORM))
        key = f"buyers:{schema}:{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"
        found = None if stamp is None else cache.get(key)
        if found is not None and Kept(None, *found[1:]).at(self.context.present):  # type: ignore[arg-type]
            made: Made = found[0]
            return made
        if self.only_kept and self.many:
            raise NotKeptError(what)
        made = make()
        if stamp is not None:
            cache.set(key, (made, *self.context.made("unmoved", lambda: unmoved(self.context))), KEPT_S)
        return made

    @property
    def many(self) -> bool:
        """Whether a scan is worth waiting for beside the page: there are files."""
        return bool(self.context.reader.tails["order"].revision)
