"""Rows of a plain copy (UTF-8, lines ended by \\n), from any place in it on."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _

from config.spreadsheets import restore
from imports.errors import FileError
from imports.reading.limits import LONGEST_LINE, MOST_LINES


class Rows:
    """The records of `file` from byte `offset` on, each as its cells.

    After a record was given, `offset` is where the next one begins: reading from there goes on exactly so. A blank line
    is a record without cells. An apostrophe that exports and reports put before what looks like a formula is left out.
    Raises: FileError, where a line is no CSV or longer than it may be; `row` is the number of the record before.
    """

    def __init__(self, file: BinaryIO, *, delimiter: str, offset: int = 0, row: int = 0) -> None:
        self.file = file
        self.delimiter = delimiter
        self.offset = offset
        self.row = row

    def __iter__(self) -> Iterator[list[str]]:
        self.file.seek(self.offset)
        self._begun = self.offset
        self._lines = 0
        self._quoted = False  # most lines have no apostrophe: one look at each instead of at every cell
        reader = csv.reader(self.lines(), delimiter=self.delimiter, strict=True)
        try:
            for cells in reader:
                self.row += 1
                self._lines = 0
                yield [restore(cell) for cell in cells] if self._quoted else cells
                self._quoted = False
        except csv.Error as error:
            raise FileError(
                _("Row %(row)d cannot be read as CSV: a quotation mark is not closed, or stands in a quoted value.")
                % {"row": self.row + 1}
            ) from error

    def lines(self) -> Iterator[str]:
        """Line by line; csv takes no more of them than the record needs, so `offset` is right after each."""
        while line := self.file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise FileError(
                    _("Row %(row)d is longer than %(limit)d kB.") % {"row": self.row + 1, "limit": LONGEST_LINE // 1024}
                )
            self._lines += 1
            if self._lines > MOST_LINES:
                raise csv.Error
            self.offset += len(line)
            self._quoted = self._quoted or b"'" in line
            yield line.decode()
