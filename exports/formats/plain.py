"""CSV: put together by COPY inside PostgreSQL, whose lines go into the file as they come."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from exports import writing
from exports.formats.base import Format, State, Table


class Csv(Format):
    """Text for every program; cells that a spreadsheet would run are defused."""

    name = "csv"
    title = "CSV"
    text = _("Text that every program reads; of any size.")

    def begin(self, path: Path, table: Table) -> State:
        first = writing.header(table.labels, separator=table.separator, bom=table.bom)
        path.write_bytes(first)
        return {"size": len(first)}

    def append(self, path: Path, table: Table, ids: BitMap, *, state: State) -> tuple[int, State]:
        copy = writing.statement(table.columns, ids, separator=table.separator)
        with writing.times_in(table.timezone):
            rows, size = writing.append(path, copy, at=state["size"])
        return rows, {"size": size}
