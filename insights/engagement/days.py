"""Who did something that counts for engagement, by days of the account's zone: exact to the last committed row.

What the files of the mirror have is kept (`filed_days`); what PostgreSQL has beyond them is added at every read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import bitmap, id_set
from insights.engagement.filed_days import Daily, FiledDays, merged, read_all, sources
from insights.errors import NotKeptError
from mirror.kinds import ACTIVITY, ORDER, VISIT, Kind
from segmentation.criteria import Context
from segmentation.criteria.engagement import interest
from segmentation.criteria.times import DAY, Span, end_of, start_of

CHANGED = 5_000  # contacts whose orders are read anew; of more, reading all orders is as quick


@dataclass(frozen=True)
class Days:
    """What counts, from the first to the last day, as `context` sees it. `last` is no later than today.

    Raises, on reading: NotKeptError, if `only_kept` and files would have to be read.
    """

    context: Context
    first: date
    last: date
    only_kept: bool = False

    def within(self, first: date, last: date) -> BitMap:
        """Who did something from one day to the other, both included."""
        return BitMap.union(BitMap(), *(self.by_day[day] for day in self._own(first, last)))

    def windows(self, days: int, ends: Sequence[date]) -> Iterator[tuple[date, BitMap]]:
        """Who did something in the last `days` days, at the end of each of `ends`, which ascend.

        What the windows of a block share is joined once: a union for each, instead of one of all its days.
        """
        at = 0
        while at < len(ends):
            middle = ends[at]  # the windows that hold this day: each is some days up to it, and some after it
            block = [end for end in ends[at:] if end - DAY * days < middle]
            before = dict(self._growing(middle, [end - DAY * (days - 1) for end in reversed(block)], -1))
            after = dict(self._growing(middle + DAY, [end for end in block if end > middle], 1))
            for end in block:
                early = before[end - DAY * (days - 1)]
                yield end, early | after[end] if end > middle else early
            at += len(block)

    def _growing(self, start: date, stops: Iterable[date], step: int) -> Iterator[tuple[date, BitMap]]:
        """From `start` to each of `stops`, one further than the other."""
        found, day = BitMap(), start
        for stop in stops:
            low, high = (day, stop) if step > 0 else (stop, day)
            found = BitMap.union(found, *(self.by_day[each] for each in self._own(low, high)))
            yield stop, found
            day = stop + DAY * step

    def _own(self, first: date, last: date) -> list[date]:
        """Those days of a stretch on which anybody did anything."""
        if (last - first).days < len(self.by_day):
            every = (first + DAY * n for n in range((last - first).days + 1))
            return [day for day in every if day in self.by_day]
        return [day for day in self.by_day if first <= day <= last]

    # --- reading ---------------------------------------------------------------------------------------------
    @cached_property
    def by_day(self) -> Daily:
        """Who did something, by day. A day on which nobody did is not there."""
        found = merged([self._inserted(ACTIVITY), self._inserted(VISIT), self._orders()])
        if self.last == self.context.today and self._ahead:  # of what is dated ahead nothing has happened yet
            found[self.last] = self._today()
        return found

    @property
    def _ahead(self) -> bool:
        reader = self.context.reader
        latest = (reader.latest(kind.name) for kind in (ACTIVITY, VISIT, ORDER))
        return any(at is not None and at > self.context.now for at in latest)

    def _today(self) -> BitMap:
        every = interest(self.context.catalog, Span(start_of(self.last, self.context.zone), self.context.now))
        return BitMap.union(BitMap(), *(id_set(self.context.reader.ids(rows, where)) for rows, where in every))

    def _inserted(self, kind: Kind) -> Daily:
        """Of rows that are written once and never changed. Those deleted are of contacts gone, or all is read."""
        tail = self.context.reader.tails[kind.name]
        known = tail.stamp is not None and not (tail.gone and _gone_of_those_there(kind))
        filed = self._filed(kind) if known else None
        if filed is None:
            return self._read(kind)
        return merged([filed, self._newer(kind, tail.cut)]) if tail.rows else filed

    def _orders(self) -> Daily:
        """Of rows that change: contacts of whom the files say too much or too little are read from PostgreSQL."""
        changed = self.context.reader.unfiled(ORDER, most=CHANGED)
        filed = None if changed is None else self._filed(ORDER)
        if filed is None or changed is None:
            return self._read(ORDER)
        if not changed:
            return filed
        others = BitMap(changed)
        return merged([{day: who - others for day, who in filed.items()}, self._anew(changed)])

    def _filed(self, kind: Kind) -> Daily | None:
        return FiledDays(self.context, kind).by_day(self.first, self.last, only_kept=self.only_kept)

    def _read(self, kind: Kind) -> Daily:
        if self.only_kept:
            raise NotKeptError(kind.name)
        return read_all(self.context, kind, self.first, self.last)

    def _newer(self, kind: Kind, cut: int) -> Daily:
        """The rows beyond the files."""
        if kind is VISIT:
            return self._from_tables(kind, f"{kind.written} >= %s", [cut])
        types = [rows.type for rows, _where in sources(self.context, kind, self.first, self.last)]
        return self._from_tables(kind, f"{kind.written} >= %s AND t.type_id = ANY (%s)", [cut, types])

    def _anew(self, contacts: Sequence[int]) -> Daily:
        """All orders that count of these contacts."""
        return self._from_tables(ORDER, f"t.contact_id = ANY (%s) AND {ORDER.column('counted').sql}", [list(contacts)])

    def _from_tables(self, kind: Kind, where: str, params: list[Any]) -> Daily:
        span = Span(start_of(self.first, self.context.zone), end_of(self.last, self.context.zone))
        query = (
            f"SELECT (t.at AT TIME ZONE %s)::date, string_agg(int4send(t.contact_id), '') FROM {kind.table}"  # noqa: S608 - constants
            f" WHERE {where} AND t.at BETWEEN %s AND %s GROUP BY 1"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [str(self.context.zone), *params, *span])
            return {day: bitmap(packed) for day, packed in cursor.fetchall()}


def _gone_of_those_there(kind: Kind) -> bool:
    """Whether any deleted row in the files was of a contact who is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM mirror_gone g WHERE kind = %s"
            " AND EXISTS (SELECT FROM contacts_contact c WHERE c.id = g.contact_id))",
            [kind.name],
        )
        return bool(cursor.fetchone()[0])
