"""PostgreSQL by itself: the rows in plain typed tables with the indexes that the questions ask for."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.engine.copying import copy
from bench.engine.data import version
from bench.engine.workers import serve

SCHEMA = "bench_bare"
PATIENCE_S = 20
TABLES = {
    "contacts": """contact_id int, email text, phone text, first_name text, last_name text, status text, lead_score int,
        source text, created_at timestamp, city text, diopters numeric, lenses boolean, birthday date, plan text""",
    "tags": "tag text, contact_id int, assigned_at timestamp",
    "categories": "category text, contact_id int, assigned_at timestamp",
    "consents": "consent text, contact_id int, state text, changed_at timestamp",
    "activities": """id bigint, contact_id int, type text, moment timestamp, url text, product text, category text,
        brand text, price numeric, campaign text, reason text, query text, method text""",
    "visits": """id bigint, contact_id int, moment timestamp, channel text, utm_source text, utm_campaign text,
        landing_url text""",
    "orders": """id bigint, contact_id int, moment timestamp, channel text, utm_source text, utm_campaign text,
        total numeric(18, 4), currency text, status text""",
    "lines": """order_id bigint, contact_id int, moment timestamp, status text, product text, category text, brand text,
        quantity numeric(14, 3), price numeric(18, 4), amount numeric(18, 4)""",
}
INDEXES = (
    "UNIQUE INDEX ON contacts (contact_id)",
    "INDEX ON contacts (lead_score) INCLUDE (contact_id)",
    "INDEX ON contacts (city) INCLUDE (contact_id)",
    "INDEX ON contacts (status) INCLUDE (contact_id)",
    "INDEX ON contacts (diopters) INCLUDE (contact_id)",
    "UNIQUE INDEX ON tags (tag, contact_id)",
    "UNIQUE INDEX ON categories (category, contact_id)",
    "UNIQUE INDEX ON consents (consent, state, contact_id)",
    "INDEX ON activities (type, moment) INCLUDE (contact_id)",
    "INDEX ON activities (type, contact_id, moment, id)",
    "INDEX ON activities (moment) INCLUDE (contact_id, url) WHERE type = 'page_view'",
    """INDEX ON activities (type, brand, moment) INCLUDE (contact_id, price, category, product)
       WHERE type IN ('product_view', 'add_to_cart')""",
    "INDEX ON activities (contact_id, moment, id) INCLUDE (method) WHERE type = 'login'",
    """INDEX ON activities (type, moment) INCLUDE (contact_id, campaign)
       WHERE type IN ('email_sent', 'email_open', 'email_click')""",
    "INDEX ON visits (channel, moment) INCLUDE (contact_id)",
    "INDEX ON visits (moment) INCLUDE (contact_id, channel)",
    "INDEX ON visits (contact_id, moment, id) INCLUDE (channel)",
    "INDEX ON orders (moment) INCLUDE (contact_id, total, status, channel)",
    "INDEX ON orders (contact_id, moment) INCLUDE (total, status, channel)",
    "INDEX ON orders (status, moment) INCLUDE (contact_id, total)",
    "INDEX ON lines (brand, moment) INCLUDE (contact_id, order_id, status, amount, quantity)",
    "INDEX ON lines (product, moment) INCLUDE (contact_id, order_id, status, amount, quantity)",
    "INDEX ON lines (category, moment) INCLUDE (contact_id, order_id, status, amount, quantity)",
)


class Bare:
    """A session in the schema of its own."""

    def __init__(self, address: str) -> None:
        self.connection = psycopg.connect(address, autocommit=True)
        for setting in ("work_mem = '256MB'", "maintenance_work_mem = '1GB'", "jit = off", f"search_path = {SCHEMA}"):
            self.connection.execute(f"SET {setting}")
        self.connection.execute("SET timezone = 'UTC'")

    def load(self, folder: str) -> dict[str, float]:
        """The rows of a folder, unless they are there. How many seconds it took."""
        stamp = f"{Path(folder).name} {version()}"
        there = self.connection.execute("SELECT obj_description(to_regnamespace(%s))", [SCHEMA]).fetchone()
        if there == (stamp,):
            return {}
        began = time.perf_counter()
        self.connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        self.connection.execute(f"CREATE SCHEMA {SCHEMA}")
        self.fill(Path(folder))
        self.connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{stamp}'")
        return {"rows and indexes": time.perf_counter() - began}

    def fill(self, folder: Path) -> None:
        for table, columns in TABLES.items():
            self.connection.execute(f"CREATE TABLE {table} ({columns})")
            names = ", ".join(
                column.split()[0] for column in columns.replace("numeric(18, 4)", "n").replace("(14, 3)", "").split(",")
            )
            for path in sorted(folder.glob(f"{table}*.parquet")):
                copy(
                    self.connection.cursor(), f"SELECT {names} FROM read_parquet('{path}')", table, names, folder=folder
                )
        for index in INDEXES:
            self.connection.execute(f"CREATE {index}")
        for table in TABLES:
            self.connection.execute(f"VACUUM (ANALYZE) {table}")

    def count(self, query: str) -> dict[str, Any]:
        """What takes longer than `PATIENCE_S` is given up: its count is None, and its time the least it took."""
        began = time.perf_counter()
        try:
            with self.connection.transaction():
                self.connection.execute("SELECT set_config('statement_timeout', %s, true)", [f"{PATIENCE_S}s"])
                found = self.connection.execute(query).fetchone()
        except psycopg.errors.QueryCanceled:
            return {"count": None, "ms": PATIENCE_S * 1000.0}
        assert found
        return {"count": found[0], "ms": (time.perf_counter() - began) * 1000}

    def sizes(self) -> dict[str, int]:
        found = self.connection.execute(
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class"
            f" WHERE relkind = 'r' AND relnamespace = '{SCHEMA}'::regnamespace"
        ).fetchone()
        assert found
        return {"tables": found[0]}

    def version(self) -> str:
        return str(self.connection.info.server_version // 10000)


def main() -> None:
    bare = Bare(os.environ["DATABASE_URL"].replace("postgres:", "postgresql:", 1))
    serve({"load": bare.load, "count": bare.count, "sizes": bare.sizes, "version": bare.version})


if __name__ == "__main__":
    sys.exit(main())
