"""Files to rows of texts: CSV in its encodings and dialects, workbooks; all of it bounded."""

from imports.reading.opening import (
    Reading,
    SheetGoneError,
    first_records,
    plain_copy,
    repeated,
    sample,
    sheets_of,
    sniffed,
)
from imports.reading.rows import Rows

__all__ = [
    "Reading",
    "Rows",
    "SheetGoneError",
    "first_records",
    "plain_copy",
    "repeated",
    "sample",
    "sheets_of",
    "sniffed",
]
