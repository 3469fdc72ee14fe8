"""Imports of orders and activities: lines, what is there already, and whose they are."""

from datetime import timedelta
from decimal import Decimal

import pytest

from activities.models import Activity, Order, OrderLine
from imports import running
from imports.models import set_of
from imports.rows.orders import OrderRows
from tests import factories
from tests.factories import NOW
from tests.support.importing import counts, csv_of, imported

LATER = NOW + timedelta(hours=1)
HEAD = "number;date;e-mail;total;status;sku;qty;price"
ORDERS = csv_of(
    HEAD,
    "A1;1.11.2026 10:00;anna@example.com;30,00 zł;opłacona;P1;1;10,00",
    "A1;1.11.2026 10:00;anna@example.com;30,00 zł;opłacona;P2;2;10",
    "A2;2026-11-02;anna@example.com;1 005,5;new;P1;1;1005,50",
)


@pytest.fixture(autouse=True)
def anna(settings, tmp_path, account):
    settings.MEDIA_ROOT = str(tmp_path)
    return factories.contact(email="anna@example.com")


def test_rows_of_one_number_are_one_order_with_its_lines(anna):
    job = imported(ORDERS, "orders")
    assert counts(job) == (3, 0, 0, 0, 0)
    one, two = Order.objects.order_by("external_id")
    assert (one.contact_id, one.total, one.status, two.total) == (anna.pk, 30, "paid", Decimal("1005.5"))
    assert list(OrderLine.objects.filter(order_id=one.pk).values_list("product", "amount")) == [("P1", 10), ("P2", 20)]
    assert list(set_of(job.people)) == [anna.pk]


def test_orders_are_counted_beside_their_rows():
    assert imported(ORDERS, "orders").orders == {"created": 2}
    more = csv_of(*ORDERS.decode().splitlines(), "A3;2026-11-03;nobody@example.com;5;new;P1;1;5")
    job = imported(more.replace(b"P2;2;10", b"P2;3;10"), "orders", now=LATER)
    assert (counts(job), job.orders) == ((0, 2, 1, 0, 1), {"updated": 1, "unchanged": 1, "rejected": 1})


def test_orders_of_several_chunks_are_counted_once(monkeypatch):
    monkeypatch.setattr(OrderRows, "most", 1)
    assert imported(ORDERS, "orders").orders == {"created": 2}


def test_the_same_orders_again_are_unchanged_and_others_updated(anna):
    imported(ORDERS, "orders")
    written = list(Order.objects.extra(select={"at_write": "written"}).values("id", "at_write"))
    assert counts(imported(ORDERS, "orders", now=LATER)) == (0, 0, 3, 0, 0)
    assert list(Order.objects.extra(select={"at_write": "written"}).values("id", "at_write")) == written
    again = ORDERS.replace(b"P2;2;10", b"P2;3;10")
    assert counts(imported(again, "orders", now=LATER)) == (0, 2, 1, 0, 0)
    assert OrderLine.objects.get(product="P2").quantity == 3


@pytest.mark.parametrize(("mode", "expected"), [("create", (1, 0, 0, 2, 0)), ("update", (0, 0, 2, 1, 0))])
def test_only_new_orders_or_only_those_there_are(mode, expected):
    imported(csv_of(*ORDERS.decode().splitlines()[:3]), "orders")
    assert counts(imported(ORDERS, "orders", mode=mode, now=LATER)) == expected


@pytest.mark.parametrize(
    ("line", "expected", "field"),
    [
        ("A1;1.11.2026 10:00;anna@example.com;31;paid;P3;1;1", (1, 0, 0, 0, 3), "total"),
        ("A1;1.11.2026 10:00;anna@example.com;30;paid;P3;many;1", (1, 0, 0, 0, 3), "lines[2].quantity"),
        ("A1;1.11.2026 10:00;nobody@example.com;30;paid;P3;1;1", (1, 0, 0, 0, 3), "contact.email"),
    ],
)
def test_an_order_of_which_a_row_is_wrong_is_not_written_in_part(line, expected, field):
    head, one, two, other = ORDERS.decode().splitlines()
    job = imported(csv_of(head, one, two, line, other), "orders")
    assert counts(job) == expected
    assert list(Order.objects.values_list("external_id", flat=True)) == ["A2"]
    assert field in job.reasons


def test_rows_of_an_order_that_stand_apart_are_refused():
    """Each would take the others' lines away."""
    head, one, two, other = ORDERS.decode().splitlines()
    job = imported(csv_of(head, one, other, two), "orders")
    assert counts(job) == (1, 0, 0, 0, 2)
    assert list(Order.objects.values_list("external_id", flat=True)) == ["A2"]


def test_a_file_of_orders_in_no_order_is_refused(monkeypatch):
    monkeypatch.setattr(running, "MOST_APART", 0)
    head, one, two, other = ORDERS.decode().splitlines()
    job = imported(csv_of(head, one, other, two), "orders")
    assert (job.state, Order.objects.count()) == ("failed", 0)
    assert "sort the file" in job.problem_text


EVENTS = csv_of(
    "email;when;type;url",
    "ANNA@example.com;01.11.2026 10:00;page_view;/a",
    "anna@example.com;01.11.2026 10:00;page_view;/a",
    "anna@example.com;01.11.2026 10:05:07;page_view;/b",
    "nobody@example.com;01.11.2026 10:05;page_view;/b",
    "anna@example.com;;page_view;/b",
    "anna@example.com;01.11.2026 10:05;unheard_of;/b",
)


def test_rows_become_activities_each_once(anna):
    job = imported(EVENTS, "activities")
    assert counts(job) == (2, 0, 1, 0, 3)
    assert sorted(Activity.objects.values_list("params__url", flat=True)) == ["/a", "/b"]
    assert list(set_of(job.people)) == [anna.pk]


def test_activities_that_are_there_are_not_written_again(anna):
    """Neither those of the same file, nor what the site has sent by itself."""
    imported(EVENTS, "activities")
    assert counts(imported(EVENTS, "activities", now=LATER)) == (0, 0, 3, 0, 3)
    more = csv_of(
        "email;when;url", "anna@example.com;2026-11-01 10:05:07;/c", "anna@example.com;2026-11-01 10:05:07;/b"
    )
    assert counts(imported(more, "activities", kind="page_view", now=LATER)) == (1, 0, 1, 0, 0)
    assert Activity.objects.count() == 3


def test_facts_of_contacts_outside_are_those_of_nobody(account, make_user, anna):
    user, media = make_user("marketer"), factories.category("media")
    factories.permission_group("Media", users=[user], categories=[media])
    assert counts(imported(EVENTS, "activities", by=user)) == (0, 0, 0, 0, 6)
    assert counts(imported(ORDERS, "orders", by=user)) == (0, 0, 0, 0, 3)
    factories.category("media2", anna)
    assert not Activity.objects.exists()
    assert not Order.objects.exists()
