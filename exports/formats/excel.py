"""XLSX: the rows' XML is put together by COPY inside PostgreSQL and packed as it comes, chunk by chunk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.db import connection
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from exports import writing
from exports.columns import Cell, Column
from exports.formats import zipped
from exports.formats.base import Format, IncompleteError, State, Table

SHEET_ROWS = 1_048_576  # of a sheet, with its header
SHEET_BYTES = 3_000_000_000  # of a sheet's XML; its archive ends at four
LONGEST = 32_767  # characters of a cell: more a spreadsheet refuses
FORMULAS = "{9,10,13,32,43,45,61,64,160}"  # how formulas begin, or blanks before one: tab, newlines, blanks, + - = @
# What COPY puts between and around values, and what XML cannot hold: all taken out again. Line ends and tabs stay.
NOISE = bytes(each for each in range(32) if each not in (9, 10, 13))
PLAIN, BOLD, DAY, MOMENT, QUOTED = range(5)  # places in STYLES
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STYLES = (
    f'{XML}<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Excel(Format):
    """A workbook. Texts are cells of text, which no spreadsheet runs; what looks like a formula also says so itself.

    A sheet that is full is followed by another one, with the header again.
    """

    name = "xlsx"
    title = "Excel"
    text = _("A workbook for spreadsheets; numbers and dates are such.")
    ending = ".xlsx"
    content_type = f"{TYPE}.sheet"

    def begin(self, path: Path, table: Table) -> State:
        with path.open("wb") as file:
            state = begin_sheet(file, table, ended=[])
            return state | {"size": file.tell(), "total": 0}

    def append(self, path: Path, table: Table, ids: BitMap, *, state: State) -> tuple[int, State]:
        done = 0
        with zipped.opened_at(path, state["size"]) as file:
            while ids:
                if state["rows"] >= SHEET_ROWS or state["sheet"]["raw"] >= SHEET_BYTES:
                    state |= begin_sheet(file, table, ended=[*state["ended"], end_sheet(file, state["sheet"])])
                now, ids = ids[: SHEET_ROWS - state["rows"]], ids[SHEET_ROWS - state["rows"] :]
                with writing.times_in(table.timezone), connection.cursor() as cursor:
                    with cursor.copy(statement(table, now, above=state["rows"])) as lines:
                        sheet = zipped.write(file, state["sheet"], cleaned(lines))
                    rows = cursor.rowcount
                state = state | {"sheet": sheet, "rows": state["rows"] + rows}
                done += rows
            return done, state | {"size": file.tell(), "total": state["total"] + done}

    def finish(self, path: Path, table: Table, *, state: State, rows: int) -> Path:
        if state["total"] != rows or path.stat().st_size != state["size"]:
            raise IncompleteError
        with zipped.opened_at(path, state["size"]) as file:
            sheets = [*state["ended"], end_sheet(file, state["sheet"])]
            rest = [zipped.add(file, name, content) for name, content in around(len(sheets))]
            zipped.close(file, [*sheets, *rest])
        return path


def begin_sheet(file: Any, table: Table, *, ended: list[dict[str, Any]]) -> State:
    """The next sheet with its header."""
    sheet = zipped.begin_member(file, f"xl/worksheets/sheet{len(ended) + 1}.xml")
    cells = "".join(
        f'<c r="{letters(place)}1" t="inlineStr" s="{BOLD}"><is><t xml:space="preserve">{safe(label)}</t></is></c>'
        for place, label in enumerate(table.labels)
    )
    view = '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft"'
    view += ' state="frozen"/></sheetView></sheetViews>'
    first = f'{XML}<worksheet xmlns="{MAIN}">{view}<sheetData><row r="1">{cells}</row>'
    return {"sheet": zipped.write(file, sheet, [first.encode()]), "rows": 1, "ended": ended}


def end_sheet(file: Any, sheet: dict[str, Any]) -> dict[str, Any]:
    return zipped.end_member(file, zipped.write(file, sheet, [b"</sheetData></worksheet>"]))


def cleaned(lines: Iterator[memoryview]) -> Iterator[bytes]:
    for line in lines:
        yield bytes(line).translate(None, NOISE)


def safe(label: str) -> str:
    return escape("".join(sign for sign in label if sign >= " "))


def letters(place: int) -> str:
    """What a spreadsheet calls its columns: A … Z, AA …"""
    name = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        name, place = chr(ord("A") + letter) + name, place - 1
    return name


def statement(table: Table, ids: BitMap, *, above: int) -> str:
    """COPY of the rows as XML, numbered on from `above`. Values are parted by signs that are taken out again."""
    where, values = writing.among(ids)
    found = ", ".join(f"{value_of(column)} AS v{place}" for place, column in enumerate(table.columns))
    numbered = "(row_number() OVER (ORDER BY c.id) + %(above)s)::text AS n"
    cells = ", ".join(cell(column.cell, f"v{place}", letters(place)) for place, column in enumerate(table.columns))
    query = (
        f"SELECT '<row r=\"' || n || '\">', {cells}, '</row>'"  # noqa: S608 (names are our own)
        f" FROM (SELECT {found}, {numbered} FROM contacts_contact c WHERE {where}) rows"
    )
    form = "FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02'"
    return writing.copy_of(query, table.columns, values | {"above": above}, form=form)


def value_of(column: Column) -> str:
    match column.cell:
        case Cell.LIST:
            return f"array_to_string({column.raw}, ', ')"
        case Cell.MOMENT:
            return f"({column.raw})::timestamp(0)"
        case Cell.TEXT | Cell.SAFE:
            return f"nullif({column.raw}, '')"
        case Cell.WHOLE | Cell.NUMBER | Cell.BOOLEAN | Cell.DATE:
            return column.raw


def cell(kind: Cell, v: str, place: str) -> str:
    """SQL of one cell of the value `v`: NULL, which writes nothing, where there is none."""
    start = f"'<c r=\"{place}' || n || '\""
    match kind:
        case Cell.WHOLE:
            return valued(start, PLAIN, v)
        case Cell.NUMBER:  # a spreadsheet keeps fifteen digits
            short = f"length(translate({v}, '-.', '')) <= 15"
            return f"CASE WHEN {short} THEN {valued(start, PLAIN, v)} ELSE {text(start, v)} END"
        case Cell.BOOLEAN:
            return f"{start} t=\"b\"><v>' || {v}::boolean::int || '</v></c>'"
        case Cell.DATE:  # days are counted rightly from March 1900 on
            days = valued(start, DAY, f"({v}::date - DATE '1899-12-30')")
            return f"CASE WHEN {v} >= '1900-03-01' THEN {days} ELSE {text(start, v)} END"
        case Cell.MOMENT:
            days = valued(start, MOMENT, f"round(extract(epoch FROM {v} - TIMESTAMP '1899-12-30') / 86400, 8)")
            return f"CASE WHEN {v} >= '1900-03-01' THEN {days} ELSE {text(start, f'{v}::text')} END"
        case Cell.SAFE:
            return f"{start} t=\"inlineStr\"><is><t>' || {v} || '</t></is></c>'"
        case Cell.TEXT | Cell.LIST:
            return text(start, v)


def valued(start: str, style: int, value: str) -> str:
    return f"{start} s=\"{style}\"><v>' || {value} || '</v></c>'"


def text(start: str, v: str) -> str:
    """A cell of text, marked as typed with an apostrophe where it begins as formulas do."""
    quoted = f"CASE WHEN ascii({v}) = ANY('{FORMULAS}') THEN ' s=\"{QUOTED}\"' ELSE '' END"
    return (
        f"{start} t=\"inlineStr\"' || {quoted} || '><is><t xml:space=\"preserve\">' || {escaped(v)} || '</t></is></c>'"
    )


def escaped(v: str) -> str:
    """SQL of a text as XML, cut to what a cell holds. What only looks like a spreadsheet's escape is written as it is.

    Few texts hold any sign in question, and one look tells.
    """
    cut = f"CASE WHEN length({v}) > {LONGEST} THEN left({v}, {LONGEST - 1}) || '…' ELSE {v} END"
    plain = f"replace(replace(replace({cut}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
    odd = f"regexp_replace(replace({plain}, E'\\r', '&#13;'), '_(?=x[0-9A-Fa-f]{{4}}_)', '_x005F_', 'g')"
    plainly = f"{v} !~ E'[&<>\\r\\uFFFE\\uFFFF]|_x' AND length({v}) <= {LONGEST}"
    return f"CASE WHEN {plainly} THEN {v} ELSE translate({odd}, E'\\uFFFE\\uFFFF', '') END"


def around(sheets: int) -> Iterator[tuple[str, str]]:
    """The members of the archive beside the sheets."""
    numbers = range(1, sheets + 1)
    types = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>'
    )
    for n in numbers:
        types += f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TYPE}.worksheet+xml"/>'
    yield "[Content_Types].xml", f'{XML}<Types xmlns="{PACKAGE}/content-types">{types}</Types>'
    yield "_rels/.rels", relations([("officeDocument", "xl/workbook.xml")])
    listed = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    yield "xl/workbook.xml", f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
    leads = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    yield "xl/_rels/workbook.xml.rels", relations([*leads, ("styles", "styles.xml")])
    yield "xl/styles.xml", STYLES


def relations(leads: list[tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(leads, 1)
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'
