"""Keeping uploaded lists: which contacts they name, what became of their rows, and for how long."""

import secrets
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.names import clean_name
from contacts.sight import sees
from segmentation.models import UploadedList
from segmentation.uploads.errors import UploadError
from segmentation.uploads.matching import Matching, write_rejected
from segmentation.uploads.reading import Upload
from users.models import User

Key = UploadedList.Key
REJECTS_KEPT = timedelta(days=7)  # as long as an export: the file holds addresses of people who are no contacts

PER_PURGE = 500
NAMED = """jsonb_path_query(criteria, '$.** ? (@.kind == "file").file')::bigint"""
TABLES = ("segmentation_version", "segmentation_savedcriteria", "segmentation_contactquery")
IN_USE = " UNION ".join(f"SELECT {NAMED} FROM {table}" for table in TABLES)  # noqa: S608


def read_upload(file: BinaryIO, *, key: str, name: str, now: datetime, by: User | None) -> UploadedList:
    """Reads a CSV of ids or addresses and keeps the contacts it names that `by` sees. Makes no contact, changes none.

    Raises: UploadError, in the reader's words, if the file as a whole cannot be read, or no row of it.
    """
    upload = Upload(file, key=key)
    refuse_ambiguous(upload)
    with transaction.atomic():
        matching = Matching(upload.rows(), key=key, mask=sees(by))
        counts = matching.counts()
        if not counts["rows"]:
            raise UploadError(_("The file has no rows."))
        if counts["invalid"] == counts["rows"]:
            raise UploadError(" ".join(unreadable(upload, rows=counts["rows"])))
        members = matching.contacts()
        members.run_optimize()
        rejects = keep_rejected(matching) if counts["rows"] > counts["matched"] else ""
        matching.drop()
        return UploadedList.objects.create(
            name=clean_name(name)[:200] or "csv",
            key=key,
            matched=members.serialize(),
            report=counts | upload.described(),
            rejects=rejects,
            created_at=now,
            created_by=by,
        )


def refuse_ambiguous(upload: Upload) -> None:
    """Ids look like any other number: which column holds them is never guessed.

    Raises: UploadError.
    """
    layout = upload.layout
    if layout.rivals:
        columns = ", ".join(str(column + 1) for column in sorted((layout.column, *layout.rivals)))
        text = _("Several columns may hold contact ids (%(columns)s). Name the right one “id” in the first row.")
        raise UploadError(text % {"columns": columns})


def unreadable(upload: Upload, *, rows: int) -> Iterator[str]:
    """Says that no row holds what was chosen, and asks whether it was the other kind, if the file holds that."""
    if upload.key == Key.EMAIL:
        text = ngettext(
            "The one row holds no e-mail address.", "None of the %(count)d rows holds an e-mail address.", rows
        )
        other, question = Key.ID, _("Did you mean contact ids?")
    else:
        text = ngettext("The one row holds no contact id.", "None of the %(count)d rows holds a contact id.", rows)
        other, question = Key.EMAIL, _("Did you mean e-mail addresses?")
    yield text % {"count": rows}
    if Upload(upload.file, key=other).holds_any():
        yield question


def remove_old_uploads(now: datetime) -> None:
    """Removes, after a week, the files of rejected rows, and lists that no criteria name: forms never submitted."""
    old = UploadedList.objects.filter(created_at__lte=now - REJECTS_KEPT)
    for uploaded in old.exclude(rejects="").only("pk", "rejects")[:PER_PURGE]:
        default_storage.delete(uploaded.rejects)
        UploadedList.objects.filter(pk=uploaded.pk).update(rejects="")
    old.filter(rejects="").exclude(pk__in=lists_in_use()).delete()


def lists_in_use() -> list[int]:
    """Ids of the uploaded lists that any version of a segment, saved criteria or the contact manager's filters name."""
    with connection.cursor() as cursor:
        cursor.execute(IN_USE)
        return [row[0] for row in cursor.fetchall()]


def keep_rejected(matching: Matching) -> str:
    """Stores the rejected rows under a random name, a line at a time; returns the name."""
    with tempfile.NamedTemporaryFile(
        "w+", encoding="utf-8-sig", newline=""
    ) as text:  # the mark tells Excel the encoding
        written: IO[str] = text
        write_rejected(matching.rejected(), written)
        text.flush()
        with open(text.name, "rb") as binary:  # noqa: PTH123 (a second, binary view of the same file)
            return default_storage.save(f"lists/{secrets.token_urlsafe(24)}.csv", File(binary))
