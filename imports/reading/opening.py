"""How a file is read: found out by looking, shown, and changed by who knows better."""

import csv
import io
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel

from config.spreadsheets import restore
from imports.errors import FileError
from imports.reading import text, workbook
from imports.reading.limits import LARGEST_FILE, MB, MOST_COLUMNS, SAMPLE
from imports.reading.rows import Rows
from segmentation.uploads.decoding import OLD_WORKBOOK, WORKBOOK

CR = re.compile(r"\r\n?")  # the writer does not quote them, and the reader refuses them bare


class Reading(BaseModel):
    """`delimiter`: of a CSV file; `sheet`: of a workbook; `header`: whether the first row names the columns."""

    format: Literal["csv", "xlsx"]
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    header: bool = True

    @property
    def divided_by(self) -> str:
        """What divides the cells of the plain copy."""
        return "," if self.format == "xlsx" else self.delimiter


class SheetGoneError(FileError):
    """The workbook has no such sheet."""


def sniffed(path: Path) -> Reading:
    """How the file is best read. Raises: FileError."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise FileError(_("The file is larger than %(limit)d MB.") % {"limit": LARGEST_FILE // MB})
    with path.open("rb") as file:
        start = file.read(8)
        if start.startswith(OLD_WORKBOOK):
            raise FileError(_("This is a workbook of an old kind, or one with a password. Save it as XLSX or CSV."))
        if start.startswith(WORKBOOK):
            found = Reading(format="xlsx", sheet=first_sheet(path))
        else:
            encoding = text.found_encoding(file)
            lines = text.first_lines(file, encoding)
            found = Reading(format="csv", encoding=encoding, delimiter=text.found_delimiter(lines))
    rows = sample(path, found)
    if not rows:
        raise FileError(_("The file is empty."))
    return found.model_copy(update={"header": looks_like_header(rows)})


def first_sheet(path: Path) -> str:
    names = sheets_of(path)
    if not names:
        raise FileError(_("The workbook has no sheet with cells."))
    return names[0]


def sheets_of(path: Path) -> list[str]:
    """The names of a workbook's sheets. Raises: FileError."""
    return list(_sheets(path, path.stat().st_mtime_ns))


def sample(path: Path, reading: Reading, most: int = SAMPLE) -> list[list[str]]:
    """The first rows that are not empty, their cells trimmed. Raises: FileError."""
    rows = _sample(path, path.stat().st_mtime_ns, reading.model_dump_json())[:most]
    return [list(row) for row in rows]


# A page asks for them several times, and a workbook has all its texts read each time: seconds for a million rows.
@lru_cache(maxsize=4)
def _sheets(path: Path, _written: int) -> tuple[str, ...]:
    with path.open("rb") as file:
        return tuple(workbook.sheet_names(file))


@lru_cache(maxsize=4)
def _sample(path: Path, _written: int, told: str) -> list[list[str]]:
    reading = Reading.model_validate_json(told)
    with path.open("rb") as file:
        if reading.format == "xlsx":
            found = rows_of_sheet(path, reading, file)
        else:
            found = iter(text.records(text.first_lines(file, reading.encoding, 2 * SAMPLE), reading.delimiter))
        rows = [[restore(cell).strip() for cell in row] for row in islice(found, 2 * SAMPLE)]
    rows = [row for row in rows if any(row)][:SAMPLE]
    if any(len(row) > MOST_COLUMNS for row in rows):
        raise FileError(_("The file has more than %(limit)d columns.") % {"limit": MOST_COLUMNS})
    return rows


def first_records(path: Path, reading: Reading, most: int) -> tuple[list[tuple[int, list[str]]], str]:
    """The first rows that are not empty, as an import reads them, by their numbers; and why it stops at the next.

    Looked for in the first megabyte or two of a text.
    """
    if reading.format == "xlsx":
        return list(enumerate(sample(path, reading, most), 1)), ""
    copied = io.BytesIO()
    found: list[tuple[int, list[str]]] = []
    rows = Rows(copied, delimiter=reading.delimiter)
    cut = False
    try:
        with path.open("rb") as file:
            cut = len(list(islice(text.copy_text(file, reading.encoding, copied), 2))) > 1
        for cells in rows:
            if any(cells):
                found.append((rows.row, [cell.strip() for cell in cells]))
            if len(found) == most:
                break
    except FileError as error:
        at_end = cut and rows.offset >= copied.tell()
        return found, "" if at_end else str(error)
    return found, ""


def repeated(rows: list[list[str]]) -> str:
    """The first cell that stands in the first row twice."""
    seen: set[str] = set()
    for cell in rows[0] if rows else ():
        if cell and cell.casefold() in seen:
            return cell
        seen.add(cell.casefold())
    return ""


def rows_of_sheet(path: Path, reading: Reading, file: io.BufferedReader) -> Iterator[list[str]]:
    if reading.sheet not in sheets_of(path):
        raise SheetGoneError(_("The workbook has no sheet “%(name)s”.") % {"name": reading.sheet[:60]})
    return workbook.sheet_rows(file, reading.sheet)


def looks_like_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: words, none of them twice, and not one number, date or address."""
    first = [cell for cell in rows[0] if cell]
    if repeated(rows):
        return False
    return not any(cell[0].isdigit() or "@" in cell or cell[0] in "+-" for cell in first)


def plain_copy(path: Path, reading: Reading, to: Path) -> Iterator[int]:
    """Writes the file as UTF-8 CSV, its lines ended by \\n; gives now and then how far it has come, in bytes or rows.

    Raises: FileError.
    """
    with path.open("rb") as file, to.open("wb", buffering=MB) as out:
        if reading.format == "csv":
            yield from text.copy_text(file, reading.encoding, out)
            return
        wrapped = io.TextIOWrapper(out, encoding="utf-8", newline="")
        writer = csv.writer(wrapped, lineterminator="\n")
        for number, row in enumerate(rows_of_sheet(path, reading, file), 1):
            writer.writerow(CR.sub("\n", cell).encode("utf-8", "replace").decode() for cell in row)
            if number % 5_000 == 0:
                yield number
        wrapped.flush()
        wrapped.detach()
