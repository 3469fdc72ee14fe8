"""bench/engine: what it compares is the same for all it compares. Nothing here is timed."""

import importlib.util
import itertools
import os
from pathlib import Path

import duckdb
import pytest
from django.db import connection
from psycopg import conninfo

from bench.engine import queries, report
from bench.engine.data import TABLES, Size, generated, parquet
from bench.engine.leaves import begin, lead_score, seldom, tag
from bench.engine.postgres import SCHEMA, Bare
from bench.engine.queries import Not, Tree, both, either, leaves
from bench.engine.trees import TREES, edits
from bench.engine.workers import FailedError, Worker

SMALL = Size(1000, 30_000, 3000)


@pytest.fixture(scope="session")
def rows(tmp_path_factory) -> Path:
    return generated(SMALL, tmp_path_factory.mktemp("bench") / "rows")


@pytest.fixture
def sito(account, rows):
    """The rows in the account of the test."""
    from bench.engine import sito

    with connection.cursor() as cursor:
        sito.fill(cursor, rows)
    return sito


@pytest.fixture
def bare(django_db_setup, rows):
    address = os.environ["DATABASE_URL"].replace("postgres:", "postgresql:", 1)
    bare = Bare(conninfo.make_conninfo(address, dbname=connection.settings_dict["NAME"]))
    bare.load(str(rows))
    yield bare
    bare.connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    bare.connection.close()


def content(folder: Path, table: str) -> list:
    with duckdb.connect() as duck:
        return duck.execute(f"SELECT * FROM read_parquet('{parquet(folder, table)}') ORDER BY ALL").fetchall()


def test_the_same_size_is_the_same_rows(rows, tmp_path):
    again = generated(SMALL, tmp_path / "again")
    for table in TABLES:
        assert content(again, table) == content(rows, table), table


def test_there_are_as_many_rows_as_asked_for(rows):
    counted = {table: len(content(rows, table)) for table in ("contacts", "activities", "visits", "orders")}
    assert counted == {"contacts": 1000, "activities": 30_000, "visits": 3000, "orders": 3000}


def test_a_size_that_is_there_is_used_again(rows):
    before = {path: path.stat().st_mtime_ns for path in rows.iterdir()}
    assert generated(SMALL, rows) == rows
    assert {path: path.stat().st_mtime_ns for path in rows.iterdir()} == before


def test_an_order_is_the_sum_of_its_lines(rows):
    with duckdb.connect() as duck:
        (differing,) = duck.execute(
            f"SELECT count(*) FROM read_parquet('{parquet(rows, 'orders')}') o WHERE total <>"
            f" (SELECT sum(amount) FROM read_parquet('{parquet(rows, 'lines')}') WHERE order_id = o.id)"
        ).fetchone()
    assert differing == 0


def test_every_kind_of_behaviour_is_asked_for():
    asked = {leaf.criteria["kind"] for tree in TREES for leaf in leaves(tree.root)}
    assert asked >= {
        "field", "attribute", "tag", "category", "consent", "activity", "visit", "order", "purchase", "order_date",
        "engagement", "rfm", "spender",
    }  # fmt: skip
    assert len(TREES) >= 24
    assert len({tree.name for tree in TREES}) == len(TREES)


def test_an_edit_changes_one_of_eight_criteria():
    trees = [queries.criteria(tree)["all"] for tree in edits()]
    assert {len(tree) for tree in trees} == {8}
    for one, other in itertools.pairwise(trees):
        assert sum(before != after for before, after in zip(one, other, strict=True)) == 1


def test_windows_begin_at_midnights_of_the_account():
    assert begin(1, "day") == "'2026-11-20 23:00:00'"
    assert begin(30, "day") == "'2026-10-22 22:00:00'"
    assert begin(6, "month") == "'2026-05-21 22:00:00'"
    assert begin(1, "year") == "'2025-11-21 23:00:00'"


def test_sito_and_postgresql_count_alike(sito, bare):
    for tree in TREES:
        counted = sito.count(queries.criteria(tree.root))["count"]
        for way, query in queries.postgres(tree).items():
            assert (tree.name, way, bare.count(query)["count"]) == (tree.name, way, counted)


def test_both_sides_of_a_negation_are_told_alike(sito, bare):
    few = seldom("page_view", 3, last=30)
    for node in (Not(few), either(few, tag("VIP")), both(Not(lead_score("gt", 20)), Not(either(few, tag("VIP"))))):
        counted = sito.count(queries.criteria(node))["count"]
        assert counted > 0
        assert {bare.count(query)["count"] for query in queries.postgres(Tree("", node)).values()} == {counted}


def test_clickhouse_counts_as_postgresql_whichever_way_it_is_asked(rows, bare):
    if importlib.util.find_spec("chdb") is None:
        pytest.skip(
            "chdb is not installed, so ClickHouse's counts were NOT compared: `make bench-packages` installs it"
        )
    with Worker("bench.engine.clickhouse", str(rows)) as clickhouse:
        clickhouse.ask("load")
        for tree in TREES:
            right = bare.count(queries.postgres(tree)["in"])["count"]
            for way, query in queries.clickhouse(tree).items():
                assert (tree.name, way, clickhouse.ask("count", query=query)["count"]) == (tree.name, way, right)


def test_what_a_worker_fails_with_is_told(tmp_path, monkeypatch):
    (tmp_path / "failing.py").write_text(
        "from bench.engine.workers import serve\ndef fail(): raise ValueError('so it is')\nserve({'fail': fail})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker("failing") as worker, pytest.raises(FailedError, match="so it is"):
        worker.ask("fail")


def test_loading_leaves_indexes_and_keys_as_they_were(account, rows):
    from bench.engine import sito

    before = _guards()
    with connection.cursor() as cursor:
        sito.fill(cursor, rows)
    assert _guards() == before


def _guards() -> list:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'acme' UNION ALL"
            " SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'acme'::regnamespace"
            " ORDER BY 1"
        )
        return cursor.fetchall()


def test_means_are_geometric_and_percentiles_are_values():
    assert report.geometric([0.5, 2.0]) == pytest.approx(1.0)
    assert report.percentile([5.0, 1.0, 2.0, 3.0, 4.0], 50) == 3.0
    assert report.percentile([float(n) for n in range(1, 101)], 95) == 95.0
