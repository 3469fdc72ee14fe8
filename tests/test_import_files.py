"""Files as they come: encodings, dialects, workbooks; and those that are refused."""

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from imports.errors import FileError
from imports.reading import (
    Reading,
    Rows,
    first_records,
    limits,
    plain_copy,
    rows,
    sample,
    sheets_of,
    sniffed,
    text,
    workbook,
)
from tests.support.importing import csv_of, saved, workbook_of

LINES = ("imię;e-mail", "Żaneta;z@example.com", '"Anna; Maria";a@example.com')


@pytest.fixture
def kept(tmp_path):
    def keep(data):
        path = tmp_path / "file"
        path.write_bytes(data)
        return path

    return keep


def read(path, reading):
    plain = path.with_suffix(".plain")
    list(plain_copy(path, reading, plain))
    with plain.open("rb") as file:
        return list(Rows(file, delimiter=reading.divided_by))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1250", "cp1250"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_a_text_is_read_in_its_encoding(kept, encoding, found):
    path = kept("\n".join(LINES).encode(encoding))
    reading = sniffed(path)
    assert reading == Reading(format="csv", encoding=found, delimiter=";", header=True)
    assert read(path, reading) == [["imię", "e-mail"], ["Żaneta", "z@example.com"], ["Anna; Maria", "a@example.com"]]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_that_divides_rows_evenly(kept, delimiter):
    path = kept(csv_of(*(delimiter.join(["a b", f"x{n};,"[: n % 2 * 2], "c"]) for n in range(9))))
    assert sniffed(path).delimiter == delimiter


@pytest.mark.parametrize(("said", "divided"), [("sep=;", ";"), ('"sep=,"', ","), ("SEP=\t\r", "\t")])
def test_the_first_line_of_spreadsheets_says_what_divides_cells(kept, said, divided):
    path = kept(csv_of(said, divided.join(["a", "b|c"]), divided.join(["1", "2|3"])))
    reading = sniffed(path)
    assert (reading.delimiter, reading.header) == (divided, True)
    assert sample(path, reading) == read(path, reading) == [["a", "b|c"], ["1", "2|3"]]


def test_a_file_of_that_line_alone_is_empty(kept):
    with pytest.raises(FileError, match="empty"):
        sniffed(kept(b"sep=;"))


def test_the_first_rows_are_those_an_import_reads_and_end_where_it_does(kept):
    path = kept(csv_of("a,b", "", "1,2", '"3,4', "5,6", "7,8"))
    found, fault = first_records(path, Reading(format="csv"), 60)
    assert found == [(1, ["a", "b"]), (3, ["1", "2"])]
    assert "Row 4 cannot be read as CSV" in fault
    assert first_records(path, Reading(format="csv"), 2) == (found, "")


def test_a_row_that_goes_on_behind_the_first_megabytes_is_no_fault(kept, monkeypatch):
    monkeypatch.setattr(text, "AT_ONCE", 10)
    path = kept(csv_of("a,b", "1,2", '"3', *"456789456789", '8",9'))
    assert first_records(path, Reading(format="csv"), 60) == ([(1, ["a", "b"]), (2, ["1", "2"])], "")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_end_of_line_ends_a_row(kept, end):
    path = kept(end.join(["a,b", "1,2", '"x', 'y",3']).encode())
    assert read(path, sniffed(path)) == [["a", "b"], ["1", "2"], ["x\ny", "3"]]


@pytest.mark.parametrize(("first", "header"), [("e-mail,name", True), ("a@b.pl,Ala", False), ("e-mail,e-mail", False)])
def test_a_first_row_of_words_names_the_columns(kept, first, header):
    assert sniffed(kept(csv_of(first, "x@y.pl,Ola"))).header is header


def test_reading_goes_on_at_any_row(kept):
    path = kept(csv_of("a,ż", '"1\n2",3', "", "4,5"))
    whole, at = [], []
    with path.open("rb") as file:
        found = Rows(file, delimiter=",")
        for cells in found:
            whole.append(cells)
            at.append((found.offset, found.row))
    for number, (offset, row) in enumerate(at, 1):
        with path.open("rb") as file:
            assert list(Rows(file, delimiter=",", offset=offset, row=row)) == whole[number:]


