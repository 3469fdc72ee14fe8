"""What the rows of every subject share: cells to values, and what became of a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Account
from imports.converting import Convert, converter
from imports.plans import Plan
from users.models import User

REMEMBERED = 20_000  # different cells of a column: names, towns and states repeat themselves


@dataclass(frozen=True)
class Doer:
    """For whom rows are written, and when."""

    account: Account
    now: datetime
    by: str
    user: User | None


@dataclass(slots=True)
class Row:
    """One row of a file with its number there."""

    number: int
    cells: list[str]


@dataclass(slots=True)
class Result:
    """What became of a row. `errors`: (field, what is wrong with it); the field is "" for the row as such.

    `goes_on`: it is a further row of the same thing, a line of the order of the row before.
    """

    status: str
    contact: int | None = None
    errors: Sequence[tuple[str, str]] = ()
    goes_on: bool = False


@dataclass(slots=True)
class Values:
    """The cells of a row by the fields that they become, converted; "" is an empty cell."""

    given: dict[str, Any] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)


class Writer:
    """Writes rows, a chunk at a time, inside the chunk's transaction; a result for each row, in its place."""

    most = 10_000  # rows at once

    def __init__(self, plan: Plan, doer: Doer) -> None:
        self.plan = plan
        self.doer = doer
        self.cells = Cells(plan)

    def together(self, one: Row, other: Row) -> bool:
        """Whether two rows that follow each other are about one thing, which is written at once."""
        return False

    def write(self, rows: Sequence[Row]) -> list[Result]:
        raise NotImplementedError


class Cells:
    """Reads rows as the plan says."""

    def __init__(self, plan: Plan) -> None:
        fields = plan.fields()
        self.width = len(plan.columns)
        self.columns = [
            (place, name, remembering(converter(fields[name].shape, decimal=plan.decimal, dates=plan.dates)))
            for place, name in enumerate(plan.columns)
            if name
        ]

    def read(self, row: Row) -> Values:
        """Every cell that becomes something; of a row with cells beyond the last column nothing can be known."""
        values = Values()
        cells = row.cells
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            told = {"given": len(cells), "columns": self.width}
            values.errors.append(("", _("The row has %(given)d cells, and the file %(columns)d columns.") % told))
            return values
        for place, name, convert in self.columns:
            text = cells[place].strip() if place < len(cells) else ""
            try:
                values.given[name] = convert(text) if text else ""
            except ValidationError as error:
                values.errors.append((name, " ".join(error.messages)))
        return values


def remembering(convert: Convert) -> Convert:
    """The same, which converts the same text once."""
    known: dict[str, Any] = {}

    def remembered(text: str) -> Any:
        value = known.get(text)
        if value is None:
            value = convert(text)
            if len(known) < REMEMBERED:
                known[text] = value
        return value

    return remembered


def below(given: dict[str, Any], start: str) -> dict[str, Any]:
    """The values of "attributes.city" and its like, without what they begin with."""
    return {name[len(start) :]: value for name, value in given.items() if name.startswith(start)}


Complain = Callable[[str, str], None]
