"""Rows of an uploaded file, one at a time, within bounds."""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from django.utils.translation import gettext as _

from segmentation.models import UploadedList
from segmentation.uploads.decoding import encoding_of, text_of
from segmentation.uploads.errors import UploadError
from segmentation.uploads.layout import Layout, is_key, layout_of

LARGEST_FILE = 128 * 1024 * 1024  # bytes
LONGEST_LINE = 32_768  # characters: one unclosed quote must not swallow the file
MOST_ROWS = 3_000_000
SAMPLE_LINES = 200
KEPT_OF_VALUE = 300  # characters of a rejected value that its report repeats


class Upload:
    """An opened file whose encoding and layout are known. `rows` reads it from the start.

    Raises: UploadError, if it is too large, empty, or not text.
    """

    def __init__(self, file: BinaryIO, *, key: str) -> None:
        if file.seek(0, io.SEEK_END) > LARGEST_FILE:
            raise UploadError(_("The file is larger than %(limit)d MB.") % {"limit": LARGEST_FILE // 1024**2})
        self.file = file
        self.key = key
        self.encoding = encoding_of(file)
        text = text_of(file, self.encoding)
        try:
            self.layout: Layout = layout_of(list(islice(bounded(text), SAMPLE_LINES)), key)
        finally:
            text.detach()

    def described(self) -> dict[str, str | int | None]:
        """How the file was read, for its report; columns counted from 1."""
        layout = self.layout
        return {
            "encoding": self.encoding,
            "delimiter": layout.delimiter,
            "column": layout.column + 1,
            "columns": layout.columns,
            "header": layout.header,
        }

    def rows(self) -> Iterator[tuple[int, str, str | None, bool]]:
        """Each row as (its number, its value, the key in it if it could be one, whether it surely is one).

        Units: numbers are those a spreadsheet shows; the heading and blank rows are counted but not given.
        """
        text = text_of(self.file, self.encoding)
        found = 0
        try:
            reader = csv.reader(bounded(text), delimiter=self.layout.delimiter, strict=True)
            for number, row in enumerate(reader, start=1):
                if not any(cell.strip() for cell in row):
                    continue
                found += 1
                if found == 1 and self.layout.header is not None:
                    continue
                if found > MOST_ROWS:
                    raise UploadError(_("The file has more than %(limit)d rows.") % {"limit": MOST_ROWS})
                value = row[self.layout.column].strip() if len(row) > self.layout.column else ""
                if "\n" in value:  # a quote that was never closed has swallowed the rows after it
                    raise csv.Error  # noqa: TRY301 (told like the other faults of quoting)
                yield number, value[:KEPT_OF_VALUE], self.key_in(value), is_key(value, self.key)
        except csv.Error as error:
            raise UploadError(
                _("Line %(line)d cannot be read as CSV: a quotation mark is not closed, or stands in a quoted value.")
                % {"line": reader.line_num}
            ) from error
        finally:
            text.detach()

    def holds_any(self) -> bool:
        """Whether there is a key among the first rows."""
        return any(sure for _number, _value, _key, sure in islice(self.rows(), SAMPLE_LINES))

    def key_in(self, value: str) -> str | None:
        """What to look for in the database; None if `value` can be no key at all."""
        if self.key == UploadedList.Key.ID:
            return str(int(value)) if is_key(value, self.key) else None
        return value if "@" in value and len(value) <= 254 else None


def bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of `text`, each at most LONGEST_LINE characters.

    Raises: UploadError with the line's number.
    """
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise UploadError(
                _("Line %(line)d is longer than %(limit)d characters.") % {"line": number, "limit": LONGEST_LINE}
            )
        yield line
