"""A reader found a file broken: said where it lasts, though the reader's own transaction writes nothing."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.db import DatabaseError, connection, connections

from mirror.files import BrokenFileError

SILENCE_S = 60  # before the same process says the same again

_said: dict[tuple[str, str], float] = {}  # (schema, name) -> when
log = logging.getLogger(__name__)


def report(broken: BrokenFileError) -> None:
    """Has the file's kind made anew, soon: the account is looked at by the next tick (mirror.tasks).

    A file that is in use no more is no loss: its reader was slower than the purge. Never raises for want of a
    database: the reader has its rows.
    """
    key, now = (connection.schema_name, broken.name), time.monotonic()  # type: ignore[attr-defined]
    if now - _said.get(key, -SILENCE_S) < SILENCE_S:
        return
    _said[key] = now
    try:
        with _writing() as cursor:
            cursor.execute(
                "INSERT INTO mirror_broken (kind, name, at) SELECT kind, name, now() FROM mirror_file f WHERE name = %s"
                " AND NOT EXISTS (SELECT FROM mirror_broken b WHERE b.name = f.name)",
                [broken.name],
            )
            if cursor.rowcount:
                log.warning("mirror: broken file %s in %s", broken, key[0])
                cursor.execute(
                    "UPDATE accounts_account SET next_due_at = LEAST(next_due_at, now()), dues = dues + 1"
                    " WHERE schema_name = %s",
                    [key[0]],
                )
    except DatabaseError:
        log.exception("mirror: broken file %s in %s could not be reported", broken, key[0])


@contextmanager
def _writing() -> Iterator[Any]:
    """A cursor that may write: this connection's, unless it is inside a snapshot; then one of another connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
        if not cursor.fetchone()[0]:
            yield cursor
            return
    with closing(connections.create_connection("default")) as other:
        other.set_tenant(connection.tenant)  # type: ignore[attr-defined]
        with other.cursor() as cursor:
            yield cursor
