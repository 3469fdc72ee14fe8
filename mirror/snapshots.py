"""One state of the database for a long read, and how transactions are numbered in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, transaction

# What numbers of transactions mean, they mean in this run of the server: whoever restores a backup, or has a standby
# take over, begins another one, in which the same numbers come again.
RUN = "extract(epoch FROM pg_postmaster_start_time())::text"


class Numbers(NamedTuple):
    """`settled`: below it every transaction has ended and is seen, if it was not undone; from `next` on none had begun.

    `system`: the cluster that numbers them.
    """

    settled: int
    next: int
    system: str


@contextmanager
def snapshot() -> Iterator[None]:
    """One state of the data for all that is read inside: a repeatable-read, read-only transaction.

    Inside a transaction (a test's, another snapshot) it is that one, whatever its isolation.
    """
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor():
        pass  # the account's search path is set now: set inside and rolled back, it would be lost unnoticed
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def numbers() -> Numbers:
    """Of the snapshot that is open now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint,"
            " (SELECT system_identifier::text FROM pg_control_system()) FROM pg_current_snapshot() s"
        )
        return Numbers(*cursor.fetchone())
