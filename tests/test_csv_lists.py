"""Lists uploaded as CSV: how files are read, which contacts they name, what is reported (IP14, IP15)."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from pyroaring import BitMap

from contacts.models import Contact
from segmentation.models import UploadedList, Version
from segmentation.services.uploads import read_upload, remove_old_uploads
from segmentation.uploads import reading
from segmentation.uploads.errors import UploadError
from segmentation.uploads.layout import layout_of
from tests.support.audiences import NOW, make_contacts, make_segment

pytestmark = pytest.mark.django_db
EMAIL, ID = UploadedList.Key.EMAIL, UploadedList.Key.ID


def contact(email: str) -> Contact:
    return Contact.objects.create(email=email, created_at=NOW, updated_at=NOW)


def read(content: bytes, *, key: str = EMAIL, name: str = "fair.csv") -> UploadedList:
    return read_upload(io.BytesIO(content), key=key, name=name, now=NOW, by=None)


def numbers(uploaded: UploadedList) -> tuple[int, ...]:
    report = uploaded.report
    return tuple(report[name] for name in ("rows", "matched", "not_found", "duplicate", "invalid"))


def rejected(uploaded: UploadedList) -> list[list[str]]:
    with default_storage.open(uploaded.rejects) as file:
        return list(csv.reader(io.StringIO(file.read().decode("utf-8-sig"))))[1:]


def test_rows_are_counted_once_each_and_the_numbers_add_up():
    """IP15."""
    anna, jan = contact("anna@example.com"), contact("jan@example.com")
    uploaded = read(
        b"anna@example.com\njan@example.com\nANNA@example.com \nnobody@example.com\nbroken\n,\n\nx@y@z.pl\n"
    )

    assert uploaded.matched_ids == BitMap([anna.pk, jan.pk])
    rows, matched, not_found, duplicate, invalid = numbers(uploaded)
    assert (rows, matched, not_found, duplicate, invalid) == (6, 2, 1, 1, 2)
    assert rows == matched + not_found + duplicate + invalid


def test_every_rejected_row_is_told_with_its_number_and_reason():
    contact("anna@example.com")
    uploaded = read(b"email\nanna@example.com\nnobody@example.com\n\nanna@example.com\nbroken\n")

    assert rejected(uploaded) == [
        ["3", "nobody@example.com", "no such contact"],
        ["5", "anna@example.com", "already in an earlier row"],
        ["6", "broken", "not readable as an address or id"],
    ]
    assert len(rejected(uploaded)) == uploaded.report["rows"] - uploaded.report["matched"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\xa0="])
def test_a_rejected_value_is_never_run_as_a_formula(start):
    uploaded = read(f'anna@example.com\n"{start}cmd|calc@x.pl"\n'.encode())

    values = [row[1] for row in rejected(uploaded)]
    assert any("cmd|calc" in value for value in values)
    assert all(not value.lstrip(" \xa0").startswith(("=", "+", "-", "@", "\t")) for value in values)


def test_a_file_never_creates_contacts():
    read(b"anna@example.com\njan@example.com\n")
    assert not Contact.objects.exists()


def test_a_list_in_which_everything_matched_has_no_rejected_rows():
    contact("anna@example.com")
    assert read(b"anna@example.com").rejects == ""


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250"],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_line_ends_and_delimiters_are_recognised(encoding, ending, delimiter):
    found = contact("zaneta@example.com")
    rows = [
        ["imię", "e-mail", "miasto"],
        ["Żaneta", "zaneta@example.com", "Łódź"],
        ["Świętosława", "s@example.com", "Kraków"],
    ]
    text = ending.join(delimiter.join(row) for row in rows) + ending

    uploaded = read(text.encode(encoding))

    assert uploaded.matched_ids == BitMap([found.pk])
    assert numbers(uploaded) == (2, 1, 1, 0, 0)
    assert uploaded.report["header"] == "e-mail"
    assert (uploaded.report["column"], uploaded.report["columns"]) == (2, 3)
    assert uploaded.report["encoding"] == {"utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}.get(encoding, encoding)


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends():
    found = contact("anna@example.com")
    uploaded = read(
        b'note,email\r\n"Kowalska, ""Ania""\r\nsecond line",anna@example.com\r\n"x","anna2@example.com"\r\n'
    )
    assert uploaded.matched_ids == BitMap([found.pk])
    assert numbers(uploaded) == (2, 1, 1, 0, 0)


def test_a_first_row_of_data_is_no_heading():
    found = contact("anna@example.com")
    uploaded = read(b"anna@example.com\nnobody@example.com\n")
    assert uploaded.matched_ids == BitMap([found.pk])
    assert uploaded.report["header"] is None
    assert uploaded.report["rows"] == 2


def test_a_faulty_first_row_is_reported_and_not_taken_for_a_heading():
    contact("anna@example.com")
    uploaded = read(b"jan.kowalski(at)example.com 2\nanna@example.com\n")
    assert uploaded.report["header"] is None
    assert rejected(uploaded)[0][:2] == ["1", "jan.kowalski(at)example.com 2"]


def test_of_several_columns_the_one_that_holds_addresses_is_taken():
    assert layout_of(["a;b;c\n", "1;x@example.com;2\n"], EMAIL).column == 1


def test_of_several_columns_of_numbers_the_one_called_id_is_taken():
    wanted = contact("anna@example.com")
    uploaded = read(f"score,id\n5,{wanted.pk}\n7,{wanted.pk}\n".encode(), key=ID)
    assert uploaded.matched_ids == BitMap([wanted.pk])
    assert numbers(uploaded) == (2, 1, 0, 1, 0)


def test_ids_match_contacts_and_whatever_is_no_id_is_invalid():
    ids = make_contacts(3)
    lines = [*map(str, ids), f"00{min(ids)}", "0", "-1", "1.5", "999999999", "99999999999999", "abc", "٣"]
    uploaded = read("\n".join(lines).encode(), key=ID)
    assert uploaded.matched_ids == ids
    assert numbers(uploaded) == (11, 3, 1, 1, 6)


def test_addresses_match_whatever_their_case_and_blanks_around_them():
    found = contact("łucja@example.com")
    assert read("\xa0 ŁUCJA@Example.COM \n".encode()).matched_ids == BitMap([found.pk])


def test_an_address_in_the_database_matches_however_odd_it_is():
    found = contact("root@localhost")
    uploaded = read(b"root@localhost\nother@localhost\n")
    assert uploaded.matched_ids == BitMap([found.pk])
    assert numbers(uploaded) == (2, 1, 0, 0, 1)


@pytest.mark.parametrize(
    ("key", "content", "told"),
    [
        (EMAIL, b"one 1\ntwo 2\n", r"^None of the 2 rows holds an e-mail address\.$"),
        (EMAIL, b"id;city\n17;Opole\n18;Opole\n", "Did you mean contact ids"),
        (ID, b"email\na@example.com\n", "Did you mean e-mail addresses"),
    ],
)
def test_a_file_of_which_no_row_can_be_read_is_refused(key, content, told):
    with pytest.raises(UploadError, match=told):
        read(content, key=key)
    assert not UploadedList.objects.exists()


def test_one_readable_row_is_enough_to_be_reported():
    assert numbers(read(b"one 1\nnobody@example.com\n")) == (2, 0, 1, 0, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"email\n", "no rows"),
        (b"PK\x03\x04rest of a workbook", "workbook"),
        (b"a@b.pl\x00\x01\x02\xff\xfe\x81 binary", "not text"),
        (b'email\n"a@b.pl\nb@b.pl\nc@b.pl\n', "quotation mark"),
        (b"email\n" + b"x" * 40_000, "longer than"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(content, told):
    with pytest.raises(UploadError, match=told):
        read(content)


def test_a_file_larger_than_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_FILE", 10)
    with pytest.raises(UploadError, match="larger than"):
        read(b"anna@example.com")


def test_a_file_of_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    with pytest.raises(UploadError, match="more than 2 rows"):
        read(b"a@b.pl\nb@b.pl\nc@b.pl\n")


def test_zero_bytes_inside_text_are_refused():
    with pytest.raises(UploadError):
        read(b"anna@example.com\n" + b"a\x00b@c.pl\n" * 3)


def test_two_files_can_be_read_in_one_transaction():
    found = contact("anna@example.com")
    read(b"x@example.com")
    assert read(b"anna@example.com").matched_ids == BitMap([found.pk])


def test_after_a_week_rejected_rows_are_gone_from_the_store_and_unused_lists_too():
    kept, unused = read(b"nobody@example.com"), read(b"somebody@example.com")
    segment: Any = make_segment()
    Version.objects.filter(pk=segment.version_id).update(criteria={"any": [{"kind": "file", "file": kept.pk}]})
    names = [kept.rejects, unused.rejects]

    remove_old_uploads(NOW + timedelta(days=6, hours=23))
    assert all(default_storage.exists(name) for name in names)

    remove_old_uploads(NOW + timedelta(days=7))
    assert not any(default_storage.exists(name) for name in names)
    assert list(UploadedList.objects.values_list("pk", "rejects")) == [(kept.pk, "")]


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_matched_in_seconds():
    """The rows pass through Python once; the rest is one COPY, one join and one COPY."""
    ids = make_contacts(2_000)
    addresses = [str(email) for email in Contact.objects.filter(pk__in=list(ids)).values_list("email", flat=True)]
    lines = addresses + [f"nobody{n}@example.com" for n in range(98_000)]
    uploaded = read("\n".join(lines).encode())
    assert numbers(uploaded) == (100_000, 2_000, 98_000, 0, 0)
