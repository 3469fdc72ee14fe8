"""Conditions on contacts as SQL with bound parameters. Texts are constants of this package; values never enter them."""

from dataclasses import dataclass
from typing import Any, NamedTuple


class Where(NamedTuple):
    """A condition on `contacts_contact AS c`."""

    sql: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Column:
    """Where a contact's value is: an SQL expression, NULL where the contact has none.

    `as_text`: an instant kept as text of one fixed form, `YYYY-MM-DDTHH:MM:SS+00:00`, whose order is that of time.
    """

    sql: str
    params: tuple[Any, ...] = ()
    as_text: bool = False

    def where(self, template: str, *params: Any) -> Where:
        """`template` with `{}` for this column; `params` follow the column's own, which may stand only first."""
        return Where(template.format(self.sql), (*self.params, *params))
