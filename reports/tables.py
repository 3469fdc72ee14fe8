"""What a report shows and files alike: tables of numbers, each cell with its list, some with a drawing above."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from config.charts import Chart, HeatMap
from insights.statistics.comparing import Beside


class Kind(Enum):
    """What a column tells."""

    COUNT = "count"
    SHARE = "share"  # of one, told in per cent
    MONEY = "money"
    AVERAGE = "average"
    DIFFERENCE = "difference"


Value = int | Fraction | Decimal | Beside | None


@dataclass(frozen=True)
class Column:
    """`side`: the group it is of, by its place; None: of none alone."""

    title: str
    kind: Kind
    side: int | None = None


@dataclass(frozen=True)
class Cell:
    """`url`: the contacts who were counted."""

    value: Value = None
    url: str = ""


@dataclass(frozen=True)
class Line:
    """A row. `widths`: of its bars, one for each group, the longest of the table 100. day: the first of the days that
    it is of, which files have in place of the label."""

    label: str
    cells: tuple[Cell, ...]
    faint: bool = False
    widths: tuple[float, ...] = ()
    day: date | None = None


@dataclass(frozen=True)
class Table:
    """`first`: the head of the column with the labels. folded: behind a button on the screen. heat: the same
    figures as a map, which the screen has in place of the table; chart: drawn above it."""

    key: str
    title: str
    first: str
    columns: tuple[Column, ...]
    rows: tuple[Line, ...]
    note: str = ""
    chart: Chart | None = None
    folded: bool = False
    heat: HeatMap | None = None

    @property
    def heads(self) -> list[tuple[int | None, int]]:
        """The groups above the columns: which, and over how many."""
        found: list[tuple[int | None, int]] = []
        for column in self.columns:
            if found and found[-1][0] == column.side:
                found[-1] = (column.side, found[-1][1] + 1)
            else:
                found.append((column.side, 1))
        return found

    @property
    def lines(self) -> list[dict[str, object]]:
        """The rows for a template."""
        return [{"line": row, "cells": cells} for row, cells in zip(self.rows, self.paired, strict=True)]

    @property
    def paired(self) -> list[list[tuple[Column, Cell]]]:
        """Each row's cells with their columns."""
        return [list(zip(self.columns, row.cells, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Section:
    """A part of a report. `empty`: what to say where there are no tables."""

    key: str
    title: str
    note: str = ""
    tables: tuple[Table, ...] = ()
    empty: str = ""
    wide: bool = field(default=True)  # tables below each other; else as cards in columns


def widths(values: list[tuple[Fraction | None, ...]]) -> list[tuple[float, ...]]:
    """Lengths of bars by their shares: the longest of all is 100."""
    top = max((share for row in values for share in row if share), default=Fraction(1))
    return [tuple(round(float((share or 0) / top * 100), 2) for share in row) for row in values]
