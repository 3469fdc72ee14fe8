"""ClickHouse in this process (chdb): MergeTree tables in the order that served it best, whole parts, all cores."""

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from bench.engine.data import TYPES, parquet, version
from bench.engine.workers import serve

ENUM = "Enum8(" + ", ".join(f"'{key}' = {at}" for at, key in enumerate(TYPES, 1)) + ")"
# Columns and sorting key. Tried for the activities: see docs/bench.md.
TABLES = {
    "contacts": (
        """contact_id UInt32, email String, phone String, first_name LowCardinality(String),
           last_name LowCardinality(String), status LowCardinality(String), lead_score Int32,
           source LowCardinality(String), created_at DateTime('UTC'), city LowCardinality(Nullable(String)),
           diopters Nullable(Decimal32(2)), lenses Nullable(Bool), birthday Nullable(Date32),
           plan LowCardinality(Nullable(String))""",
        "contact_id",
    ),
    "tags": ("tag LowCardinality(String), contact_id UInt32, assigned_at DateTime('UTC')", "tag, contact_id"),
    "categories": (
        "category LowCardinality(String), contact_id UInt32, assigned_at DateTime('UTC')",
        "category, contact_id",
    ),
    "consents": (
        "consent LowCardinality(String), contact_id UInt32, state LowCardinality(String), changed_at DateTime('UTC')",
        "consent, state, contact_id",
    ),
    "activities": (
        f"""id UInt64, contact_id UInt32, type {ENUM}, moment DateTime('UTC'), url LowCardinality(String),
           product LowCardinality(String), category LowCardinality(String), brand LowCardinality(String),
           price Decimal64(4), campaign LowCardinality(String), reason LowCardinality(String),
           query LowCardinality(String), method LowCardinality(String)""",
        "type, moment",
    ),
    "visits": (
        """id UInt64, contact_id UInt32, moment DateTime('UTC'), channel LowCardinality(String),
           utm_source LowCardinality(String), utm_campaign LowCardinality(String),
           landing_url LowCardinality(String)""",
        "moment",
    ),
    "orders": (
        """id UInt64, contact_id UInt32, moment DateTime('UTC'), channel LowCardinality(String),
           utm_source LowCardinality(String), utm_campaign LowCardinality(String), total Decimal64(4),
           currency LowCardinality(String), status LowCardinality(String)""",
        "moment",
    ),
    "lines": (
        """order_id UInt64, contact_id UInt32, moment DateTime('UTC'), status LowCardinality(String),
           product LowCardinality(String), category LowCardinality(String), brand LowCardinality(String),
           quantity Decimal64(3), price Decimal64(4), amount Decimal64(4)""",
        "brand, moment",
    ),
}


class House:
    """One session over a folder of its own beside the rows."""

    def __init__(self, folder: str) -> None:
        from chdb.session import Session

        self.rows, self.folder = Path(folder), Path(folder) / "clickhouse"
        self.stamp = self.folder / "loaded.json"
        self.made = json.dumps([version(), {table: list(made) for table, made in TABLES.items()}])
        self.fresh = not self.stamp.exists() or self.stamp.read_text() != self.made
        if self.fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.session = Session(str(self.folder))
        self.session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
        self.session.query("USE bench")
        self.session.query(f"SET max_threads = {os.cpu_count()}")

    def load(self) -> dict[str, float]:
        """The rows, unless they are there. How many seconds it took."""
        if not self.fresh:
            return {}
        began = time.perf_counter()
        for table, (columns, order) in TABLES.items():
            self.session.query(f"CREATE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY ({order})")
            names = ", ".join(line.split()[0] for line in _split(columns))
            self.session.query(
                f"INSERT INTO {table} SELECT {names} FROM file('{parquet(self.rows, table)}', Parquet)"
                " SETTINGS input_format_null_as_default = 1"
            )
            self.session.query(f"OPTIMIZE TABLE {table} FINAL")
        self.stamp.write_text(self.made)
        self.fresh = False
        return {"rows": time.perf_counter() - began}

    def count(self, query: str) -> dict[str, Any]:
        began = time.perf_counter()
        answer = self.session.query(query, "CSV").bytes()
        return {"count": int(answer), "ms": (time.perf_counter() - began) * 1000}

    def sizes(self) -> dict[str, int]:
        return {"tables": sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())}

    def version(self) -> str:
        return str(self.session.query("SELECT version()", "CSV")).strip().strip('"')


def _split(columns: str) -> list[str]:
    """Column definitions, apart: commas in brackets hold nothing apart."""
    depth, parts = 0, [""]
    for letter in columns:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def main() -> None:
    house = House(sys.argv[1])
    serve({"load": house.load, "count": house.count, "sizes": house.sizes, "version": house.version})


if __name__ == "__main__":
    main()
