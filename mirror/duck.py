"""The one DuckDB of this process: in memory, over Parquet files, within its share of memory."""

import os
from functools import cache
from pathlib import Path
from secrets import token_hex

import duckdb
from django.conf import settings

# Ids are dense, so grouping by contact is an array of up to 2^24 groups, not a hash table: 738 -> 200 ms at 50 M rows.
PERFECT = 24


def folder() -> Path:
    """Where rows lie that do not fit into memory, for as long as they are read."""
    made = Path(settings.ENGINE_FOLDER)
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


@cache
def _database(_process: int) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{settings.ENGINE_MEMORY_MB}MiB",
            "threads": settings.ENGINE_THREADS,
            "temp_directory": str(folder() / f"spill-{token_hex(8)}"),  # in a shared one processes overwrite each other
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    for setting in (f"perfect_ht_threshold = {PERFECT}", "parquet_metadata_cache = true", "TimeZone = 'UTC'"):
        database.execute(f"SET GLOBAL {setting}")
    return database


def forget() -> None:
    """Has the next cursor come from a new database: one that met an internal error answers nothing any more."""
    _database.cache_clear()


def cursor() -> duckdb.DuckDBPyConnection:
    """A connection of its own to the process's database: to be closed; one thread at a time."""
    return _database(os.getpid()).cursor()  # a forked child has none of its parent's threads
