"""Fifteen hundred things in a random order, the mirror looked at again and again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from activities.models import Activity, Order, Visit
from contacts.models import Contact
from mirror import parts, storing
from mirror.compacting import compact
from mirror.units import UNITS
from tests.support.facts import Facts
from tests.support.mirror import assert_exact


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_random_operations_leave_files_and_newer_rows_exact(committed, account, seed, monkeypatch):
    monkeypatch.setattr(parts, "YEARS_FROM", 300)
    monkeypatch.setattr(parts, "MONTHS_FROM", 600)
    monkeypatch.setattr(parts, "RANGE_BITS", 4)
    facts = Facts(seed)
    facts.declare()
    random, tables = facts.random, (Activity, Visit, Order, Contact)
    facts.contacts(10)

    def ids() -> list[int]:
        return list(Contact.objects.values_list("pk", flat=True)) or [facts.contacts(1)[0].pk]

    def some(model) -> list:
        return list(model.objects.order_by("?")[: random.randint(1, 4)])

    operations = {
        "contacts": lambda: facts.contacts(random.randint(1, 4)),
        "activities": lambda: facts.activities(ids(), random.randint(1, 25)),
        "visits": lambda: facts.visits(ids(), random.randint(1, 15)),
        "orders": lambda: facts.orders(ids(), random.randint(1, 8)),
        "order": lambda: [facts.change_order(order) for order in some(Order)],
        "move": lambda: [
            Order.objects.filter(pk=order.pk).update(contact=random.choice(ids())) for order in some(Order)
        ],
        "contact": lambda: [facts.change_contact(contact) for contact in some(Contact)],
        "delete": lambda: [row.delete() for model in (random.choice(tables),) for row in some(model)],
        "empty": lambda: random.random() < 0.1 and truncate(),
        "compact": lambda: compact(random.choice(list(UNITS)), now=timezone.now(), rebuild=random.random() < 0.1),
        "purge": lambda: storing.remove_discarded(before=timezone.now() + timedelta(hours=1)),
    }
    weights = [6, 12, 8, 10, 12, 6, 8, 6, 1, 14, 2]
    for number in range(500):
        random.choices(list(operations.values()), weights)[0]()
        if number % 25 == 24:
            assert_exact()


def truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE contacts_contact RESTART IDENTITY CASCADE")
