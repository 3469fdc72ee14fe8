"""Orders that wait to be sent, in a SQLite file: what was put into it outlives a crash of program and machine."""

from __future__ import annotations

import sqlite3
import threading
from typing import NamedTuple

BATCH = 500
KEPT_DAYS = 30  # what was refused, for somebody to look at: it holds personal data


TABLE = """
CREATE TABLE IF NOT EXISTS orders (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    problem TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""
ROWS = "SELECT number, version, body, problem FROM orders"


class Waiting(NamedTuple):
    """One order as the shop told of it; `version` tells it from what the shop has said of it since."""

    number: str
    version: int
    body: str
    problem: str


class Queue:
    """Of each order the last that the shop said. Shared by threads and processes."""

    def __init__(self, path: str) -> None:
        self.lock = threading.Lock()
        self.rows = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        with self.lock:
            self.rows.execute("PRAGMA journal_mode = WAL")
            self.rows.execute("PRAGMA synchronous = FULL")  # 202 means that it is on the disk
            self.rows.execute(TABLE)

    def put(self, number: str, body: str) -> None:
        """Keeps what the shop says of an order, in place of what it said before."""
        self._do("INSERT OR REPLACE INTO orders (number, body) VALUES (?, ?)", number, body)

    def waiting(self) -> list[Waiting]:
        """The oldest first."""
        return self._read(f"{ROWS} WHERE problem = '' ORDER BY version LIMIT ?")

    def refused(self) -> list[Waiting]:
        return self._read(f"{ROWS} WHERE problem <> '' ORDER BY version LIMIT ?")

    def done(self, row: Waiting) -> None:
        """Forgets it, unless the shop has said something newer of the order meanwhile."""
        self._do("DELETE FROM orders WHERE version = ?", row.version)

    def refuse(self, row: Waiting, problem: str) -> None:
        """Puts it aside with the reason, and forgets what was put aside long ago."""
        self._do("UPDATE orders SET problem = ? WHERE version = ?", problem or "refused", row.version)
        self._do("DELETE FROM orders WHERE problem <> '' AND at < datetime('now', ?)", f"-{KEPT_DAYS} days")

    def retry(self) -> int:
        """Puts what was refused back in line; how many."""
        return self._do("UPDATE orders SET problem = '' WHERE problem <> ''")

    def count(self) -> int:
        with self.lock:
            return int(self.rows.execute("SELECT count(*) FROM orders WHERE problem = ''").fetchone()[0])

    def _do(self, statement: str, *values: str | int) -> int:
        with self.lock:
            return self.rows.execute(statement, values).rowcount

    def _read(self, statement: str) -> list[Waiting]:
        with self.lock:
            return [Waiting(*row) for row in self.rows.execute(statement, (BATCH,))]
