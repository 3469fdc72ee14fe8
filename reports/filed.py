"""The numbers of a report as files: CSV with one number a line, a workbook with a sheet for each part."""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from config import downloads
from config.spreadsheets import defuse
from insights.statistics.comparing import Beside
from reports.models import Report
from reports.tables import Kind, Line, Table, Value
from reports.taking import Content

SHEET = 31  # letters of a sheet's name
NARROW, WIDE = 9, 60  # letters that a column is wide, at least and at most
FORMATS = {Kind.COUNT: "#,##0", Kind.MONEY: "#,##0.00"}  # everything else with two decimals
FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": EXCEL}


def content(report: Report, found: Content, kind: str, *, reader: str) -> bytes:
    """The file of that kind. `reader`: whose sight it was taken within."""
    return workbook(report, found, reader) if kind == "xlsx" else lines(report, found, reader)


def about(report: Report, found: Content, reader: str) -> Iterator[tuple[str, Any]]:
    """What stands above the numbers."""
    yield _("Report"), report.name
    yield _("Taken on"), found.at
    yield _("By"), reader
    yield _("Contacts that the reader sees"), found.base
    for side in found.sides:
        yield side.name, side.size
        if side.scope.as_of is not None:
            yield _("%(name)s: as calculated on") % {"name": side.name}, side.scope.as_of
    for sentence in found.gone:
        yield _("Missing"), sentence


def value_of(value: Value) -> tuple[Any, str]:
    """As programs read it, and its unit where that does not follow from the column."""
    match value:
        case Beside(share=True):
            return value.points, _("percentage points")
        case Beside():
            return None if value.index is None else value.index - 100, "%"
    return value, ""


def plain(value: Value, kind: Kind) -> Value:
    """A number as it is written: shares in per cent."""
    return value * 100 if kind == Kind.SHARE and isinstance(value, Fraction) else value


def named(row: Line) -> Any:
    """What a row is of: the day that it begins with, where it is of days."""
    return row.label if row.day is None else row.day


def lines(report: Report, found: Content, reader: str) -> bytes:
    """CSV."""
    return downloads.lines(_lines(report, found, reader))


def _lines(report: Report, found: Content, reader: str) -> Iterator[Sequence[Any]]:
    yield _("part"), _("table"), _("row"), _("group"), _("what"), _("number"), _("unit")
    for what, value in about(report, found, reader):
        yield _("About this report"), "", "", "", what, value, ""
    for section in found.sections:
        for table in section.tables:
            for row, cells in zip(table.rows, table.paired, strict=True):
                for column, cell in cells:
                    group = "" if column.side is None else found.sides[column.side].name
                    number, unit = value_of(cell.value)
                    if number is None:
                        continue
                    unit = unit or {Kind.SHARE: "%", Kind.MONEY: found.currency}.get(column.kind, "")
                    number = plain(number, column.kind)
                    yield section.title, table.title, named(row), group, column.title, number, unit


# --- the workbook ----------------------------------------------------------------------------------------------
def workbook(report: Report, found: Content, reader: str) -> bytes:
    """A sheet about the report, then one for each part."""
    book = Workbook(write_only=True)
    taken = set[str]()
    sheet = book.create_sheet(_sheet_name(_("About this report"), taken))
    known = list(about(report, found, reader))
    _widen(sheet, [[what, value] for what, value in known])
    for what, value in known:
        sheet.append([_text(sheet, what, bold=True), _cell(sheet, value)])
    for section in found.sections:
        sheet = book.create_sheet(_sheet_name(section.title, taken))
        _widen(sheet, [line for table in section.tables for line in _labels(table, found)])
        sheet.append([_text(sheet, section.title, bold=True)])
        if section.note:
            sheet.append([_text(sheet, section.note)])
        for table in section.tables:
            _append(sheet, table, found)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _append(sheet: Any, table: Table, found: Content) -> None:
    sheet.append([])
    if table.title:
        sheet.append([_text(sheet, table.title, bold=True)])
    if len(found.sides) > 1:
        groups = ["" if one.side is None else found.sides[one.side].name for one in table.columns]
        sheet.append([_text(sheet, ""), *(_text(sheet, group, bold=True) for group in groups)])
    sheet.append([_text(sheet, head, bold=True) for head in _heads(table, found)])
    for row, cells in zip(table.rows, table.paired, strict=True):
        numbers = [
            _number(sheet, plain(value_of(cell.value)[0], column.kind), FORMATS.get(column.kind, "0.00"))
            for column, cell in cells
        ]
        sheet.append([_cell(sheet, named(row)), *numbers])


def _heads(table: Table, found: Content) -> list[str]:
    units = {Kind.SHARE: " (%)", Kind.MONEY: f" ({found.currency})"}
    return [table.first, *(f"{one.title}{units.get(one.kind, '')}" for one in table.columns)]


def _labels(table: Table, found: Content) -> Iterator[Sequence[Any]]:
    """What the columns have to be wide enough for."""
    yield _heads(table, found)
    yield from ([named(row)] for row in table.rows)


def _widen(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as what stands in them; before the first line, as a sheet is written line by line."""
    long: dict[int, int] = {}
    for row in rows:
        for place, value in enumerate(row, start=1):
            long[place] = max(long.get(place, NARROW), 20 if isinstance(value, datetime) else len(str(value)) + 2)
    for place, letters in long.items():
        sheet.column_dimensions[get_column_letter(place)].width = min(letters, WIDE)


def _text(sheet: Any, value: str, *, bold: bool = False) -> Any:
    """A cell of text, which no spreadsheet runs."""
    cell = WriteOnlyCell(sheet, value="")
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.data_type = "s"
    cell.quotePrefix = defuse(value) != value
    if bold:
        cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        return _text(sheet, value)
    if isinstance(value, datetime):
        value = timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    return WriteOnlyCell(sheet, value=value)


def _number(sheet: Any, value: Any, form: str) -> Any:
    cell = WriteOnlyCell(sheet, value=downloads.decimal(value) if isinstance(value, Fraction) else value)
    cell.number_format = form
    return cell


def _sheet_name(title: str, taken: set[str]) -> str:
    """What a spreadsheet lets a sheet be called, once in a file: whole words, where the first is not too long."""
    name = _shortened(title.translate(FORBIDDEN).strip(), SHEET) or "-"
    number = 2
    while name.casefold() in taken:
        name = f"{_shortened(name, SHEET - 3)} {number}"
        number += 1
    taken.add(name.casefold())
    return name


def _shortened(name: str, most: int) -> str:
    if len(name) <= most:
        return name
    return name[: most + 1].rpartition(" ")[0].rstrip() or name[:most]


def disposition(report: Report, found: Content, kind: str) -> str:
    """The header that names the file after the report."""
    return downloads.disposition(f"{report.name} {downloads.day(found.at)}", kind)
