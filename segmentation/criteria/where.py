"""Conditions on mirrored rows as SQL for DuckDB. Their texts are constants; values are bound parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mirror.kinds import Column as Mirrored


class Where(NamedTuple):
    """A condition: true, false or NULL for a row. `columns`: what has to be read for it."""

    sql: str
    params: tuple[Any, ...] = ()
    columns: tuple[Mirrored, ...] = ()


@dataclass(frozen=True)
class Column:
    """Where a value is in the mirror: `name`, NULL where there is none; of texts also `name` + `_f`, folded.

    `columns`: the mirror's own, those two or the one.
    """

    name: str
    columns: tuple[Mirrored, ...]

    @property
    def folded(self) -> str:
        return f"{self.name}_f"

    @property
    def type(self) -> str:
        """What DuckDB keeps it as."""
        return self.columns[0].type

    @property
    def unit(self) -> int:
        """Of what parts of one it is a whole number."""
        return self.columns[0].unit

    def where(self, template: str, *params: Any) -> Where:
        """`template` with `{}` for the value and `{f}` for the folded text; `params` in the order of its `?`."""
        names = {name for name, mark in ((self.name, "{}"), (self.folded, "{f}")) if mark in template}
        needed = tuple(column for column in self.columns if column.name in names)
        return Where(template.replace("{}", self.name).replace("{f}", self.folded), params, needed)


def complement(where: Where) -> Where:
    """True where `where` is not: also where there is no value."""
    return Where(f"({where.sql}) IS NOT TRUE", where.params, where.columns)


def marks(values: Sequence[Any]) -> str:
    """The `?` of a list."""
    return ", ".join("?" * len(values))
