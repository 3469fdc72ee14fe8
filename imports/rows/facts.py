"""What rows of orders and of activities share: whose they are, and how errors of items come back to rows."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from pyroaring import BitMap

from activities.services import ItemError
from contacts.sight import sees
from imports.fields import KNOWN_BY
from imports.plans import Plan
from imports.rows.base import Doer, Result, Row, Values, Writer
from imports.rows.people import contacts_named


class FactRows(Writer):
    """Reads rows, and finds the contact of each by the one column that says whose it is."""

    def __init__(self, plan: Plan, doer: Doer) -> None:
        super().__init__(plan, doer)
        self.way = next(way for way in KNOWN_BY if f"contact.{way}" in plan.columns)
        self.whose = f"contact.{self.way}"
        self.mask: BitMap | None = sees(doer.user)

    def read(self, rows: Sequence[Row]) -> list[Values]:
        """The values of each row; `contact` is whom it is about, or there is an error."""
        read = [self.cells.read(row) for row in rows]
        named = {values.given[self.whose] for values in read if values.given.get(self.whose)}
        found = contacts_named(self.way, named, mask=self.mask)
        for values in read:
            name = values.given.get(self.whose)
            if name == "":
                continue
            if name in found:
                values.given["contact"] = found[name]
            elif name is not None:
                values.errors.append((self.whose, _("There is no such contact.")))
        return read


def without_empty(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value != ""}


def refuse(results: dict[int, Result], place: int, error: ItemError) -> None:
    """Adds what is wrong with an item to the result of the row in this place."""
    result = results.setdefault(place, Result("rejected", errors=[]))
    result.status = "rejected"
    result.errors = [*result.errors, (error.field, error.message)]
