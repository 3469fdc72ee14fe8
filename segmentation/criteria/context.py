"""What a criterion is given to find its contacts: one instant, one state of the data, one place to ask."""

import copy
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import bitmap, id_set
from mirror.kinds import CONTACT
from mirror.reading import Reader, Rows
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.times import Days, Last, Span, Window
from segmentation.criteria.where import Where

if TYPE_CHECKING:
    from segmentation.criteria.base import Criterion

Progress = Callable[[int, int], None]
Made = TypeVar("Made")


class Reuse(Protocol):
    """See segmentation.builder.reuse."""

    def find(self, criterion: "Criterion", context: "Context") -> BitMap | None: ...
    def keep(self, criterion: "Criterion", context: "Context", members: BitMap) -> None: ...


@dataclass
class Context:
    """One evaluation: `now`, the account's `zone`, and what has been read so far.

    mask: the contacts a restricted user may see; every set is intersected with it. None: all.
    only: the contacts that are looked at, instead of all: their rows alone are read. For one contact, or a few.
    until: where `now` is an earlier instant, at which the present data are looked at: what happened up to `until`
        has happened. Windows of the past begin as they did at `now`, and end here (docs/segments.md, "Causes").
    own_until: the same for the values of contacts themselves, which may lie in the future, so that time brings them.
    reuse: sets of criteria that were counted before and cannot have changed (never in a stored calculation).
    progress: called with (done, total) after every criterion; what it raises stops the evaluation.
    """

    now: datetime
    zone: ZoneInfo
    mask: BitMap | None = None
    only: BitMap | None = None
    until: datetime | None = None
    own_until: datetime | None = None
    progress: Progress | None = None
    reuse: "Reuse | None" = None
    catalog: Catalog = field(default_factory=Catalog)
    _found: dict[Hashable, BitMap] = field(default_factory=dict)
    _made: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @cached_property
    def everyone(self) -> BitMap:
        """The contacts the account has, as far as the user may see them: what complements are taken in."""
        return self.visible(self.reader.everyone)

    @cached_property
    def population(self) -> Reader:
        """The rows of all contacts, also where `only` some are looked at: what some are measured against."""
        return self.reader if self.only is None else Reader()

    @cached_property
    def reader(self) -> Reader:
        """Where rows of contacts, activities, visits, orders and lines are read: in the snapshot that is open now."""
        return Reader(only=self.only)

    # --- time ----------------------------------------------------------------------------------------------------
    @property
    def present(self) -> datetime:
        """What happened later has not happened."""
        return self.until or self.now

    @property
    def facts(self) -> "Context":
        """This context, for the values of what happened (a parameter, the date of an order), not of contacts."""
        if self.until is None:
            return self
        other = copy.copy(self)
        other.own_until = self.until
        return other

    def span(self, window: Window) -> Span:
        """A window on what happened, as instants."""
        return self._ending(window.span(self.now, self.zone), window, self.until)

    def own_span(self, window: Window) -> Span:
        """A window on a value, as instants."""
        return self._ending(window.span(self.now, self.zone), window, self.own_until)

    def own_days(self, window: Window) -> Days:
        """A window on a value without a time, as days."""
        days = window.days(self.today)
        if self.own_until is None or not isinstance(window, Last):
            return days
        return Days(days.first, self.own_until.astimezone(self.zone).date())

    @staticmethod
    def _ending(span: Span, window: Window, until: datetime | None) -> Span:
        return Span(span.start, until) if until is not None and isinstance(window, Last) else span

    # --- contacts ------------------------------------------------------------------------------------------------
    def visible(self, ids: BitMap) -> BitMap:
        return ids if self.mask is None else ids & self.mask

    def narrowed(self, mask: BitMap | None) -> "Context":
        """This context for those alone who are in `mask` as well, in the same state of the data. None: itself."""
        if mask is None or (self.mask is not None and self.mask <= mask):
            return self
        other = Context(
            self.now, self.zone, self.visible(mask), self.only,
            until=self.until, own_until=self.own_until, catalog=self.catalog,
        )  # fmt: skip
        other.reader = self.reader
        return other

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

    def once_each(
        self, key: Hashable, names: Sequence[int], find: Callable[[Sequence[int]], dict[int, BitMap]]
    ) -> dict[int, BitMap]:
        """`once` for several sets found together; those that `find` has no set for are empty."""
        missing = [name for name in names if (key, name) not in self._found]
        if missing:
            found = find(missing)
            self._found |= {(key, name): self.visible(found.get(name, BitMap())) for name in missing}
        return {name: self._found[key, name] for name in names}

    def made(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes, made once in a context: for what is no set of contacts. Not masked."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def was_made(self, key: Hashable) -> Any:
        """What `made` has made already, or None."""
        return self._made.get(key)

    @staticmethod
    def read(query: str, params: tuple[Any, ...] = ()) -> BitMap:
        with connection.cursor() as cursor:
            cursor.execute(query, params)
            return bitmap(cursor.fetchone()[0])
