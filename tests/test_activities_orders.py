"""Batches of orders: new and changed, lines, products."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from activities.models import Order, OrderLine, Product
from activities.services import BatchError, record_orders
from contacts.models import Contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
AT = "2026-11-20T10:00:00+01:00"


@pytest.fixture
def ala() -> Contact:
    return factories.contact(email="ala@example.com")


def item(number: str | None = "Z/1", **more: Any) -> dict[str, Any]:
    return {"contact": {"email": "ala@example.com"}, "external_id": number, "at": AT, "total": "100.00", **more}


def line(product: str = "P1", **more: Any) -> dict[str, Any]:
    return {"product": product, **({} if more.keys() & {"price", "amount"} else {"amount": 10}), **more}


def lines() -> list[tuple]:
    rows = OrderLine.objects.order_by("order_id", "position")
    return list(rows.values_list("product", "quantity", "price", "amount"))


def refused(account, *items: Any) -> list[tuple[int | None, str, str]]:
    with pytest.raises(BatchError) as caught:
        record_orders(list(items), account=account, now=NOW)
    assert not Order.objects.exists()
    assert not Product.objects.exists()
    return [(error.item, error.field, error.code) for error in caught.value.errors]


def test_an_order_is_written_with_its_lines_and_source(account, ala) -> None:
    given = item(
        status="paid",
        currency="eur",
        landing_url="https://sklep.pl/?utm_source=fb",
        lines=[line("P1", amount="30", quantity=2, name="Żel", category="Uroda", brand="Ą"), line("P2", price="9.99")],
    )
    assert record_orders([given], account=account, now=NOW) == (1, 0)
    order = Order.objects.get()
    assert (order.contact_id, order.external_id, order.total) == (ala.pk, "Z/1", 100)
    assert (order.status, order.currency, order.channel, order.utm_source) == ("paid", "EUR", "utm", "fb")
    assert order.at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert lines() == [("P1", 2, 15, 30), ("P2", 1, Decimal("9.99"), Decimal("9.99"))]
    assert list(Product.objects.values_list("key", "name", "category", "brand")) == [
        ("P1", "Żel", "Uroda", "Ą"),
        ("P2", "", "", ""),
    ]


def test_what_is_left_out_has_its_default(account, ala) -> None:
    record_orders([item(None), item("")], account=account, now=NOW)
    rows = Order.objects.values_list("external_id", "currency", "status", "channel")
    assert list(rows) == [(None, account.currency, "new", "direct")] * 2


def test_the_same_number_is_the_same_order(account, ala) -> None:
    record_orders([item(lines=[line("P1"), line("P2")])], account=account, now=NOW)
    first = Order.objects.get()
    ola = factories.contact(email="ola@example.com")
    changed = item(contact={"id": ola.pk}, total=5, status="refunded", at=AT.replace("10:", "11:"), lines=[line("P3")])
    assert record_orders([changed, item("Z/2")], account=account, now=NOW) == (1, 1)
    order = Order.objects.get(external_id="Z/1")
    assert (order.pk, order.contact_id, order.total, order.status) == (first.pk, ola.pk, 5, "refunded")
    assert order.at == first.at + timedelta(hours=1)
    assert [product for product, *_ in lines()] == ["P3"]


def test_a_changed_order_keeps_what_is_left_out(account, ala) -> None:
    full = item(status="paid", currency="EUR", lines=[line()], landing_url="https://s.pl/?gclid=1", utm_term="x")
    record_orders([full], account=account, now=NOW)
    record_orders([item(total=7, status=None, currency="")], account=account, now=NOW)
    order = Order.objects.get()
    assert (order.total, order.status, order.currency) == (7, "paid", "EUR")
    assert (order.channel, order.landing_url, order.utm_term) == ("ad", "https://s.pl/?gclid=1", "x")
    assert len(lines()) == 1


def test_a_changed_order_loses_its_lines_when_it_has_none(account, ala) -> None:
    record_orders([item(lines=[line()])], account=account, now=NOW)
    record_orders([item(lines=[])], account=account, now=NOW)
    assert lines() == []


def test_a_source_that_is_given_replaces_the_whole_of_the_old(account, ala) -> None:
    record_orders([item(landing_url="https://s.pl/?gclid=1", utm_term="x")], account=account, now=NOW)
    record_orders([item(referrer="https://www.google.pl/")], account=account, now=NOW)
    order = Order.objects.get()
    assert (order.channel, order.landing_url, order.utm_term) == ("search", "", "")


def test_new_and_changed_lines_are_seen_as_written_with_their_order(account, ala) -> None:
    """The mirror files lines by the transaction of their order."""
    record_orders([item(lines=[line()])], account=account, now=NOW)
    record_orders([item(lines=[line(), line()])], account=account, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT written = pg_current_xact_id()::text::bigint FROM activities_order")
        assert cursor.fetchall() == [(True,)]


def test_a_total_may_differ_from_its_lines(account, ala) -> None:
    record_orders(
        [item(total="112.99", lines=[line(amount=110), line("RABAT", amount="-10")])], account=account, now=NOW
    )
    assert Order.objects.get().total == Decimal("112.99")


def test_amounts_and_prices_follow_from_each_other_to_the_fourth_place(account, ala) -> None:
    given = [line(price="0.3333", quantity="1.5"), line(amount=10, quantity=3), line(price=5, amount=4, quantity=1)]
    record_orders([item(lines=given)], account=account, now=NOW)
    assert [(price, amount) for _product, _quantity, price, amount in lines()] == [
        (Decimal("0.3333"), Decimal("0.5000")),
        (Decimal("3.3333"), 10),
        (5, 4),
    ]


def test_money_of_json_is_exact(account, ala) -> None:
    record_orders([item(total=19.99), item("Z/2", total=99_999_999_999_999)], account=account, now=NOW)
    assert list(Order.objects.order_by("id").values_list("total", flat=True)) == [
        Decimal("19.99"),
        99_999_999_999_999,
    ]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("total", None, "required"),
        ("total", "", "not_number"),
        ("total", "-0.01", "negative"),
        ("total", float("nan"), "not_number"),
        ("total", "Infinity", "not_number"),
        ("total", "0.00001", "too_long"),
        ("total", 10**14, "too_long"),
        ("total", "1e400", "too_long"),
        ("total", True, "not_number"),
        ("total", "10,50", "not_number"),
        ("currency", "złoty", "invalid"),
        ("currency", "EURO", "invalid"),
        ("status", "done", "not_option"),
        ("status", "PAID", "not_option"),
        ("status", ["paid"], "not_option"),
        ("external_id", "x" * 121, "too_long"),
        ("external_id", "Z\0", "control_signs"),
        ("at", NOW + timedelta(days=2), "future"),
        ("channel", "ad", "unknown"),
        ("lines", {}, "not_list"),
        ("lines", "P1", "not_list"),
        ("lines", [line()] * 1001, "too_many"),
        ("contact", {"email": "nobody@example.com"}, "no_contact"),
    ],
)
def test_orders_that_are_refused(account, ala, field: str, value: Any, code: str) -> None:
    path = "contact.email" if code == "no_contact" else field
    assert refused(account, item(), item("Z/2", **{field: value})) == [(1, path, code)]


@pytest.mark.parametrize(
    ("bad", "field", "code"),
    [
        ("P1", "", "not_object"),
        ({"amount": 1}, ".product", "required"),
        (line(""), ".product", "required"),
        (line("x" * 201), ".product", "too_long"),
        ({"product": "P1"}, ".amount", "required"),
        (line(quantity=0), ".quantity", "negative"),
        (line(quantity=-1), ".quantity", "negative"),
        (line(quantity="0.0001"), ".quantity", "too_long"),
        (line(quantity=10**11), ".quantity", "too_long"),
        (line(price="x"), ".price", "not_number"),
        (line(amount=10**14), ".amount", "too_long"),
        (line(price=10**13, quantity=100), ".amount", "too_long"),
        (line(price="99999999999999.9999", quantity="99999999999.999"), ".amount", "too_long"),
        (line(amount=10**13, quantity="0.001"), ".amount", "too_long"),
        (line(name="x" * 301), ".name", "too_long"),
        (line(brand="a\0"), ".brand", "control_signs"),
        (line(colour="red"), ".colour", "unknown"),
    ],
)
def test_lines_that_are_refused(account, ala, bad: Any, field: str, code: str) -> None:
    assert refused(account, item(lines=[line(), bad])) == [(0, f"lines[1]{field}", code)]


def test_two_of_one_number_in_a_batch_are_refused(account, ala) -> None:
    assert refused(account, item("A"), item("B"), item(" A ")) == [(2, "external_id", "twice")]


def test_products_are_as_the_latest_order_told_them(account, ala) -> None:
    def sell(number: str, at: str, **told: str) -> None:
        record_orders([item(number, at=at, lines=[line("P1", **told)])], account=account, now=NOW)

    sell("1", "2026-11-10T10:00:00Z", name="Old", category="C", brand="B")
    sell("2", "2026-11-12T10:00:00Z", name="New")
    sell("3", "2026-11-01T10:00:00Z", name="Oldest", brand="X")
    product = Product.objects.get()
    assert (product.name, product.category, product.brand) == ("New", "C", "B")
    assert product.updated_at == datetime(2026, 11, 12, 10, 0, tzinfo=UTC)


def test_one_product_on_many_lines_of_a_batch_is_one(account, ala) -> None:
    batch = [item(str(n), lines=[line("P1", name="First"), line("P1", name="Second")]) for n in range(3)]
    record_orders(batch, account=account, now=NOW)
    assert Product.objects.get().name == "Second"


def test_an_empty_batch_of_orders_is_none(account) -> None:
    assert record_orders([], account=account, now=NOW) == (0, 0)


def test_the_number_of_queries_does_not_grow_with_the_batch(account, ala, django_assert_num_queries) -> None:
    batch = [item(str(n), lines=[line(str(n))]) for n in range(50)]
    with django_assert_num_queries(8):  # savepoint, two for contacts, ids, orders, lines, products, savepoint
        record_orders(batch, account=account, now=NOW)
    with django_assert_num_queries(11):  # and: lock, change, clear lines
        record_orders(batch, account=account, now=NOW)
