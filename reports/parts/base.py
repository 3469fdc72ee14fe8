"""The parts of a report: each takes its numbers in the snapshot that is open, and tells them in tables.

One module for a family of parts; a part is one entry in `reports.parts.PARTS`. Nothing else knows them by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from insights.statistics.calendars import Months, Weeks
from insights.statistics.comparing import Beside, ratio, shares, two_shares
from insights.statistics.dimensions import Dimension
from insights.statistics.lists import CriteriaOf
from insights.statistics.scopes import Scope
from insights.statistics.taking import Taking
from insights.statistics.telling import list_url
from reports.tables import Cell, Column, Kind, Line, Section, widths

BETWEEN = 0, 1  # places of (group, base) in an answer


@dataclass(frozen=True)
class Side:
    """One of the groups that a report is of. whole: all contacts, which the first's answers tell as their base.

    size: its contacts; place: 0 of the first, 1 of the one beside it.
    """

    name: str
    scope: Scope
    taking: Taking
    place: int
    whole: bool = False

    @property
    def style(self) -> int:
        """Its colour and dash in drawings: the same everywhere, all contacts quiet."""
        return 5 if self.whole else self.place + 1

    @property
    def size(self) -> int:
        return len(self.taking.sets.group)


@dataclass(frozen=True)
class Sides:
    """The groups, one or two, and what the report says of all its parts."""

    all: tuple[Side, ...]
    weeks: Weeks
    months: Months
    dimensions: tuple[Dimension, ...]
    only_kept: bool = False

    @property
    def first(self) -> Side:
        return self.all[0]

    @property
    def second(self) -> Side | None:
        return self.all[1] if len(self.all) > 1 else None

    @property
    def today(self) -> date:
        return self.weeks.today

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(side.size for side in self.all)

    def each(self, take: Callable[[Taking], "Answer"]) -> "list[tuple[Side, Answer, int]]":
        """What is taken of each, and the place of its own numbers in what is: (group, base). All contacts beside a
        group are the base of its own answer, so nothing is scanned for them."""
        made = take(self.first.taking)
        found = [(self.first, made, 0)]
        if self.second is not None:
            found.append((self.second, made, 1) if self.second.whole else (self.second, take(self.second.taking), 0))
        return found

    # --- columns of numbers of contacts --------------------------------------------------------------------------
    def columns(self) -> tuple[Column, ...]:
        """Contacts and their share, of each; what differs."""
        found: list[Column] = []
        for side in self.all:
            found.append(Column(pgettext("number of them", "Contacts"), Kind.COUNT, side.place))
            found.append(Column(_("Share"), Kind.SHARE, side.place))
        return (*found, Column(_("Difference"), Kind.DIFFERENCE)) if self.second else tuple(found)

    def beside(self, counts: Sequence[int]) -> Beside:
        """The shares of two groups."""
        if self.second is None:
            return Beside(ratio(counts[0], self.first.size), None, share=True)
        compare = shares if self.second.whole else two_shares
        return compare(counts[0], self.first.size, counts[1], self.second.size)

    def shares(self, counts: Sequence[int]) -> tuple[Fraction | None, ...]:
        return tuple(ratio(count, size) for count, size in zip(counts, self.sizes, strict=True))

    def counted(self, counts: Sequence[int], what: str, part: str) -> tuple[Cell, ...]:
        """The cells of `columns`. `part` empty: there is no list of them."""
        cells: list[Cell] = []
        for side, count, share in zip(self.all, counts, self.shares(counts), strict=True):
            cells.append(Cell(count, self.url(side, what, part) if count and part else ""))
            cells.append(Cell(share))
        return (*cells, Cell(self.beside(counts))) if self.second else tuple(cells)

    @staticmethod
    def url(side: Side, what: str, part: str) -> str:
        """The contacts of a group that a part names."""
        return list_url(side.scope, what, part)

    def lines(self, rows: Sequence[tuple[str, Sequence[int], str, str, bool]]) -> tuple[Line, ...]:
        """Rows of (label, how many of each group, dimension, part, faint) with bars."""
        long = widths([self.shares(counts) for _label, counts, *_rest in rows])
        return tuple(
            Line(label, self.counted(counts, what, part), faint, wide)
            for (label, counts, what, part, faint), wide in zip(rows, long, strict=True)
        )


Answer = object


@dataclass(frozen=True)
class Part:
    """One thing that a report can tell. key: in its row and in addresses; about: what it is, in a sentence.

    lists: what its numbers of contacts are in addresses, beyond those of statistics.
    """

    key: str
    title: str | Promise
    about: str | Promise
    make: Callable[[Sides], Section]
    lists: Mapping[str, CriteriaOf] = field(default_factory=dict)
