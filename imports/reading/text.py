"""CSV files: which dialect a text is in, and its copy in UTF-8."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO

from django.utils.translation import gettext as _

from imports.errors import FileError
from imports.reading.limits import LONGEST_LINE, SAMPLE
from segmentation.uploads.decoding import encoding_of
from segmentation.uploads.errors import UploadError

DELIMITERS = (";", "\t", ",", "|")
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp1250": "Windows-1250",
    "iso8859-2": "ISO-8859-2",
    "cp1252": "Windows-1252",
}
AT_ONCE = 1 << 20
SAID = re.compile(r'"?sep=([;,|\t])"?\n?', re.IGNORECASE)  # spreadsheets' own first line: no row of the file


def found_encoding(file: BinaryIO) -> str:
    """The encoding in which the whole file can be read. Raises: FileError."""
    try:
        found = encoding_of(file)
    except UploadError as error:
        raise FileError(str(error)) from error
    return "utf-8" if found == "utf-8-sig" else found


def as_text(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """The file as text, its lines ended by \\n alone. Detach it when done: closing would close the file."""
    file.seek(0)
    return io.TextIOWrapper(file, encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="strict")


def first_lines(file: BinaryIO, encoding: str, most: int = SAMPLE) -> list[str]:
    """The first lines. Raises: FileError, if one is too long or cannot be decoded."""
    text = as_text(file, encoding)
    try:
        lines = list(islice(iter(lambda: text.readline(LONGEST_LINE + 1), ""), most))
    except UnicodeError as error:
        raise undecodable(encoding) from error
    finally:
        text.detach()
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise FileError(
                _("Row %(row)d is longer than %(limit)d kB.") % {"row": number, "limit": LONGEST_LINE // 1024}
            )
        if "\0" in line:
            raise undecodable(encoding)
    return lines


def records(lines: list[str], delimiter: str) -> list[list[str]]:
    """The records that begin in these lines, as far as they can be read: the last may be cut short."""
    lines = lines[1:] if lines and SAID.fullmatch(lines[0]) else lines
    found: list[list[str]] = []
    with suppress(csv.Error):
        found.extend(csv.reader(lines, delimiter=delimiter))
    return found


def found_delimiter(lines: list[str]) -> str:
    """The sign that the first line says ("sep=;"), or that divides the rows into the same number of columns most often;
    of those that do as well, the most.
    """
    if lines and (said := SAID.fullmatch(lines[0])):
        return said[1]

    def rated(delimiter: str) -> tuple[float, int]:
        rows = [row for row in records(lines, delimiter) if row]
        if not rows:
            return 0.0, 0
        width = max(len(rows[0]), 1)
        even = sum(len(row) == width for row in rows) / len(rows)
        return (even if width > 1 else 0.0), width

    return max(DELIMITERS, key=lambda delimiter: (rated(delimiter), -DELIMITERS.index(delimiter)))


def copy_text(file: BinaryIO, encoding: str, to: BinaryIO) -> Iterator[int]:
    """Writes the text in UTF-8, a megabyte at a time; gives how far it has read. Raises: FileError."""
    text = as_text(file, encoding)
    try:
        first = text.readline(LONGEST_LINE)
        to.write(b"" if SAID.fullmatch(first) else refused_if_binary(first, encoding).encode())
        while chunk := text.read(AT_ONCE):
            to.write(refused_if_binary(chunk, encoding).encode())
            yield file.tell()
    except UnicodeError as error:
        raise undecodable(encoding) from error
    finally:
        text.detach()


def refused_if_binary(text: str, encoding: str) -> str:
    """Raises: FileError."""
    if "\0" in text:
        raise undecodable(encoding)
    return text


def undecodable(encoding: str) -> FileError:
    return FileError(
        _("The file cannot be read as %(encoding)s. Choose another encoding.")
        % {"encoding": ENCODINGS.get(encoding, encoding)}
    )
