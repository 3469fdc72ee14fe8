"""Sito itself: the rows in an account's real tables, and its engine, as a worker of the bench.

The account `bench_engine` belongs to the bench: it is emptied when another size is loaded.
"""

import os
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import django

from bench.engine.copying import copy, without_indexes
from bench.engine.data import CATEGORIES, CONSENTS, NOW, PLANS, TAGS, version
from bench.engine.workers import peak, serve

SCHEMA = "bench_engine"
ZONE = ZoneInfo("Europe/Warsaw")


def _object(**members: str) -> str:
    """A JSON object of those members that are not NULL. `members`: SQL; texts are quoted already."""
    each = [f"""'"{key}":' || {value}""" for key, value in members.items()]
    return "'{' || concat_ws(',', " + ", ".join(each) + ") || '}'"


def _quoted(column: str) -> str:
    return f"""'"' || {column} || '"'"""


ATTRIBUTES = _object(
    city=_quoted("city"), diopters="diopters", lenses="lenses", birthday=_quoted("birthday"), plan=_quoted("plan")
)
TEXTS = (
    "url",
    "title",
    "product",
    "name",
    "category",
    "brand",
    "campaign",
    "subject",
    "reason",
    "form",
    "query",
    "method",
)
PARAMS = _object(
    **{name: _quoted(name) for name in TEXTS}, price="price", quantity="quantity", results="results", hard="hard"
)
SOURCE = "channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, referrer, landing_url"
SOURCED = "channel, utm_source, utm_medium, utm_campaign, '', '', referrer, landing_url"
AT = "moment || '+00'"
# A table of Sito's: the Parquet table its rows are in, its columns, and their values.
ROWS = {
    "contacts_contact": (
        "contacts",
        "id, email, phone, first_name, last_name, status, lead_score, source, attributes, created_at, updated_at",
        f"""contact_id, email, phone, first_name, last_name, status, lead_score, source, {ATTRIBUTES},
            created_at || '+00', created_at || '+00'""",
    ),
    "tags_contacttag": ("tags", "tag_id, contact_id, assigned_at", "{tag}, contact_id, assigned_at || '+00'"),
    "tags_contactcategory": (
        "categories", "category_id, contact_id, assigned_at", "{category}, contact_id, assigned_at || '+00'",
    ),
    "contacts_contactconsent": (
        "consents",
        "consent_id, contact_id, state, changed_at, source, wording_version",
        "{consent}, contact_id, state, changed_at || '+00', 'bench', 1",
    ),
    "activities_activity": (
        "activities", "id, contact_id, type_id, at, params", f"id, contact_id, {{type}}, {AT}, {PARAMS}",
    ),
    "activities_visit": ("visits", f"id, contact_id, at, {SOURCE}", f"id, contact_id, {AT}, {SOURCED}"),
    "activities_order": (
        "orders",
        f"id, contact_id, at, {SOURCE}, external_id, total, currency, status",
        f"id, contact_id, {AT}, {SOURCED}, 'Z/' || id, total, currency, status",
    ),
    "activities_orderline": (
        "lines",
        "order_id, position, product, name, category, brand, quantity, price, amount",
        "order_id, position, product, name, category, brand, quantity, price, amount",
    ),
}  # fmt: skip


def make_account() -> None:
    """The account is there, with today's tables."""
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import Account

    connection.set_schema_to_public()
    call_command("migrate_schemas", shared=True, verbosity=0)
    if Account.objects.filter(schema_name=SCHEMA).exists():
        call_command("migrate_schemas", schema_name=SCHEMA, verbosity=0)
    else:
        Account(schema_name=SCHEMA, name="Bench").save(verbosity=0)


def enter() -> None:
    """Leaves the connection inside the account."""
    from django.db import connection

    from accounts.models import Account

    connection.set_schema_to_public()
    connection.set_tenant(Account.objects.get(schema_name=SCHEMA))


def load(folder: str) -> dict[str, float]:
    """The rows of a folder into the account, unless they are there. How many seconds the parts of it took."""
    from django.db import connection

    make_account()
    enter()
    rows = Path(folder)
    stamp = f"{rows.name} {version()}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(%s::regnamespace)", [SCHEMA])
        if cursor.fetchone() == (stamp,):
            return {}
        cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS NULL")
        began = time.perf_counter()
        fill(cursor, rows)
        filled = time.perf_counter()
        rebuild()
        cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{stamp}'")
    return {"rows and indexes": filled - began, "mirror": time.perf_counter() - filled}


