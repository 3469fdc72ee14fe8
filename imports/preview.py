"""What would become of the first rows: the import itself of these rows, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from imports import store
from imports.fields import Field
from imports.models import SourceFile
from imports.plans import Plan
from imports.reading import first_records
from imports.reports import label_of
from imports.rows import Doer, Result, Row, writer_for
from imports.rows.base import Cells, Values

SHOWN = 20
FULL = 60  # so many are tried, so that the last order shown is whole


@dataclass
class Cell:
    """A cell as it is in the file, what it becomes if that is written differently, and what is wrong with it."""

    text: str
    becomes: str
    error: str


@dataclass
class Shown:
    """A row of the preview; `errors` are those of no cell."""

    number: int
    cells: list[Cell]
    status: str
    errors: list[str]


def previewed(source: SourceFile, plan: Plan, doer: Doer) -> tuple[list[Shown], str]:
    """The first rows, for a plan without problems; and what is wrong with the file after them, if that is seen here."""
    read, fault = first_records(store.path_of(source.stored_as), plan.reading, FULL)
    rows = [Row(number, cells) for number, cells in (read[1:] if plan.reading.header else read)]
    with transaction.atomic():
        results = writer_for(plan, doer).write(rows)
        transaction.set_rollback(True)
    cells, fields = Cells(plan), plan.fields()
    told = [
        shown(row, cells.read(row), result, fields=fields, plan=plan)
        for row, result in list(zip(rows, results, strict=True))[:SHOWN]
    ]
    return told, fault


def shown(row: Row, values: Values, result: Result, *, fields: dict[str, Field], plan: Plan) -> Shown:
    at: dict[str, str] = {}
    others: list[str] = []
    for name, text in result.errors:
        column = column_of(name, plan.columns)
        if column:
            at[column] = f"{at[column]} {text}" if column in at else text
        else:
            label = label_of(name, fields)
            others.append(f"{label}: {text}" if label else text)
    found = []
    for place, name in enumerate(plan.columns):
        if not name:
            continue
        text = row.cells[place] if place < len(row.cells) else ""
        becomes = said(values.given.get(name, ""))
        found.append(Cell(text, becomes if becomes != text and name not in at else "", at.get(name, "")))
    return Shown(row.number, found, result.status, others)


def column_of(name: str, columns: Sequence[str]) -> str:
    """The column that an error is about: "lines[2].price" is of the column of prices."""
    if name in columns:
        return name
    head, _bracket, rest = name.partition("[")
    part = rest.partition("].")[2]
    if head == "lines" and f"lines.{part}" in columns:
        return f"lines.{part}"
    if name.startswith("contact"):
        return next((column for column in columns if column.startswith("contact.")), "")
    return ""


def said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
