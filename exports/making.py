"""The file of an export while it is written: begun, appended to chunk by chunk, and offered when it is whole.

`Making` is the job that writes: an action's run or the export of a past list. Its `work` holds the file's random name
and the length up to which it is committed; whoever takes over cuts off what stands behind that.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from django.db import connection
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import Field
from pyroaring import BitMap

from accounts.models import Account
from actions.kinds.base import Params
from actions.running import existing
from exports import hooks, store, writing
from exports.columns import Column, chosen
from exports.models import ExportFile
from jobs.errors import JobProblem
from users.models import User

KEPT = timedelta(days=7)
TRIES = 5
CHUNK = 50_000  # contacts at once: with 20,000 a million rows take 0.2 s more


class ExportParams(Params):
    """The columns by their keys, in order, and how the file is written."""

    columns: list[str] = Field(min_length=1, max_length=500)
    separator: Literal["comma", "semicolon", "tab"] = "comma"
    bom: bool = True


class ContactsChangingError(Exception):
    """Contacts of a chunk went between looking and copying, time after time."""


class Making(Protocol):
    """What a job that writes a file has."""

    work: Any
    cursor: int
    total: int
    changed_count: int
    gone_count: int


def stands(job: Making) -> bool:
    """Whether what was written so far is there in full. If not, the job has to begin all over, with `begin`."""
    part = store.path_of(job.work.get("file", "") + store.UNFINISHED)
    return bool(job.cursor) and part.is_file() and part.stat().st_size >= job.work["size"]


def begin(job: Making, params: ExportParams, *, by: User | None) -> None:
    """Begins the file with its header, in the language of who asked for it. Raises: JobProblem."""
    if "file" in job.work:
        store.remove(job.work["file"] + store.UNFINISHED, job.work["file"] + store.FINISHED)
    job.work = {"file": store.fresh_name(), "size": 0}
    with translation.override(language_of(by)):
        labels = [str(column.label) for column in wanted(params)]
    first = writing.header(labels, separator=writing.SEPARATORS[params.separator], bom=params.bom)
    store.prepared(job.work["file"] + store.UNFINISHED).write_bytes(first)
    job.work["size"] = len(first)


def append(job: Making, params: ExportParams, ids: BitMap) -> BitMap:
    """Appends the rows of those contacts that exist, and returns them."""
    columns, separator = wanted(params), writing.SEPARATORS[params.separator]
    path = store.path_of(job.work["file"] + store.UNFINISHED)
    for _try in range(TRIES):
        if not ids:
            return ids
        with writing.times_in(account().timezone):
            copy = writing.statement(columns, ids, separator=separator)
            rows, size = writing.append(path, copy, at=job.work["size"])
        if rows == len(ids):
            job.work["size"] = size
            return ids
        ids = existing(ids)  # somebody was erased just now
    raise ContactsChangingError


def offer(job: Making, params: ExportParams, *, now: datetime, **file: Any) -> ExportFile:
    """Offers the file, if it is whole: as many rows as members that still exist, and not a byte more or less.

    Raises: JobProblem.
    """
    part = store.path_of(job.work["file"] + store.UNFINISHED)
    if part.stat().st_size != job.work["size"] or job.changed_count + job.gone_count != job.total:
        raise JobProblem(gettext_noop("The file came out incomplete and was thrown away. Try again."))
    made = ExportFile.objects.create(
        stored_as=store.publish(job.work["file"]),
        columns=params.columns,
        rows=job.changed_count,
        gone=job.gone_count,
        size=job.work["size"],
        created_at=now,
        expires_at=now + KEPT,
        **file,
    )
    hooks.announce(made, now)
    return made


def discard(job: Making) -> None:
    """Removes the file of a job that will not finish it."""
    if name := job.work.get("file"):
        store.remove(name + store.UNFINISHED, name + store.FINISHED)


def wanted(params: ExportParams) -> Sequence[Column]:
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


def language_of(user: User | None) -> str:
    """The language of who asked, else the account's."""
    return user.language if user else account().language


def file_name(title: str, at: datetime) -> str:
    """What a browser saves it as: the title and the day, without what no file name may hold."""
    plain = "".join(" " if letter in '\\/:*?"<>|' or not letter.isprintable() else letter for letter in title)
    day = date_format(timezone.localtime(at), "Y-m-d")
    return f"{' '.join(plain.split()).strip('. ')[:150] or _('Export')} {day}.csv"
