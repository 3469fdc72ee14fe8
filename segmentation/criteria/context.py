"""What a criterion is given to find its contacts: one instant, one state of the data, one place to ask."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import bitmap, id_set
from mirror.kinds import CONTACT
from mirror.reading import Reader, Rows
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.where import Where

Progress = Callable[[int, int], None]


@dataclass
class Context:
    """One evaluation: `now`, the account's `zone`, and what has been read so far.

    mask: the contacts a restricted user may see; every set is intersected with it. None: all.
    only: the contacts that are looked at, instead of all: their rows alone are read. For one contact, or a few.
    progress: called with (done, total) after every criterion; what it raises stops the evaluation.
    """

    now: datetime
    zone: ZoneInfo
    mask: BitMap | None = None
    only: BitMap | None = None
    progress: Progress | None = None
    catalog: Catalog = field(default_factory=Catalog)
    _found: dict[Hashable, BitMap] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @cached_property
    def everyone(self) -> BitMap:
        """The contacts the account has, as far as the user may see them: what complements are taken in."""
        return self.visible(self.reader.everyone)

    @cached_property
    def reader(self) -> Reader:
        """Where rows of contacts, activities, visits, orders and lines are read: in the snapshot that is open now."""
        return Reader(only=self.only)

    def visible(self, ids: BitMap) -> BitMap:
        return ids if self.mask is None else ids & self.mask

    def but(self, ids: BitMap) -> BitMap:
        """Everyone else."""
        return self.everyone - ids

    def fetch(self, where: Where) -> BitMap:
        """The contacts for whose own row `where` holds. An equal condition is fetched once in a context."""
        rows = Rows(CONTACT, where.columns)
        key = (where.sql, repr(where.params))
        return self.once(key, lambda: id_set(self.reader.ids(rows, where.sql, where.params)))

    def ids(self, query: str, params: tuple[Any, ...] = ()) -> BitMap:
        """The visible ones of the contacts in the one value `query` gives: `string_agg(int4send(id), '')`."""
        return self.once((query, repr(params)), lambda: self.read(query, params))

    def once(self, key: Hashable, find: Callable[[], BitMap]) -> BitMap:
        """The visible ones of what `find` finds; found once in a context, equal keys meaning equal sets."""
        if key not in self._found:
            self._found[key] = self.visible(find())
        return self._found[key]

    @staticmethod
    def read(query: str, params: tuple[Any, ...] = ()) -> BitMap:
        with connection.cursor() as cursor:
            cursor.execute(query, params)
            return bitmap(cursor.fetchone()[0])
