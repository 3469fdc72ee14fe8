"""What became of each row, as files: of every row a line, and the rejected ones as they were, with the reason.

They are written like exports: a chunk commits how far they go, and whoever takes over cuts off what stands behind that.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.downloads import BOM
from config.spreadsheets import defuse_but_phones
from imports import store
from imports.errors import FileError
from imports.fields import Field
from imports.models import Import, Outcome
from imports.rows import Result, Row

LINE = re.compile(r"lines\[(\d+)\](?:\.(\w+))?")


class Reports:
    """Both files of one import."""

    def __init__(self, job: Import, *, fields: Mapping[str, Field], delimiter: str) -> None:
        self.job = job
        self.fields = fields
        self.delimiter = delimiter
        self.words = {outcome.value: str(outcome.label) for outcome in Outcome}

    def begin(self, headings: Sequence[str]) -> None:
        """Begins both with their headings."""
        first = {
            store.REPORT: [_("row"), _("what became of it"), _("contact"), _("reason")],
            store.REJECTED: [*headings, _("row"), _("reason")],
        }
        self.job.work["written"] = {}
        for ending, cells in first.items():
            store.prepared(self.job.stored_as + ending).write_bytes(b"")
            self.append(ending, 0, BOM + self.lines([cells]))

    def add(self, rows: Sequence[Row], results: Sequence[Result], *, width: int) -> None:
        """A line for each row, and the rejected and skipped ones once more as they were."""
        told = [self.reason(result.errors) for result in results]
        every = [
            (row.number, self.words[result.status], result.contact or "", reason)
            for row, result, reason in zip(rows, results, told, strict=True)
        ]
        rejected = [
            [*(row.cells + [""] * width)[: max(width, len(row.cells))], row.number, reason]
            for row, result, reason in zip(rows, results, told, strict=True)
            if result.status in (Outcome.REJECTED, Outcome.SKIPPED)
        ]
        for ending, lines in ((store.REPORT, self.lines(every)), (store.REJECTED, self.lines(rejected))):
            self.append(ending, self.job.work["written"][ending], lines)

    def lines(self, rows: Iterable[Sequence[Any]]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
        writer.writerows([defuse_but_phones(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
        return text.getvalue().encode()

    def append(self, ending: str, at: int, data: bytes) -> None:
        """Writes behind what is committed. Raises: FileError, if that is not there any more."""
        path = store.path_of(self.job.stored_as + ending)
        if not path.is_file() or path.stat().st_size < at:
            raise FileError(_("The report of what was imported so far is gone from the store."))
        with path.open("r+b") as file:
            file.seek(at)
            file.truncate()
            file.write(data)
        self.job.work["written"] = {**self.job.work["written"], ending: at + len(data)}

    def reason(self, errors: Sequence[tuple[str, str]]) -> str:
        labelled = ((label_of(name, self.fields), text) for name, text in errors)
        return " ".join(f"{label}: {text}" if label else text for label, text in labelled)


def label_of(name: str, fields: Mapping[str, Field]) -> str:
    """What a field is called; of a line of an order with its number."""
    if match := LINE.match(name):
        place, part = match.groups()
        field = fields.get(f"lines.{part}")
        named = _("Line %(number)d") % {"number": int(place) + 1}
        return f"{named}, {field.label}" if field else named
    if name.startswith("contact"):
        return _("Contact")
    field = fields.get(name)
    return str(field.label) if field else capfirst(name.replace("_", " "))


def first_rejected(job: Import, most: int) -> list[tuple[str, str]]:
    """(row, reason) of the first rows that were not written, for the page; nothing where there is no file."""
    path = store.path_of(job.stored_as + store.REJECTED)
    if not job.stored_as or not path.is_file():
        return []
    delimiter = job.work.get("delimiter", ",")
    with path.open(encoding="utf-8-sig", newline="") as text:
        rows = list(islice(csv.reader(text, delimiter=delimiter), most + 1))[1:]
    return [(row[-2], row[-1]) for row in rows if len(row) >= 2]