def test_a_line_that_is_the_whole_file_is_refused(kept, monkeypatch):
    monkeypatch.setattr(rows, "LONGEST_LINE", 100)
    with pytest.raises(FileError, match="Row 2 is longer"):
        read(kept(csv_of("a,b", "x" * 101 + ",y")), Reading(format="csv"))


def test_a_quotation_mark_never_closed_does_not_swallow_the_file(kept):
    path = kept(csv_of("a,b", '"open,1', *(f"{n},2" for n in range(limits.MOST_LINES + 5))))
    with pytest.raises(FileError, match="Row 2 cannot be read as CSV"):
        read(path, Reading(format="csv"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 99, "old kind"),
        (b"PK\x03\x04" + b"x" * 99, "no XLSX"),
        (b"a,b\n\x00\x01\x02\xff", "not text"),
        (csv_of(",".join(["x"] * 501)), "500 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(kept, data, why):
    with pytest.raises(FileError, match=why):
        sniffed(kept(data))


def test_a_workbook_gives_texts_as_a_person_would_write_them(kept):
    path = kept(workbook_of(
        ["e-mail", "born", "seen", "score", "big", "yes"],
        ["a@example.com", date(1980, 2, 1), datetime.fromisoformat("2026-01-02 03:04:05"), 1.5, 48600700800, True],
        [],
        [None, None, None, 2.0],
    ))  # fmt: skip
    reading = sniffed(path)
    assert (reading.format, reading.sheet, reading.header) == ("xlsx", "Sheet", True)
    assert read(path, reading)[1:] == [
        ["a@example.com", "1980-02-01", "2026-01-02 03:04:05", "1.5", "48600700800", "true"],
        [],
        ["", "", "", "2"],
    ]


def test_another_sheet_can_be_chosen(kept):
    book = Workbook()
    book.active.append(["first"])
    book.create_sheet("Klienci").append(["second"])
    path = kept(saved(book))
    assert sheets_of(path) == ["Sheet", "Klienci"]
    assert sample(path, Reading(format="xlsx", sheet="Klienci")) == [["second"]]
    with pytest.raises(FileError, match="no sheet"):
        sample(path, Reading(format="xlsx", sheet="Gone"))


def test_a_formula_without_a_saved_value_is_refused(kept):
    """Its cell would look empty. openpyxl saves no values."""
    with pytest.raises(FileError, match="Row 2 holds a formula"):
        sniffed(kept(workbook_of(["a", "b"], [1, "=A2*2"])))


def changed(data: bytes, name: str, change) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            held = old.read(part)
            new.writestr(part, change(held) if part == name else held)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda xml: xml.replace(b"<sheetData>", b"<sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>"
                                 + b"row " * limits.LONGEST_TAG + b"</t></is></c></row>"), "too large"),
        (lambda xml: xml.replace(b"<sheetData>", b"<sheetData><row r='1'>" + b"<c/>" * (2 << 18) + b"</row>"),
         "too large"),
        (lambda xml: xml.replace(b'r="2"', b'r="999999999"'), "more than"),
        (lambda xml: xml.replace(b'r="A2"', b'r="ZZZ2"'), "500 columns"),
        (lambda xml: b'<!DOCTYPE x [<!ENTITY e "eeee">]>' + xml.split(b"?>", 1)[-1].replace(b"<v>1<", b"<v>&e;<"),
         "damaged"),
        (lambda xml: xml[: len(xml) // 2], "damaged"),
    ],
    ids=["one cell", "one row", "row number", "column", "entities", "torn"],
)  # fmt: skip
def test_a_workbook_made_to_harm_is_refused(kept, monkeypatch, change, why):
    monkeypatch.setattr(workbook, "LONGEST_ROW", limits.MB)
    data = changed(workbook_of(["a", "b"], [1, 2]), SHEET, change)
    with pytest.raises(FileError, match=why):
        sniffed(kept(data))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(kept, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_UNPACKED", 1 << 20)
    data = changed(workbook_of(["a"], [1]), SHEET, lambda xml: xml + b" " * (1 << 20))
    with pytest.raises(FileError, match="too large when unpacked"):
        sniffed(kept(data))


def test_a_million_empty_rows_are_read_in_no_time(kept):
    data = changed(workbook_of(["a"], [1]), SHEET, lambda xml: xml.replace(b'r="2"', b'r="1000000"'))
    path = kept(data)
    assert sample(path, Reading(format="xlsx", sheet="Sheet"))[0] == ["a"]
