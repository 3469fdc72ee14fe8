"""The file of an export while it is written: begun, appended to chunk by chunk, and offered when it is whole.

`Making` is the job that writes: an action's run or the export of a past list. Its `work` holds the file's random name
and the length up to which it is committed; whoever takes over cuts off what stands behind that.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import Field, ValidationInfo, field_validator
from pyroaring import BitMap

from accounts.models import Account
from actions.kinds.base import Params
from actions.running import existing
from contacts.models import Consent
from exports import hooks, store, writing
from exports.columns import Column, chosen
from exports.formats import FORMATS, Format, IncompleteError, Table, TooLargeError
from exports.models import ExportFile
from jobs.errors import JobProblem
from users.models import User

KEPT = timedelta(days=7)
TRIES = 5
CHUNK = 50_000  # contacts at once: with 20,000 a million rows take 0.2 s more
LONGEST_NAME = 120  # characters of a column's own name
STATE = ("file", "no_consent")  # in a job's work; the rest is the format's own


class ExportParams(Params):
    """The format; the columns by their keys, in order, and what they are called in the file if it is something else.

    `separator` and `bom` are of CSV. An audience has columns of its own and goes by a consent, named by its key.
    """

    format: Literal["csv", "xlsx", "parquet", "meta", "google", "tiktok", "linkedin"] = "csv"
    columns: list[str] = Field(default=[], max_length=500, validate_default=True)
    names: dict[str, str] = Field(default={}, max_length=500)
    separator: Literal["comma", "semicolon", "tab"] = "comma"
    bom: bool = True
    consent: str = Field(default="", max_length=60, validate_default=True)

    @property
    def made_by(self) -> Format:
        return FORMATS[self.format]

    @field_validator("columns")
    @classmethod
    def some_column(cls, columns: list[str], info: ValidationInfo) -> list[str]:
        wanted = not FORMATS[info.data.get("format", "csv")].audience
        if wanted != bool(columns) or len(set(columns)) < len(columns):
            raise ValueError("an audience has columns of its own, any other format at least one, each once")
        return columns

    @field_validator("names")
    @classmethod
    def real_names(cls, names: dict[str, str]) -> dict[str, str]:
        if any(not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() for name in names.values()):
            raise ValueError("a name of a column is one line of text")
        return names

    @field_validator("consent")
    @classmethod
    def some_consent(cls, consent: str, info: ValidationInfo) -> str:
        if bool(consent) != FORMATS[info.data.get("format", "csv")].audience:
            raise ValueError("an audience, and nothing else, goes by a consent")
        return consent


class ContactsChangingError(Exception):
    """Contacts of a chunk went between looking and copying, time after time."""


class Making(Protocol):
    """What a job that writes a file has."""

    work: Any
    cursor: int
    total: int
    changed_count: int
    left_count: int
    gone_count: int


def stands(job: Making) -> bool:
    """Whether what was written so far is there in full. If not, the job has to begin all over, with `begin`."""
    part = store.path_of(job.work.get("file", "") + store.UNFINISHED)
    return bool(job.cursor) and part.is_file() and part.stat().st_size >= job.work["size"]


def begin(job: Making, params: ExportParams, *, by: User | None) -> None:
    """Begins the file with its header, in the language of who asked for it. Raises: JobProblem."""
    discard(job)
    name = store.fresh_name()
    with translation.override(language_of(by)):
        table = table_of(params)
    state = params.made_by.begin(store.prepared(name + store.UNFINISHED), table)
    job.work = {"file": name, "no_consent": 0, **state}


def append(job: Making, params: ExportParams, ids: BitMap) -> BitMap:
    """Appends the rows of those contacts that exist and that the format can hold, and returns them.

    Raises: JobProblem.
    """
    form, table = params.made_by, table_of(params)
    path = store.path_of(job.work["file"] + store.UNFINISHED)
    state = {key: value for key, value in job.work.items() if key not in STATE}
    for _try in range(TRIES):
        people, refusing = form.chosen(table, ids) if ids else (ids, BitMap())
        if people:
            try:
                rows, after = form.append(path, table, people, state=state)
            except TooLargeError:
                raise JobProblem(TOO_LARGE) from None
        else:
            rows, after = 0, state
        if rows == len(people):
            job.work |= after | {"no_consent": job.work["no_consent"] + len(refusing)}
            return people
        ids = existing(ids)  # somebody was erased just now, or answered anew
    raise ContactsChangingError


TOO_LARGE = gettext_noop("So many contacts do not fit into a file of this format. Export them as CSV or Parquet.")


def left_out(params: ExportParams, ids: BitMap) -> BitMap:
    """Those of `ids` who exist and whom the format cannot hold: they did not agree, or have no address."""
    if not params.made_by.audience or not ids:
        return BitMap()
    return existing(ids) - params.made_by.chosen(table_of(params), ids)[0]


def offer(job: Making, params: ExportParams, *, now: datetime, **file: Any) -> ExportFile:
    """Offers the file, if it is whole: as many rows as members that still exist, and not a byte more or less.

    Raises: JobProblem.
    """
    form = params.made_by
    part = store.path_of(job.work["file"] + store.UNFINISHED)
    try:
        check_counts(job)
        with translation.override(language_of(file["created_by"])):
            table = table_of(params)
        whole = form.finish(part, table, state=job.work, rows=job.changed_count)
    except IncompleteError:
        raise JobProblem(gettext_noop("The file came out incomplete and was thrown away. Try again.")) from None
    except TooLargeError:
        raise JobProblem(TOO_LARGE) from None
    size = whole.stat().st_size
    made = ExportFile.objects.create(
        stored_as=store.publish(whole, job.work["file"], ending=form.ending),
        format=params.format,
        columns=params.columns or list(table.labels),
        consent=params.consent,
        rows=job.changed_count,
        gone=job.gone_count,
        without_consent=job.work["no_consent"],
        without_address=max(0, job.left_count - job.work["no_consent"]),
        size=size,
        created_at=now,
        expires_at=now + KEPT,
        **file,
    )
    name = job.work["file"]
    transaction.on_commit(lambda: store.remove(name + store.UNFINISHED))  # where the whole file is another one
    hooks.announce(made, now)
    return made


def check_counts(job: Making) -> None:
    if job.changed_count + job.left_count + job.gone_count != job.total:
        raise IncompleteError


def discard(job: Making) -> None:
    """Removes the file of a job that will not finish it."""
    if name := job.work.get("file"):
        endings = {store.UNFINISHED, store.CONVERTED, *(each.ending for each in FORMATS.values())}
        store.remove(*(name + ending for ending in endings))


def table_of(params: ExportParams) -> Table:
    """What is to be written, with names in the language in use. Raises: JobProblem."""
    found = wanted(params)
    labels = [params.names.get(column.key, str(column.label)) for column in found]
    return Table(
        columns=found,
        labels=labels,
        timezone=account().timezone,
        separator=writing.SEPARATORS[params.separator],
        bom=params.bom,
        consent=params.consent,
    )


def wanted(params: ExportParams) -> Sequence[Column]:
    """The columns of the file.

    Raises: JobProblem, if one of them, or the consent it goes by, no longer exists: a file with a column missing would
    look complete.
    """
    form = params.made_by
    if form.audience:
        if not Consent.objects.filter(key=params.consent).exists():
            text = gettext_noop("The consent that it goes by no longer exists: %(consent)s. Add the export again.")
            raise JobProblem(text, {"consent": params.consent})
        return form.columns
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


def file_name(title: str, at: datetime, params: ExportParams) -> str:
    """What a browser saves it as: the title, the network and the day, without what no file name may hold."""
    form = params.made_by
    title = f"{title}, {form.title}" if form.audience else title
    plain = "".join(" " if letter in '\\/:*?"<>|' or not letter.isprintable() else letter for letter in title)
    day = date_format(timezone.localtime(at), "Y-m-d")
    return f"{' '.join(plain.split()).strip('. ')[:150] or _('Export')} {day}{form.ending}"
