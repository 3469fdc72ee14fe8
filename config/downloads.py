"""Numbers as files to be saved: what a cell says, the lines of CSV, the header that names the file."""

import csv
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from urllib.parse import quote

from django.http import HttpResponse
from django.utils import timezone

from config.spreadsheets import defuse

BOM = b"\xef\xbb\xbf"  # by which spreadsheets know UTF-8
DECIMALS = 4  # of what is divided: an amount per head, a share in per cent


def decimal(value: Fraction | float) -> Decimal:
    """Rounded to `DECIMALS`, without zeros at the end. Never by significant digits: an amount keeps all of its own."""
    exact = Fraction(value)
    return (Decimal(round(exact * 10**DECIMALS)) / 10**DECIMALS).normalize()


def written(value: object) -> str:
    """As programs read it: a point for decimals, days and moments by ISO 8601; texts that no spreadsheet runs."""
    match value:
        case None:
            return ""
        case Fraction() | float():
            return f"{decimal(value):f}"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return timezone.localtime(value).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case str():
            return defuse(value)
    return str(value)


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """CSV."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([written(cell) for cell in row] for row in rows)
    return BOM + text.getvalue().encode()


def disposition(name: str, ending: str) -> str:
    """The header that names a file: in ASCII for old programs, and as it is."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(f'{name}.{ending}', safe='')}"


def day(at: datetime) -> str:
    """Of the account, as it stands in a file's name."""
    return f"{timezone.localtime(at):%Y-%m-%d}"


def refused(problems: Iterable[str]) -> HttpResponse:
    """The answer where no file can be made as asked: why, a sentence a line."""
    return HttpResponse("\n".join(problems), status=422, content_type="text/plain; charset=utf-8")


def as_csv(content: bytes, name: str) -> HttpResponse:
    """The answer that is saved as `name`.csv."""
    headers = {"Content-Disposition": disposition(name, "csv")}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
