"""Formats of export files: Excel and Parquet hold the same rows as CSV, typed; each is resumed after a kill."""

import io
import zipfile
from datetime import date, datetime, timedelta

import duckdb
import openpyxl
import pytest

from actions.kinds import KINDS, KindError
from contacts.models import Attribute, Contact
from exports import store
from exports.formats import FORMATS, excel
from exports.formats.excel import letters
from exports.formats.parquet import unique
from exports.models import ExportFile
from jobs.models import JobState
from jobs.services import run as run_job
from tests import factories
from tests.support.audiences import NOW, make_contacts, ready_segment
from tests.test_exports import DANGEROUS, HARMLESS, carry_out, export, exported

TABLES = ["csv", "xlsx", "parquet"]
VALUES = {
    "city": "Łódź", "on": True, "born": "1990-02-28", "seen": "2026-07-01T10:00:00+00:00", "size": "M",
    "likes": ["a", "c"], "balance": -5.25,
}  # fmt: skip
KEYS = ["id", "email", "phone", "lead_score", "created_at", "tags", *("attribute:" + key for key in VALUES)]


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def typed(db):
    """Somebody with a value of every type, and somebody with none."""
    for key, kind, more in (
        ("city", "text", {}), ("on", "boolean", {}), ("born", "date", {}), ("seen", "datetime", {}),
        ("size", "choice", {"options": ["S", "M"]}), ("likes", "choices", {"options": ["a", "b", "c"]}),
        ("balance", "number", {}),
    ):  # fmt: skip
        factories.attribute(key, kind, **more)
    people = make_contacts(1, attributes=VALUES, phone="+48600700800", lead_score=-7)
    [contact] = Contact.objects.filter(pk__in=people)
    factories.tag("VIP", contact)
    factories.tag("B2B", contact)
    return people | make_contacts(1)


def sheets(file):
    with store.path_of(file.stored_as).open("rb") as opened:
        with zipfile.ZipFile(opened) as archive:
            assert archive.testzip() is None
        opened.seek(0)
        book = openpyxl.load_workbook(io.BytesIO(opened.read()))
    return [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book]


def parquet(file):
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        source = f"'{store.path_of(file.stored_as)}'"
        types = database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        cells = [f'"{name}"' + "::TIMESTAMP" * ("ZONE" in kind) for name, kind, *_rest in types]
        return database.execute(f"SELECT {', '.join(cells)} FROM {source}").fetchall()


def ids_in(file):
    """The first column, whatever the format."""
    match file.format:
        case "xlsx":
            return [row[0] for sheet in sheets(file) for row in sheet[1:]]
        case "parquet":
            return [row[0] for row in parquet(file)]
        case _:
            lines = store.path_of(file.stored_as).read_text().splitlines()[1:]
            return [int(line.partition(",")[0]) for line in lines]


def test_a_workbook_has_typed_cells(typed):
    """IO5."""
    file = exported(ready_segment(typed), KEYS, format="xlsx")
    [[header, full, empty]] = sheets(file)
    assert header[:3] == ["Id", "E-mail", "Phone"]
    assert full[2:6] == ["+48600700800", -7, datetime(2026, 11, 21, 9, 0), "B2B, VIP"]  # noqa: DTZ001 (as sheets have it)
    assert full[6:] == ["Łódź", True, datetime(1990, 2, 28), datetime(2026, 7, 1, 12, 0), "M", "a, c", -5.25]  # noqa: DTZ001
    assert empty[5:] == [None] * 8


def test_parquet_has_typed_columns(typed):
    """IO5."""
    file = exported(ready_segment(typed), KEYS, format="parquet")
    full, empty = parquet(file)
    assert full[2:6] == ("+48600700800", -7, NOW.replace(tzinfo=None), ["B2B", "VIP"])
    seen = datetime(2026, 7, 1, 10, 0)  # noqa: DTZ001 (UTC)
    assert full[6:] == ("Łódź", True, date(1990, 2, 28), seen, "M", ["a", "c"], -5.25)
    assert empty[5:] == (None,) * 8


ODD = [
    *DANGEROUS,
    *HARMLESS,
    "<b>&amp;</b>",
    "_x0041_",
    "a\r\nb",
    "]]>",
    "\ufffe",
    "x" * 120,
    "NULL",
    '""',
    "\\.",
    "\\N",
]


