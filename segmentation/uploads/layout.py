"""Text to columns: the delimiter, the column that holds the keys, and whether the first row is a header."""

import csv
import re
from dataclasses import dataclass

from segmentation.models import UploadedList

Key = UploadedList.Key
DELIMITERS = (";", "\t", ",")
NAMES = {
    Key.EMAIL: {
        "email",
        "e-mail",
        "mail",
        "e-mail address",
        "email address",
        "adres e-mail",
        "adres email",
        "adres mailowy",
    },
    Key.ID: {"id", "contact", "contact id", "contact_id", "contactid", "kontakt", "id kontaktu", "id_kontaktu"},
}
EMAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[^@\s,;<>\"()]+")
LONGEST_EMAIL = 254
LARGEST_ID = 2**31 - 1
RIVAL = 0.5  # of the best column's share: from here on it is no accident that a column holds numbers


@dataclass(frozen=True)
class Layout:
    """How a file is divided. `column` counts from 0; `header` is the heading of that column, None without headings.

    `rivals` are other columns that may as well hold the keys: for ids, where none bears a name that says so.
    """

    delimiter: str
    column: int
    columns: int
    header: str | None
    rivals: tuple[int, ...] = ()


def is_key(text: str, key: str) -> bool:
    """Whether `text` looks like an id or an e-mail address."""
    if key == Key.ID:
        return text.isascii() and text.isdigit() and len(text) <= 12 and 0 < int(text) <= LARGEST_ID
    return len(text) <= LONGEST_EMAIL and EMAIL.fullmatch(text) is not None


def layout_of(sample: list[str], key: str) -> Layout:
    """The division of the file's first lines under which one column holds the most keys.

    Of columns that hold as many, the one whose heading says so is taken, then the leftmost. Of delimiters that do
    as well, the one that divides the rows most evenly.
    """
    best = max(
        (rated for delimiter in DELIMITERS if (rated := rate(sample, delimiter, key)) is not None),
        key=lambda rated: rated[0],
    )
    return best[1]


def rate(sample: list[str], delimiter: str, key: str) -> tuple[tuple[float, float, int], Layout] | None:
    """How well `delimiter` divides the sample, and the layout it gives; None if a row cannot be read so."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error:
        rows = []
    if not rows:
        return (0.0, 0.0, 0), Layout(delimiter, 0, 1, None)
    width = max(len(row) for row in rows)
    first = [cell.strip() for cell in rows[0]]
    shares = [share(rows, column, key) for column in range(width)]
    named = [column < len(first) and first[column].casefold() in NAMES[Key(key)] for column in range(width)]
    # For ids a heading outweighs the shape: a score or a postal code looks like an id as well.
    order = [
        (named[column], shares[column]) if key == Key.ID else (shares[column], named[column]) for column in range(width)
    ]
    column = max(range(width), key=lambda at: (*order[at], -at))
    even = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
    rivals = rivals_of(column, shares, named) if key == Key.ID else ()
    return (shares[column], even, width), Layout(delimiter, column, width, header_in(rows, column, key), rivals)


def rivals_of(column: int, shares: list[float], named: list[bool]) -> tuple[int, ...]:
    """Other columns of numbers that fit about as well, of those that are named if any is.

    An age or a customer number is a contact's id by its looks.
    """
    return tuple(
        at
        for at, share in enumerate(shares)
        if at != column and named[at] == named[column] and 0 < share >= shares[column] * RIVAL
    )


def share(rows: list[list[str]], column: int, key: str) -> float:
    """The share of rows, the first left out where there are more, whose cell in `column` is a key."""
    body = rows[1:] or rows
    return sum(len(row) > column and is_key(row[column].strip(), key) for row in body) / len(body)


def header_in(rows: list[list[str]], column: int, key: str) -> str | None:
    """The heading of `column`, if the first row is one and not a faulty first value.

    A row is a heading when its cell is no key and either bears one of the usual names, or is a word without digits
    and @ over a column mostly of keys.
    """
    cell = rows[0][column].strip() if len(rows[0]) > column else ""
    if is_key(cell, key):
        return None
    if cell.casefold() in NAMES[Key(key)]:
        return cell
    worded = bool(cell) and not any(sign.isdigit() or sign == "@" for sign in cell)
    return cell if worded and len(rows) > 1 and share(rows, column, key) >= 0.5 else None
