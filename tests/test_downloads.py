"""Numbers as they are written into files."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from config.downloads import as_csv, disposition, lines, written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1234567, 100), "12345.67"),
        (Fraction(123456789, 100), "1234567.89"),
        (Fraction(10**15 + 1, 10**4), "100000000000.0001"),
        (Fraction(2, 3), "0.6667"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(100), "100"),
        (Fraction(1, 10**9), "0"),
        (0.1 + 0.2, "0.3"),
        (1e22, "10000000000000000000000"),
        (Decimal("1E+3"), "1000"),
        (Decimal("120.50"), "120.50"),
        (-7, "-7"),
        (None, ""),
        ("=1+1", "'=1+1"),
        ("Lublin", "Lublin"),
        (date(2026, 11, 16), "2026-11-16"),
    ],
)
def test_a_number_keeps_all_its_digits_and_four_decimals(value: object, text: str) -> None:
    assert written(value) == text


def test_a_moment_is_told_by_the_clock_of_the_account() -> None:
    with timezone.override(ZoneInfo("Europe/Warsaw")):
        assert written(datetime(2026, 11, 22, 18, 6, 0, 5, tzinfo=ZoneInfo("UTC"))) == "2026-11-22T19:06:00+01:00"


def test_a_file_begins_with_the_mark_of_utf_8_and_is_named_in_both_ways() -> None:
    assert lines([["ż", "a,b"], [1, None]]) == b"\xef\xbb\xbf" + 'ż,"a,b"\n1,\n'.encode()
    told = "attachment; filename=\"_r_d_a___2026.csv\"; filename*=UTF-8''%C5%B9r%C3%B3d%C5%82a%20%22%202026.csv"
    assert disposition('Źródła " 2026', "csv") == as_csv(b"", 'Źródła " 2026')["Content-Disposition"]
    assert disposition('Źródła " 2026', "csv").split(";")[2] == told.split(";")[2]
    assert '"' not in disposition('Źródła " 2026', "csv").split('filename="')[1].split('"')[0]
