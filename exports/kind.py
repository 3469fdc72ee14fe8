"""The export action: members' data as a CSV file."""

from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from pydantic import Field
from pyroaring import BitMap

from accounts.models import Account
from actions.kinds.base import Kind, Names, Params
from actions.models import ActionRun
from actions.running import existing, restart
from exports import store, writing
from exports.columns import Column, chosen
from exports.forms import ExportForm
from exports.models import ExportFile
from jobs.errors import JobProblem

KEPT = timedelta(days=7)
TRIES = 5


class ExportParams(Params):
    """The columns by their keys, in order, and how the file is written."""

    columns: list[str] = Field(min_length=1, max_length=500)
    separator: Literal["comma", "semicolon", "tab"] = "comma"
    bom: bool = True


class ContactsChangingError(Exception):
    """Contacts of a chunk went between looking and copying, time after time."""


class Export(Kind):
    """Writes a private file chunk by chunk; `run.work` holds its name and the size up to which it is committed."""

    name = "export"
    title = gettext_lazy("Export")
    text = gettext_lazy("Writes the contacts into a CSV file that can be downloaded for seven days.")
    icon = "download"
    Params = ExportParams
    template = "exports/_fields.html"
    chunk = 50_000
    changes_contacts = False

    def form(self, data: Any = None, *, now: datetime) -> ExportForm:
        return ExportForm(data, now=now)

    def sentence(self, params: ExportParams, names: Names) -> str:
        count = len(params.columns)
        return ngettext("Export %(count)s column", "Export %(count)s columns", count) % {"count": count}

    def begin(self, run: ActionRun, params: ExportParams, *, now: datetime) -> None:
        """Begins the file with its header; begins all over if what was written so far is not there in full."""
        part = run.work.get("file", "") + store.UNFINISHED
        if run.cursor and store.path_of(part).is_file() and store.path_of(part).stat().st_size >= run.work["size"]:
            return
        if "file" in run.work:
            store.remove(part, run.work["file"] + store.FINISHED)
        restart(run)
        run.work = {"file": store.fresh_name(), "size": 0}
        with translation.override(language(run)):
            labels = [str(column.label) for column in wanted(params)]
        first = writing.header(labels, separator=writing.SEPARATORS[params.separator], bom=params.bom)
        store.prepared(run.work["file"] + store.UNFINISHED).write_bytes(first)
        run.work["size"] = len(first)

    def apply(self, run: ActionRun, params: ExportParams, ids: BitMap, *, now: datetime) -> BitMap:
        """Appends the rows of those contacts that exist, and returns them."""
        columns, separator = wanted(params), writing.SEPARATORS[params.separator]
        path = store.path_of(run.work["file"] + store.UNFINISHED)
        for _try in range(TRIES):
            if not ids:
                return ids
            with writing.times_in(zone()):
                copy = writing.statement(columns, ids, separator=separator)
                rows, size = writing.append(path, copy, at=run.work["size"])
            if rows == len(ids):
                run.work["size"] = size
                return ids
            ids = existing(ids)  # somebody was erased just now
        raise ContactsChangingError

    def already(self, params: ExportParams, ids: BitMap) -> BitMap:
        return BitMap()

    def finish(self, run: ActionRun, params: ExportParams, *, now: datetime) -> None:
        """Offers the file, if it is whole: as many rows as members that still exist, and not a byte more or less."""
        part = store.path_of(run.work["file"] + store.UNFINISHED)
        if part.stat().st_size != run.work["size"] or run.changed_count + run.gone_count != run.total:
            raise JobProblem(gettext_noop("The file came out incomplete and was thrown away. Try again."))
        stored_as = store.publish(run.work["file"])
        ExportFile.objects.create(
            run=run,
            segment_id=run.action.segment_id,
            calculation_id=run.calculation_id,
            name=file_name(run.action.segment.name, now),
            stored_as=stored_as,
            columns=params.columns,
            rows=run.changed_count,
            gone=run.gone_count,
            size=run.work["size"],
            created_at=now,
            expires_at=now + KEPT,
            created_by=run.action.created_by,
        )

    def stopped(self, run: ActionRun, *, now: datetime) -> None:
        """Removes the unfinished file once the end is committed."""
        if name := run.work.get("file"):
            transaction.on_commit(lambda: store.remove(name + store.UNFINISHED, name + store.FINISHED))


def wanted(params: ExportParams) -> list[Column]:
    """The columns of the file.

    Raises: JobProblem, if one of them no longer exists: a file with a column missing would look complete.
    """
    columns, unknown = chosen(params.columns)
    if unknown:
        text = gettext_noop("These columns no longer exist: %(columns)s. Add the export again.")
        raise JobProblem(text, {"columns": ", ".join(key.partition(":")[2] or key for key in unknown)})
    return columns


def account() -> Account:
    return Account.objects.get(schema_name=connection.schema_name)  # type: ignore[attr-defined]


def zone() -> str:
    """The time zone in which a file tells its times."""
    return account().timezone


def language(run: ActionRun) -> str:
    """The language of the header: that of who asked for it."""
    author = run.action.created_by
    return author.language if author else account().language


def file_name(segment: str, now: datetime) -> str:
    """What a browser saves it as: the segment's name and the day, without what no file name may hold."""
    plain = "".join(" " if letter in '\\/:*?"<>|' or not letter.isprintable() else letter for letter in segment)
    day = date_format(timezone.localtime(now), "Y-m-d")
    return f"{' '.join(plain.split()).strip('. ')[:150] or _('Export')} {day}.csv"
