"""Two at once: real transactions on several connections."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from activities.models import Activity, ActivityType, Order, OrderLine, Product, Visit
from activities.services import BatchError, create_type, delete_type, record_activities, record_orders, record_visits
from contacts.models import Contact
from contacts.services import InUseError, delete_contact
from tests import factories
from tests.factories import NOW

AT = "2026-11-20T10:00:00+01:00"


def elsewhere(account, work: Callable[[], object], failed: list[BaseException] | None = None) -> threading.Thread:
    """`work` on a connection of its own, begun."""

    def run() -> None:
        connection.set_tenant(account)
        try:
            work()
        except BaseException as error:
            if failed is None:
                raise
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def order(contact: Contact, number: str, *products: str) -> dict[str, Any]:
    lines = [{"product": product, "amount": 1, "name": f"{product} of {number}"} for product in products]
    return {"contact": {"id": contact.pk}, "external_id": number, "at": AT, "total": 1, "lines": lines}


def both_after(account, first: dict[str, Any], *batches: list[dict[str, Any]]) -> list[BaseException]:
    """What fails when the batches are written while `first` is: each waits for it, or for one that does."""
    failed: list[BaseException] = []
    with transaction.atomic():
        record_orders([first], account=account, now=NOW)
        threads = []
        for batch in batches:
            work = partial(record_orders, batch, account=account, now=NOW)
            threads.append(elsewhere(account, work, failed))
            threads[-1].join(0.5)
            assert threads[-1].is_alive(), "it waits"
    for thread in threads:
        thread.join(60)
    return failed


@pytest.mark.parametrize("known", [False, True])
def test_batches_of_the_same_orders_in_any_order_neither_double_nor_wait_for_each_other(
    committed, account, known: bool
) -> None:
    ala = factories.contact()
    a, b, m = (order(ala, number, "P") for number in "ABM")
    if known:
        record_orders([a, b, m], account=account, now=NOW)
    assert not both_after(account, m, [b, m, a], [a, m, b])
    assert sorted(Order.objects.values_list("external_id", flat=True)) == ["A", "B", "M"]
    assert OrderLine.objects.count() == 3


@pytest.mark.parametrize("known", [False, True])
def test_batches_with_the_same_products_in_any_order_do_not_wait_for_each_other(
    committed, account, known: bool
) -> None:
    ala = factories.contact()
    if known:
        record_orders([order(ala, "0", "A", "B", "M")], account=account, now=NOW)
    batches = [[order(ala, "2", "B", "M", "A")], [order(ala, "3", "A", "M", "B")]]
    assert not both_after(account, order(ala, "1", "M"), *batches)
    assert sorted(Product.objects.values_list("name", flat=True)) == ["A of 3", "B of 3", "M of 3"]


def test_many_batches_of_the_same_orders_at_once_make_each_once(committed, account) -> None:
    people = [factories.contact() for _ in range(5)]
    failed: list[BaseException] = []

    def write(turn: int) -> None:
        for round_ in range(5):
            batch = [
                order(people[(n + turn) % 5], f"{round_}/{n}", f"P{n * (turn + 1) % 11}", f"P{n % 4}")
                for n in range(20)
            ]
            record_orders(batch[:: 1 if turn % 2 else -1], account=account, now=NOW)

    threads = [elsewhere(account, partial(write, turn), failed) for turn in range(4)]
    for thread in threads:
        thread.join(60)
    assert not failed
    assert Order.objects.count() == 5 * 20
    assert OrderLine.objects.count() == 2 * 5 * 20
    assert Product.objects.count() == 11


def test_an_order_written_twice_at_once_is_the_later_one(committed, account) -> None:
    ala, ola = factories.contact(), factories.contact()
    with transaction.atomic():
        record_orders([order(ala, "A", "P1")], account=account, now=NOW)
        thread = elsewhere(account, lambda: record_orders([order(ola, "A", "P2")], account=account, now=NOW))
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert Order.objects.get().contact_id == ola.pk
    assert [line.product for line in OrderLine.objects.all()] == ["P2"]


@pytest.mark.parametrize("record", [record_activities, record_visits, record_orders])
def test_a_contact_erased_meanwhile_is_named_as_missing(committed, account, record) -> None:
    ala = factories.contact()
    item: dict[str, Any] = {"contact": {"id": ala.pk}, "at": AT}
    item |= {"total": 1} if record is record_orders else {"type": "login"} if record is record_activities else {}
    outcome: list[BaseException] = []
    with transaction.atomic():
        delete_contact(ala)
        thread = elsewhere(account, lambda: record([item], account=account, now=NOW), outcome)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    (error,) = outcome
    assert isinstance(error, BatchError)
    assert [(one.item, one.field, one.code) for one in error.errors] == [(0, "contact.id", "no_contact")]


def test_what_is_written_while_its_contact_is_being_erased_goes_along(committed, account) -> None:
    ala = factories.contact()
    with transaction.atomic():
        item = {"contact": {"id": ala.pk}, "at": AT}
        record_activities([{**item, "type": "login"}], account=account, now=NOW)
        record_visits([item], account=account, now=NOW)
        record_orders([order(ala, "A", "P1")], account=account, now=NOW)
        thread = elsewhere(account, lambda: delete_contact(Contact.objects.get(pk=ala.pk)))
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert not Contact.objects.filter(pk=ala.pk).exists()
    assert not any(model.objects.exists() for model in (Activity, Visit, Order, OrderLine))


def test_orders_that_change_hands_while_contacts_are_erased_leave_nothing_behind(committed, account) -> None:
    people = [factories.contact() for _ in range(12)]
    record_orders([order(people[n % 12], f"N{n:02}", "P1") for n in range(60)], account=account, now=NOW)
    failed: list[BaseException] = []

    def write(turn: int) -> None:
        for step in range(10):
            batch = [order(people[6 + (n + turn + step) % 6], f"N{n:02}", "P1") for n in range(60)]
            record_orders(batch, account=account, now=NOW)

    def erase() -> None:
        for contact in people[:6]:
            delete_contact(Contact.objects.get(pk=contact.pk))

    threads = [elsewhere(account, work, failed) for work in (lambda: write(0), lambda: write(1), erase)]
    for thread in threads:
        thread.join(60)
    assert not failed
    assert Order.objects.count() == OrderLine.objects.count() == 60


def test_a_type_is_not_deleted_while_an_activity_of_it_is_written(committed, account) -> None:
    ala = factories.contact()
    quiz = create_type(key="quiz", name="Quiz")
    outcome: list[BaseException] = []
    with transaction.atomic():
        item = {"contact": {"id": ala.pk}, "type": "quiz", "at": AT}
        record_activities([item], account=account, now=NOW)
        thread = elsewhere(account, lambda: delete_type(quiz), outcome)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert [type(error) for error in outcome] == [InUseError]
    Activity.objects.all().delete()
    delete_type(ActivityType.objects.get(key="quiz"))
