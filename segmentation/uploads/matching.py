"""Which contacts the rows of a file name: one COPY in, one join, the rejected rows out in chunks."""

import csv
from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.db import connection
from django.utils.translation import gettext as _
from pyroaring import BitMap

from config.spreadsheets import defuse
from contacts.id_sets import bitmap, id_array
from segmentation.models import UploadedList

ROWS = """
CREATE TEMPORARY TABLE uploaded_row (number int NOT NULL, value text NOT NULL, key text, sound boolean NOT NULL)
ON COMMIT DROP
"""
# A contact's address is stored in lower case by the database's own lower(), so the same function folds the file's.
JUDGED = """
CREATE TEMPORARY TABLE judged_row ON COMMIT DROP AS
SELECT r.number, r.value, c.id AS contact,
       CASE WHEN r.key IS NULL THEN 'invalid'
            WHEN r.occurrence > 1 THEN 'duplicate'
            WHEN c.id IS NOT NULL THEN 'matched'
            WHEN r.sound THEN 'not_found'
            ELSE 'invalid' END AS verdict
FROM (SELECT number, value, key, sound, row_number() OVER (PARTITION BY key ORDER BY number) AS occurrence
      FROM (SELECT number, value, lower(key) AS key, sound FROM uploaded_row) AS folded) AS r
LEFT JOIN contacts_contact AS c ON {match} AND {seen} AND r.occurrence = 1
"""
MATCH = {UploadedList.Key.ID: "c.id = r.key::int", UploadedList.Key.EMAIL: "c.email = r.key"}
AT_ONCE = 10_000
VERDICTS = ("matched", "not_found", "duplicate", "invalid")


class Matching:
    """Rows laid beside the account's contacts, for the length of one transaction. Use inside `atomic`, then `drop`.

    mask: the contacts that may be found, None for all; a row that names another finds nothing.
    """

    def __init__(
        self, rows: Iterable[tuple[int, str, str | None, bool]], *, key: str, mask: BitMap | None = None
    ) -> None:
        with connection.cursor() as cursor:
            self.drop()
            cursor.execute(ROWS)
            with cursor.copy("COPY uploaded_row (number, value, key, sound) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE uploaded_row")
            seen = "true" if mask is None else "c.id = ANY(%s::int[])"
            params = [] if mask is None else [id_array(mask)]
            cursor.execute(JUDGED.format(match=MATCH[UploadedList.Key(key)], seen=seen), params)

    def counts(self) -> dict[str, int]:
        """Rows by verdict, and in all; the four add up to `rows`."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT verdict, count(*) FROM judged_row GROUP BY verdict")
            found = dict(cursor.fetchall())
        return {"rows": sum(found.values())} | {verdict: found.get(verdict, 0) for verdict in VERDICTS}

    def contacts(self) -> BitMap:
        """The ids of the contacts that were found."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(int4send(contact), '') FROM judged_row WHERE verdict = 'matched'")
            packed = cursor.fetchone()[0]
        return bitmap(packed)

    def rejected(self) -> Iterator[tuple[int, str, str]]:
        """(number, value, verdict) of every row that named no further contact, in the order of the file."""
        query = "SELECT number, value, verdict FROM judged_row WHERE verdict <> 'matched' ORDER BY number"
        with connection.chunked_cursor() as cursor:  # on the server: a million rows are never here at once
            cursor.execute(query)
            while rows := cursor.fetchmany(AT_ONCE):
                yield from rows

    @staticmethod
    def drop() -> None:
        """Remove the tables now: a test's transaction, or a second file in one, outlives the first."""
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.uploaded_row, pg_temp.judged_row")


def write_rejected(rejected: Iterable[tuple[int, str, str]], to: IO[str]) -> None:
    """The rejected rows as CSV for a spreadsheet: number, value and reason, in the language in force."""
    reasons: dict[str, Any] = {
        "not_found": _("no such contact"),
        "duplicate": _("already in an earlier row"),
        "invalid": _("not readable as an address or id"),
    }
    writer = csv.writer(to)
    writer.writerow([_("row"), _("value"), _("reason")])
    for number, value, verdict in rejected:
        writer.writerow([number, defuse(value), reasons[verdict]])
