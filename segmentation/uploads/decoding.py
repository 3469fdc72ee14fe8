"""Bytes to text: which encoding a file is in, found by looking and never by guessing past an error."""

import codecs
import io
from typing import BinaryIO

from django.utils.translation import gettext as _

from segmentation.uploads.errors import UploadError

CHUNK = 1 << 20
WORKBOOK = b"PK\x03\x04"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def encoding_of(file: BinaryIO) -> str:
    """The encoding in which the whole of `file` can be read: a byte order mark decides, then UTF-8, then Windows-1250.

    Raises: UploadError, if it is a workbook or other binary file, or readable in none of them.
    """
    file.seek(0)
    start = file.read(4096)
    if not start.strip():
        raise UploadError(_("The file is empty."))
    if start.startswith((WORKBOOK, OLD_WORKBOOK)):
        raise UploadError(_("This is a workbook, not a CSV file. Save the sheet as CSV and upload that."))
    for encoding in candidates(start):
        if decodes(file, encoding):
            return encoding
    raise UploadError(_("The file is not text in UTF-8, UTF-16 or Windows-1250."))


def candidates(start: bytes) -> list[str]:
    """The encodings worth trying, surest first."""
    if start.startswith(codecs.BOM_UTF8):
        return ["utf-8-sig"]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16"]
    if b"\0" in start:  # UTF-16 without a mark: every second byte of plain text is zero
        low, high = start[0::2].count(0) / len(start), start[1::2].count(0) / len(start)
        if max(low, high) < 0.15 or min(low, high) > 0.01:
            return []
        return ["utf-16-le"] if high > low else ["utf-16-be"]
    return ["utf-8", "cp1250"]


def decodes(file: BinaryIO, encoding: str) -> bool:
    """Whether every byte of `file` is text in `encoding`; reads it once, a megabyte at a time."""
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(CHUNK):
            if "\0" in decoder.decode(chunk):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def text_of(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """`file` as lines of text; any of LF, CRLF and CR ends a line. Detach it when done: closing would close `file`."""
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, errors="strict", newline=None)
