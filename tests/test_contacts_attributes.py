"""Attribute values: what is accepted, how it is stored, what the refusals say."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from contacts.attributes import clean_attribute, value_text
from contacts.models import Attribute

OPTIONS = ["metal", "plastic", "Żółty"]
ZONE = ZoneInfo("Europe/Warsaw")

STORED = [
    ("text", "  Łódź ", "Łódź"),
    ("text", "Lo\u0301dz", "Lódz"),
    ("text", "two\r\nlines\tand", "two lines and"),
    ("text", 12, "12"),
    ("number", "12", 12),
    ("number", 12.0, 12),
    ("number", Decimal("0.10"), 0.1),
    ("number", "-0", 0),
    ("number", "123456789012345", 123456789012345),
    ("number", "0.1234567891", 0.1234567891),
    ("number", "1e3", 1000),
    ("boolean", True, True),
    ("boolean", "tak", True),
    ("boolean", "No", False),
    ("boolean", 0, False),
    ("date", "2026-02-28", "2026-02-28"),
    ("date", date(2026, 2, 28), "2026-02-28"),
    ("datetime", "2026-07-01T14:30:15.987+02:00", "2026-07-01T12:30:15+00:00"),
    ("datetime", "2026-07-01 14:30", "2026-07-01T12:30:00+00:00"),
    ("datetime", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
    ("datetime", datetime(2026, 1, 1, 1, 0, tzinfo=ZONE), "2026-01-01T00:00:00+00:00"),
    ("datetime", "2026-10-25 02:30", "2026-10-25T00:30:00+00:00"),  # twice on that night: the first
    ("choice", " metal ", "metal"),
    ("choices", ["plastic", "metal", "plastic"], ["metal", "plastic"]),
    ("choices", "plastic; metal", ["metal", "plastic"]),
    ("choices", ["Żółty", "plastic"], ["plastic", "Żółty"]),
]
REFUSED = [
    ("text", ["a"], "not_text"),
    ("text", True, "not_text"),
    ("text", "a\x00b", "control_signs"),
    ("text", "\ud800", "control_signs"),
    ("text", "x" * 1001, "too_long"),
    ("number", "3,5", "not_number"),
    ("number", True, "not_number"),
    ("number", "nan", "not_number"),
    ("number", float("inf"), "not_number"),
    ("number", "٣", "not_number"),
    ("number", "1234567890123456", "too_long"),
    ("number", "1e400", "too_long"),
    ("number", "0.00000000001", "too_long"),
    ("boolean", "maybe", "not_boolean"),
    ("boolean", 2, "not_boolean"),
    ("boolean", 1.0, "not_boolean"),
    ("date", "2026-02-29", "not_date"),
    ("date", "20260228", "not_date"),
    ("date", "2026-W09-6", "not_date"),
    ("date", "28.02.2026", "not_date"),
    ("date", 20260228, "not_date"),
    ("date", datetime(2026, 1, 1, tzinfo=ZONE), "not_date"),
    ("datetime", "2026-02-28", "not_datetime"),
    ("datetime", "0001-01-01T00:00:00+10:00", "not_datetime"),
    ("datetime", "2026-03-29 02:30", "skipped_hour"),
    ("choice", "wood", "not_option"),
    ("choice", "METAL", "not_option"),
    ("choices", ["metal", "wood"], "not_option"),
    ("choices", 3, "not_list"),
]


def definition(type_: str) -> Attribute:
    return Attribute(key="thing", name="Thing", type=type_, options=OPTIONS if type_.startswith("choice") else [])


@pytest.fixture(autouse=True)
def _in_warsaw():
    with timezone.override(ZONE), translation.override("en"):
        yield


@pytest.mark.parametrize(("type_", "raw", "stored"), STORED)
def test_a_value_is_stored_in_the_form_of_its_type(type_: str, raw: Any, stored: Any) -> None:
    value = clean_attribute(definition(type_), raw)
    assert (type(value), value) == (type(stored), stored)
    assert clean_attribute(definition(type_), value) == stored, "a stored value is its own clean form"


@pytest.mark.parametrize(("type_", "raw", "code"), REFUSED)
def test_what_does_not_fit_is_refused_with_the_reason(type_: str, raw: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean_attribute(definition(type_), raw)
    assert refused.value.code == code
    assert refused.value.messages[0]


@pytest.mark.parametrize("raw", [None, "", "  \t", [], ()])
@pytest.mark.parametrize("type_", ["text", "number", "boolean", "date", "datetime", "choice", "choices"])
def test_nothing_is_no_value(type_: str, raw: Any) -> None:
    assert clean_attribute(definition(type_), raw) is None


@pytest.mark.parametrize(
    ("language", "raw", "stored"),
    [
        ("pl", "1 234,5", 1234.5),
        ("pl", "1,234", 1.234),
        ("en", "3,5", 3.5),
        ("en", "1\u202f000", 1000),
        ("pl", "−3", -3),
    ],
)
def test_people_may_write_a_decimal_comma(language: str, raw: str, stored: float) -> None:
    with translation.override(language):
        assert clean_attribute(definition("number"), raw, localized=True) == stored


def test_a_comma_that_can_be_read_in_two_ways_is_asked_back() -> None:
    with pytest.raises(ValidationError) as refused:
        clean_attribute(definition("number"), "1,234", localized=True)
    assert refused.value.code == "ambiguous"


def test_people_may_write_a_polish_date() -> None:
    assert clean_attribute(definition("date"), "5.3.2026", localized=True) == "2026-03-05"
    moment = clean_attribute(definition("datetime"), "21.11.2026 14:30", localized=True)
    assert moment == "2026-11-21T13:30:00+00:00"


@pytest.mark.parametrize(
    ("language", "type_", "value", "text"),
    [
        ("en", "number", 1234.5, "1,234.5"),
        ("pl", "number", 1234.5, "1\u00a0234,5"),
        ("en", "boolean", False, "No"),
        ("en", "date", "1980-05-03", "3 May 1980"),
        ("en", "datetime", "2026-07-01T12:30:15+00:00", "1 Jul 2026, 14:30"),
        ("en", "choices", ["a", "b"], "a, b"),
        ("en", "text", None, ""),
        ("en", "number", "of another type once", "of another type once"),
    ],
)
def test_values_are_said_in_the_readers_language(language: str, type_: str, value: Any, text: str) -> None:
    with translation.override(language):
        assert value_text(type_, value) == text