def test_no_text_is_a_formula_in_a_workbook_and_each_comes_back_as_it_was(db):
    """IO5. One file for all of them: a cell each, told apart by the id."""
    names = dict.fromkeys(ODD)
    people = [(make_contacts(1, last_name=name)[0], name) for name in names]
    file = exported(ready_segment([pk for pk, _name in people]), ("id", "last_name"), format="xlsx")
    raw = zipfile.ZipFile(store.path_of(file.stored_as)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in raw
    assert raw.count(f's="{excel.QUOTED}"') >= len(DANGEROUS)
    [rows] = sheets(file)
    read = dict(rows[1:])
    for pk, name in people:
        written = name.replace("\ufffe", "")
        assert (read[pk] or "").replace("_x005F_", "_") == written, name


def test_odd_texts_come_back_from_parquet(db):
    people = [(make_contacts(1, last_name=name)[0], name) for name in dict.fromkeys(ODD)]
    file = exported(ready_segment([pk for pk, _name in people]), ("id", "last_name"), format="parquet")
    assert dict(parquet(file)) == dict(people)


def test_a_full_sheet_is_followed_by_another_with_the_header(db, monkeypatch):
    monkeypatch.setattr(excel, "SHEET_ROWS", 4)
    monkeypatch.setattr(KINDS["export"], "chunk", 5)
    people = make_contacts(8)
    file = exported(ready_segment(people), format="xlsx")
    found = sheets(file)
    assert [len(sheet) for sheet in found] == [4, 4, 3]
    assert {sheet[0][0] for sheet in found} == {"Id"}
    assert ids_in(file) == list(people)


def test_a_workbook_larger_than_an_archive_may_be_is_refused_in_words(db, monkeypatch):
    monkeypatch.setattr(excel.zipped, "MOST", 500)
    run = carry_out(export(ready_segment(make_contacts(30)), format="xlsx"))
    assert run.state == JobState.FAILED
    assert "CSV or Parquet" in run.problem_text


def test_a_cell_is_cut_where_spreadsheets_end(db):
    factories.attribute("note")
    people = make_contacts(1, attributes={"note": "<" * 40_000})
    file = exported(ready_segment(people), ("attribute:note",), format="xlsx")
    [[_header, [cell]]] = sheets(file)
    assert (len(cell), cell[-1]) == (excel.LONGEST, "…")


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_what_a_kill_left_of_an_uncommitted_chunk_is_written_once(db, monkeypatch, form):
    monkeypatch.setattr(KINDS["export"], "chunk", 2)
    people = make_contacts(7)
    run = export(ready_segment(people), format=form)
    for torn in (b"torn", b"", b"x" * 5000):
        run_job("action", run.pk, now=NOW, turn=timedelta(0))
        run.refresh_from_db()
        with store.path_of(run.work["file"] + ".part").open("ab") as file:
            file.write(torn)
    carry_out(run)
    assert run.state == JobState.DONE
    assert ids_in(run.export_file) == list(people)
    assert run.export_file.size == store.path_of(run.export_file.stored_as).stat().st_size


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_a_kill_while_the_file_is_made_whole_leaves_nothing_of_it(db, monkeypatch, form):
    monkeypatch.setattr(KINDS["export"], "chunk", 3)
    people = make_contacts(5)
    run = export(ready_segment(people), format=form)
    real = type(FORMATS[form]).finish

    def killed(self, path, table, *, state, rows):
        monkeypatch.setattr(type(FORMATS[form]), "finish", real)
        real(self, path, table, state=state, rows=rows)
        raise KeyboardInterrupt  # as a kill: nothing is caught, nothing committed

    monkeypatch.setattr(type(FORMATS[form]), "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        run_job("action", run.pk, now=NOW)
    run.refresh_from_db()
    run_job("action", run.pk, now=NOW + timedelta(minutes=5))
    run.refresh_from_db()
    assert (run.state, ids_in(run.export_file)) == (JobState.DONE, list(people))


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_a_file_with_a_row_too_few_is_not_offered(db, monkeypatch, form):
    run = export(ready_segment(make_contacts(3)), format=form)
    real = type(FORMATS[form]).finish
    monkeypatch.setattr(
        type(FORMATS[form]),
        "finish",
        lambda self, path, table, *, state, rows: real(self, path, table, state=state, rows=rows + 1),
    )
    carry_out(run)
    assert run.state == JobState.FAILED
    assert not ExportFile.objects.exists()


@pytest.mark.parametrize("form", TABLES)
def test_an_empty_segment_gives_a_file_of_every_format(db, form):
    file = exported(ready_segment(), format=form)
    assert (ids_in(file), file.rows) == ([], 0)


@pytest.mark.parametrize("form", TABLES)
def test_columns_bear_the_names_they_were_given(db, form):
    people = make_contacts(1, first_name="Żaneta")
    file = exported(ready_segment(people), ("id", "first_name"), format=form, names={"first_name": "Imię"})
    match form:
        case "xlsx":
            header = sheets(file)[0][0]
        case "parquet":
            with duckdb.connect() as database:
                path = str(store.path_of(file.stored_as))
                header = [row[0] for row in database.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]
        case _:
            header = store.path_of(file.stored_as).read_text().splitlines()[0].split(",")
    assert header == ["Id", "Imię"]


def test_a_name_that_a_spreadsheet_would_run_is_defused(db):
    file = exported(ready_segment(make_contacts(1)), ("id",), names={"id": "=cmd()"})
    assert store.path_of(file.stored_as).read_text().startswith("'=cmd()")


@pytest.mark.parametrize("wrong", [
    {"format": "exe"}, {"names": {"id": ""}}, {"names": {"id": "a\nb"}}, {"names": {"id": "x" * 121}},
    {"columns": ["id", "id"]}, {"format": "meta"}, {"consent": "ads"}, {"format": "meta", "columns": [], "consent": ""},
])  # fmt: skip
def test_parameters_that_do_not_fit_each_other_are_refused(wrong):
    with pytest.raises(KindError):
        KINDS["export"].checked({"columns": ["id"]} | wrong)


def test_parameters_from_before_there_were_formats_are_csv():
    assert KINDS["export"].checked({"columns": ["id"], "separator": "comma", "bom": True}).format == "csv"


def test_a_retired_attribute_is_written_where_it_was_chosen_before(db, make_user):
    from exports.choosing import ExportForm

    attribute = factories.attribute("city")
    Attribute.objects.filter(pk=attribute.pk).update(retired_at=NOW)
    people = make_contacts(1, attributes={"city": "Łódź"})
    assert "attribute:city" not in ExportForm(now=NOW, by=make_user("owner")).known
    file = exported(ready_segment(people), ("attribute:city",))
    assert "Łódź" in store.path_of(file.stored_as).read_text()


def test_letters_of_columns():
    assert [letters(place) for place in (0, 25, 26, 51, 52, 701, 702, 16383)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip


def test_no_two_columns_of_parquet_have_one_name():
    assert unique(["City", "city", "City 2", "x"]) == ["City", "city 2", "City 2 2", "x"]
