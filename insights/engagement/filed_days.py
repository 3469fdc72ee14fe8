"""What the files of the mirror say of days, kept for as long as no file that reaches into their month changes.

Kept in this process, and in the cache for the others: a compaction has the months of its new files read again, an
event none. A day is the contacts who did something on it, as far as the files know.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from threading import Lock

import numpy as np
from django.core.cache import cache
from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import id_set
from insights.errors import NotKeptError
from insights.statistics.calendars import EPOCH, local
from mirror import files
from mirror.kinds import Kind
from mirror.reading import Arrays, Rows, outside
from segmentation.criteria import Context
from segmentation.criteria.engagement import interest
from segmentation.criteria.times import DAY, Span, end_of, shift, start_of

US = timedelta(microseconds=1)
AT_ONCE = 6  # months that are read together: 4 bytes for each row of theirs in memory, and 2 for its day
THIN = 20_000  # contacts of a day whose ids are put into a set one by one
KEPT = 128 << 20  # bytes of sets in a process; half a year of a million contacts who do 10,000 things a day takes 11 MB
KEPT_S = 6 * 3600  # in the cache
Daily = dict[date, BitMap]
Stamp = tuple[object, ...]

# (schema, zone, kind, first day of the month) -> what it was made of, its days, their bytes
_kept: OrderedDict[tuple[str, str, str, date], tuple[Stamp, Daily, int]] = OrderedDict()
_lock = Lock()


class FiledDays:
    """Days of one kind of rows by the files alone."""

    def __init__(self, context: Context, kind: Kind) -> None:
        self.context = context
        self.kind = kind

    def by_day(self, first: date, last: date, *, only_kept: bool = False) -> Daily | None:
        """Each day of a stretch on which anybody did anything. None: there are no sound files.

        Raises: NotKeptError, if `only_kept` and files would have to be read.
        """
        found: Daily = {}
        missing: list[tuple[date, Stamp]] = []
        for month in months(first, last):
            stamp = self._stamp(month)
            if len(stamp) > 1:  # a file reaches into it
                known = _known(self._key(month), stamp)
                if known is None:
                    missing.append((month, stamp))
                else:
                    found |= known
        if missing and only_kept:
            raise NotKeptError(self.kind.name)
        for stretch in _runs(missing):
            read = self._read(stretch[0][0], month_end(stretch[-1][0]))
            if read is None:
                return None
            for month, stamp in stretch:
                _keep(self._key(month), stamp, {day: read[day] for day in read if month <= day <= month_end(month)})
            found |= read
        return {day: who for day, who in found.items() if first <= day <= last}

    def _key(self, month: date) -> tuple[str, str, str, date]:
        return connection.schema_name, str(self.context.zone), self.kind.name, month  # type: ignore[attr-defined]

    def _stamp(self, month: date) -> Stamp:
        """The types of what counts, and the files that reach into the month: files never change."""
        parts = files.parts(self.kind.name, self.context.reader.tails[self.kind.name].revision)
        types = {rows.type: rows for rows, _where in sources(self.context, self.kind, month, month_end(month))}
        own = (part.name for part in parts if part.type in types and not outside(part, types[part.type]))
        return (tuple(sorted(types)), *sorted(own))

    def _read(self, first: date, last: date) -> Daily | None:
        found = []
        for rows, where in sources(self.context, self.kind, first, last):
            read = self.context.reader.filed(rows, statement(self.context, first, last, where))
            if read is None:
                return None
            found.append(read)
        return dated(first, found)


# --- rows by day -----------------------------------------------------------------------------------------------
def sources(context: Context, kind: Kind, first: date, last: date) -> list[tuple[Rows, str]]:
    """The rows of a kind that count within some days, and which of them."""
    span = Span(start_of(first, context.zone), end_of(last, context.zone))
    return [source for source in interest(context.catalog, span) if source[0].kind is kind]


def read_all(context: Context, kind: Kind, first: date, last: date) -> Daily:
    """By files and newer rows together: for when the files alone cannot be told from what has changed since."""
    found: Daily = {}
    every = months(first, last)
    for at in range(0, len(every), AT_ONCE):
        begin, end = max(every[at], first), min(month_end(every[min(at + AT_ONCE, len(every)) - 1]), last)
        asked = ((rows, statement(context, begin, end, where)) for rows, where in sources(context, kind, begin, end))
        found |= dated(begin, [context.reader.select(rows, query) for rows, query in asked])
    return found


def statement(context: Context, first: date, last: date, where: str) -> str:
    """A statement of DuckDB: the contact and the day, from 0, of every row."""
    origin, day = (datetime.combine(first, time.min) - EPOCH) // US, DAY // US
    span = Span(start_of(first, context.zone), end_of(last, context.zone))
    number = f"((({local(span, context.zone)}) - {origin}) // {day})::SMALLINT"
    return f"SELECT contact_id, {number} AS day FROM {{rows}}{' WHERE ' + where if where else ''}"  # noqa: S608 - constants


def dated(first: date, read: Sequence[Arrays]) -> Daily:
    """Rows as sets by day. Sorting the days, small numbers, takes a pass; a million rows some 60 ms in all."""
    days, ids = (
        np.concatenate([np.asarray(one[name]) for one in read] or [np.empty(0, np.int16)]) for name in _COLUMNS
    )
    order = np.argsort(days, kind="stable")
    days, ids = days[order], ids[order]
    if not len(days):
        return {}
    starts = np.flatnonzero(np.diff(days, prepend=-1))
    groups = np.split(ids, starts[1:])
    return {first + DAY * int(days[at]): _set(own) for at, own in zip(starts, groups, strict=True)}


_COLUMNS = ("day", "contact_id")


def _set(ids: np.ndarray) -> BitMap:
    return BitMap(ids.astype(np.uint32)) if len(ids) <= THIN else id_set(ids)


def merged(found: Iterable[Daily]) -> Daily:
    """Of each day everybody; sets that are kept are not changed."""
    by_day: dict[date, list[BitMap]] = {}
    for one in found:
        for day, who in one.items():
            by_day.setdefault(day, []).append(who)
    return {day: sets[0] if len(sets) == 1 else BitMap.union(*sets) for day, sets in by_day.items()}


# --- what is kept ----------------------------------------------------------------------------------------------
def _known(key: tuple[str, str, str, date], stamp: Stamp) -> Daily | None:
    """Of this process, or of another one."""
    with _lock:
        known = _kept.get(key)
        if known is not None and known[0] == stamp:
            _kept.move_to_end(key)
            return known[1]
    shared: Daily | None = cache.get(_shared(key, stamp))
    if shared is not None:
        _keep_here(key, stamp, shared)
    return shared


def _keep(key: tuple[str, str, str, date], stamp: Stamp, days: Daily) -> None:
    _keep_here(key, stamp, days)
    cache.set(_shared(key, stamp), days, KEPT_S)


def _keep_here(key: tuple[str, str, str, date], stamp: Stamp, days: Daily) -> None:
    own = sum(min(2 * len(who), who.max() // 8 + 1) for who in days.values())
    with _lock:
        _kept[key] = stamp, days, own
        _kept.move_to_end(key)
        while len(_kept) > 1 and sum(size for *_of, size in _kept.values()) > KEPT:
            _kept.popitem(last=False)


def _shared(key: tuple[str, str, str, date], stamp: Stamp) -> str:
    return f"engagement:{key[0]}:{hashlib.blake2b(repr((key, stamp)).encode(), digest_size=16).hexdigest()}"


# --- months ----------------------------------------------------------------------------------------------------
def months(first: date, last: date) -> list[date]:
    """The first day of each month that has days of the stretch."""
    found, month = [], first.replace(day=1)
    while month <= last:
        found.append(month)
        month = shift(month, 1, "month")
    return found


def month_end(month: date) -> date:
    return shift(month, 1, "month") - DAY


def _runs(missing: list[tuple[date, Stamp]]) -> Iterator[list[tuple[date, Stamp]]]:
    """Months that follow one another, at most `AT_ONCE`: read by one statement for each type."""
    run: list[tuple[date, Stamp]] = []
    for each in missing:
        if run and (len(run) == AT_ONCE or shift(run[-1][0], 1, "month") != each[0]):
            yield run
            run = []
        run.append(each)
    if run:
        yield run
