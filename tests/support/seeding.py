"""The demo's data as its command makes them, and the facts alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django_tenants.utils import tenant_context

from accounts.models import Account
from demo import seeding
from tests.support.accounts import ACCOUNTS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FACTS = ("activities_activity", "activities_visit", "activities_order", "activities_orderline")


def seeded(contacts: int = 1000, *, seed: int = 7, **options: Any) -> str:
    """Runs the command; what it says."""
    said = StringIO()
    call_command("seed_demo", account="acme", contacts=contacts, seed=seed, now=NOW.isoformat(), stdout=said, **options)
    return said.getvalue()


def drawn(contacts: int = 1000, *, activities: int | None = None, orders: int | None = None, seed: int = 7) -> None:
    """Contacts and facts alone, without the stories."""
    account = Account.objects.get(schema_name="acme")
    activities = contacts * 15 if activities is None else activities
    orders = contacts if orders is None else orders
    amounts = {"contacts": contacts, "activities": activities, "orders": orders}
    seeding.seed(account, **amounts, seed=seed, now=NOW, say=str)


def rows(sql: str, *values: Any) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def one(sql: str, *values: Any) -> Any:
    return rows(sql, *values)[0][0]


@contextmanager
def kept(baseline: Any, blocker: Any) -> Iterator[None]:
    """For all tests of a module that only read: inside `acme`, committed, emptied at the end."""
    with blocker.unblock():
        cache.clear()
        try:
            with tenant_context(ACCOUNTS["acme"]):
                yield
        finally:
            baseline.restore()