def fill(cursor: Any, folder: Path) -> None:
    """The account's tables hold the rows of the folder, and nothing else."""
    from django.db import connection, transaction

    cursor.execute("SET maintenance_work_mem = '1GB'")
    definitions = "contacts_attribute, contacts_consent, tags_tag, tags_category"
    cursor.execute(f"TRUNCATE {', '.join(ROWS)}, {definitions} RESTART IDENTITY CASCADE")
    names = _names()
    with without_indexes(cursor, list(ROWS)), transaction.atomic():  # an order's lines are of its transaction
        for table, (source, columns, values) in ROWS.items():
            for path in sorted(folder.glob(f"{source}*.parquet")):
                query = f"SELECT {_named(values, names)} FROM read_parquet('{path}')"
                copy(cursor, query, table, columns, folder=folder)
    for table in ("contacts_contact", "activities_activity", "activities_visit", "activities_order"):
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    if not connection.in_atomic_block:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(ROWS)}")


def rebuild() -> None:
    """The mirror's files, made anew; without the command everything is read from PostgreSQL: slow, and right."""
    from django.core.management import call_command, get_commands

    if "mirror" in get_commands():
        call_command("mirror", "rebuild", account=SCHEMA)


def _names() -> dict[str, dict[str, int]]:
    """The definitions that the rows name, made: their ids by kind and key."""
    from activities.models import ActivityType
    from contacts.models import Attribute, Consent
    from tags.categories import create_category
    from tags.models import Category, Tag

    kinds = {"city": "text", "diopters": "number", "lenses": "boolean", "birthday": "date", "plan": "choice"}
    for key, kind in kinds.items():
        options = list(PLANS) if key == "plan" else []
        Attribute.objects.create(key=key, name=key.title(), type=kind, options=options)
    for path in CATEGORIES:
        above, _slash, name = path.rpartition("/")
        create_category(name, below=Category.objects.get(slug_path=above) if above else None, now=NOW)
    return {
        "tag": {name: Tag.objects.create(name=name).pk for name in TAGS},
        "category": {path: Category.objects.get(slug_path=path).pk for path in CATEGORIES},
        "consent": {key: Consent.objects.create(key=key, name_en=key, name_pl=key).pk for key in CONSENTS},
        "type": dict(ActivityType.objects.values_list("key", "id")),
    }


def _named(values: str, names: dict[str, dict[str, int]]) -> str:
    """`{tag}` and the like in SQL become the id of the tag that the row names."""
    for kind, ids in names.items():
        cases = " ".join(f"WHEN '{key}' THEN {id_}" for key, id_ in ids.items())
        values = values.replace(f"{{{kind}}}", f"CASE {kind} {cases} END")
    return values


# --- counting ----------------------------------------------------------------------------------------------------
def count(tree: Any, reuse: Any = None) -> dict[str, Any]:
    """One whole calculation, as a segment's is, from the criteria's JSON to its members."""
    from segmentation.criteria import Context, parse
    from segmentation.engine import evaluate, snapshot

    began = time.perf_counter()
    with snapshot():
        evaluation = evaluate(parse(tree), context=Context(now=NOW, zone=ZONE, reuse=reuse))
    ms = (time.perf_counter() - began) * 1000
    return {
        "count": evaluation.count,
        "ms": ms,
        "nodes": [[node.path, node.count, node.ms] for node in evaluation.nodes],
    }


def recount(tree: Any) -> dict[str, Any]:
    """As `count`, in an editing session that has counted a tree much like it before."""
    from segmentation.builder.reuse import Session

    return count(tree, Session(user=1, place="segment:new"))


def sizes() -> dict[str, int]:
    """Bytes on disk, of the tables with their indexes and of the mirror; how many rows the mirror lacks."""
    from django.db import connection
    from django.db.models import Sum

    from mirror.models import File
    from mirror.reading import Reader

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class"
            f" WHERE relkind = 'r' AND relnamespace = '{SCHEMA}'::regnamespace"
        )
        (tables,) = cursor.fetchone()
        beyond = sum(tail.rows for tail in Reader().tails.values())
    return {"tables": tables, "mirror": File.objects.aggregate(bytes=Sum("bytes"))["bytes"] or 0, "beyond": beyond}


def main() -> None:
    django.setup()
    serve({"load": load, "enter": enter, "count": count, "recount": recount, "sizes": sizes, "peak": peak})


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
