"""Workbooks (XLSX) to rows of texts, a row at a time.

What a workbook says of its own size is believed only in so far as more is never unpacked than it says (zipfile stops
there). A formula is its last saved value; one without a value is refused, because its cell would look empty.
"""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from imports.errors import FileError
from imports.reading.limits import (
    LARGEST_TEXTS,
    LARGEST_UNPACKED,
    LONGEST_CELL,
    LONGEST_ROW,
    LONGEST_TAG,
    MB,
    MOST_COLUMNS,
    MOST_PARTS,
    MOST_SHEET_ROWS,
)

TEXTS = "sharedstrings.xml"
FAULTS = (
    zipfile.BadZipFile, InvalidFileException, DefusedXmlException, KeyError, ValueError, TypeError, IndexError,
    AttributeError, OverflowError, EOFError, NotImplementedError, RuntimeError, SyntaxError,
)  # fmt: skip


class _Sheet(WorkSheetParser):
    """Reads the cells, and refuses a formula whose value was never saved."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and cell["data_type"] != "s" and element.find(FORMULA_TAG) is not None:
            raise FileError(
                _(
                    "Row %(row)d holds a formula whose value is not saved in the file. "
                    "Open it in a spreadsheet, save it and upload it again."
                )
                % {"row": cell["row"]}
            )
        return cell


class _Bounded:
    """A part of a workbook as a stream that no single text and no single row of it can fill the memory from."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.since_tag = self.since_row = 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(min(size, MB) if size > 0 else MB)
        self.since_tag = after_last(data, b"<", self.since_tag)
        self.since_row = after_last(data, b"row", self.since_row)
        if self.since_tag > LONGEST_TAG or self.since_row > LONGEST_ROW:
            raise FileError(_("A row or a cell of the workbook is too large."))
        return data


def after_last(data: bytes, mark: bytes, before: int) -> int:
    """How much has been read since `mark` was last seen, where it was `before` ahead of `data`."""
    at = data.rfind(mark)
    return before + len(data) if at < 0 else len(data) - at


@contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """The workbook, its parts looked at before one is unpacked. Raises: FileError."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            refuse_bombs(archive.infolist())
        file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that we do not look at
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()
    except FileError:
        raise
    except FAULTS as error:
        raise FileError(_("The workbook is damaged or is no XLSX file.")) from error


def refuse_bombs(parts: list[zipfile.ZipInfo]) -> None:
    """Raises: FileError."""
    texts = sum(part.file_size for part in parts if part.filename.lower().endswith(TEXTS))
    others = sum(
        part.file_size
        for part in parts
        if not part.filename.lower().startswith("xl/worksheets/") and not part.filename.lower().endswith(TEXTS)
    )
    whole = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or whole > LARGEST_UNPACKED or texts > LARGEST_TEXTS or others > LARGEST_TEXTS:
        raise FileError(_("The workbook is too large when unpacked. Save the sheet as CSV and upload that."))
    if any(part.flag_bits & 1 for part in parts):
        raise FileError(_("The workbook is protected by a password."))


def sheet_names(file: BinaryIO) -> list[str]:
    """The sheets that hold cells, in their order."""
    with opened(file) as book:
        return [sheet.title for sheet in book.worksheets]


def sheet_rows(file: BinaryIO, name: str) -> Iterator[list[str]]:
    """Each row of the sheet as texts, rows that are not there as empty ones, so that numbers are those of the sheet.

    Raises: FileError, also while it is read; KeyError's place is taken by it where the sheet is gone.
    """
    with opened(file) as book:
        sheet = book[name]
        with sheet._get_source() as source:  # noqa: SLF001 (openpyxl's own reader pads every row to the sheet's width)
            cells = _Sheet(
                _Bounded(source),
                sheet._shared_strings,  # noqa: SLF001
                data_only=True,
                epoch=book.epoch,
                date_formats=book._date_formats,  # noqa: SLF001
                timedelta_formats=book._timedelta_formats,  # noqa: SLF001
            )
            last = 0
            for number, row in cells.parse():
                if number <= last:
                    raise FileError(_("The rows of the sheet are out of order."))
                if number > MOST_SHEET_ROWS:
                    raise FileError(_("The sheet has more than %(limit)d rows.") % {"limit": MOST_SHEET_ROWS})
                for _gap in range(last + 1, number):
                    yield []
                last = number
                yield texts_of(row, number)


def texts_of(row: list[dict[str, Any]], number: int) -> list[str]:
    """The cells of a row by their columns, without empty ones at its end."""
    found: dict[int, str] = {}
    for cell in row:
        text = text_of(cell["value"])
        if text:
            found[cell["column"]] = text
    if not found:
        return []
    width = max(found)
    if width > MOST_COLUMNS:
        raise FileError(_("Row %(row)d has more than %(limit)d columns.") % {"row": number, "limit": MOST_COLUMNS})
    return [found.get(column, "") for column in range(1, width + 1)]


def text_of(value: Any) -> str:
    """A cell as text: numbers with a decimal point, dates as 2026-11-21, yes and no as true and false."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime():
            value = value.replace(microsecond=0)
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)[:LONGEST_CELL]
