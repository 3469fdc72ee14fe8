"""All data of one contact as an archive to be handed over: everything as JSON, and a table for each kind as CSV.

Every app adds its kinds (`register_part`, in AppConfig.ready). All of it is of one state of the database, and read row
by row: a hundred thousand activities take no more memory than a few.
"""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any

from django.db import connection, transaction

from config.spreadsheets import defuse, defuse_but_phones
from contacts.models import Consent, ConsentWording, Contact, ContactAlias, ContactConsent, EntryKind, HistoryEntry
from contacts.services.contacts import FIELDS
from users.models import User

IN_MEMORY = 4_000_000  # bytes of an archive; a larger one is made on disk
AT_ONCE = 2_000  # rows fetched at a time
Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One kind of data: the name of its file, its columns, and a contact's rows with these keys, the oldest first."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Contact], Iterable[Row]]


parts: dict[str, Part] = {}


def register_part(part: Part) -> None:
    """A name registered again is replaced, so that ready may run twice."""
    parts[part.name] = part


def archive(contact: Contact) -> IO[bytes]:
    """The archive, read from its beginning. Whoever gets it closes it."""
    made: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    with one_state(), zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("contact.json", "w", force_zip64=True) as entry:
            write_json(contact, io.TextIOWrapper(entry, encoding="utf-8", write_through=True))
        for part in parts.values():
            with packed.open(f"{part.name}.csv", "w", force_zip64=True) as entry:
                write_csv(contact, part, io.TextIOWrapper(entry, encoding="utf-8-sig", newline="", write_through=True))
    made.seek(0)
    return made


def write_json(contact: Contact, to: IO[str]) -> None:
    """One object: the contact's fields, then a list for each kind."""
    to.write("{")
    for number, part in enumerate(parts.values()):
        to.write(f"{',' if number else ''}\n{json.dumps(part.name)}: [")
        for place, row in enumerate(part.rows(contact)):
            to.write(f"{',' if place else ''}\n  {json.dumps(row, default=plain, ensure_ascii=False)}")
        to.write("\n]")
    to.write("\n}\n")


def write_csv(contact: Contact, part: Part, to: IO[str]) -> None:
    """For a spreadsheet, which runs none of it: one line a row, nested values as JSON."""
    writer = csv.writer(to)
    writer.writerow(part.columns)
    for row in part.rows(contact):
        writer.writerow([cell(row.get(column)) for column in part.columns])


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value.normalize()) if value % 1 else str(int(value))
    raise TypeError(type(value))


def cell(value: Any) -> str | int | float:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case str():
            return defuse_but_phones(value)
        case dict() | list():
            return defuse(json.dumps(value, default=plain, ensure_ascii=False))
    return str(plain(value))


@contextmanager
def one_state() -> Iterator[None]:
    """One state of the data for all that is read inside; inside a transaction, that one's."""
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor():
        pass  # the account's search path is set now: set inside and rolled back, it would be lost unnoticed
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def note_handed_over(contact: Contact, *, now: datetime, by: User | None, called: str = "") -> None:
    """Who took the data with them, and when, in the contact's history. `called`: what did it, other than a user."""
    name = (called or str(by or "command line"))[:254]
    HistoryEntry.objects.create(contact=contact, at=now, kind=EntryKind.HANDED_OVER, by=name, user=by)


# --- the contact's own -----------------------------------------------------------------------------------------
def own(contact: Contact) -> Iterator[Row]:
    for name in FIELDS:
        yield {"field": name, "value": getattr(contact, name)}
    for name in ("id", "created_at", "updated_at"):
        yield {"field": name, "value": getattr(contact, name)}
    for key, value in contact.attributes.items():
        yield {"field": f"attributes.{key}", "value": value}


def formerly(contact: Contact) -> Iterator[Row]:
    for alias in ContactAlias.objects.filter(contact=contact).order_by("pk"):
        yield {"kind": alias.kind, "value": alias.value, "since": alias.since}


def answers(contact: Contact) -> Iterator[Row]:
    """With the wording that was agreed to, where it is kept."""
    texts = {(one.consent_id, one.version): one for one in ConsentWording.objects.all()}
    consents = Consent.objects.in_bulk()
    for answer in ContactConsent.objects.filter(contact=contact).order_by("consent_id"):
        consent, wording = consents[answer.consent_id], texts.get((answer.consent_id, answer.wording_version))
        yield {
            "consent": consent.key,
            "name": consent.name,
            "state": answer.state,
            "changed_at": answer.changed_at,
            "source": answer.source,
            "wording_version": answer.wording_version,
            "wording": wording.text if wording else "",
        }


def entries(contact: Contact) -> Iterator[Row]:
    rows = HistoryEntry.objects.filter(contact=contact).order_by("at", "id")
    for entry in rows.iterator(chunk_size=AT_ONCE):
        yield {"at": entry.at, "kind": entry.kind, "label": entry.label, "detail": entry.detail, "by": entry.by}


for _part in (
    Part("contact", ("field", "value"), own),
    Part("formerly", ("kind", "value", "since"), formerly),
    Part("consents", ("consent", "name", "state", "changed_at", "source", "wording_version", "wording"), answers),
    Part("history", ("at", "kind", "label", "detail", "by"), entries),
):
    register_part(_part)
