"""A contact's page: the contact in a few numbers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from activities import selectors
from contacts.models import Contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


@pytest.fixture
def contact() -> Contact:
    return factories.contact(first_name="Ala")


def page_of(client: Client, contact: Contact, query: str = "") -> Any:
    return client.get(f"/contacts/{contact.pk}/{query}")


def panel_values(client: Client, contact: Contact) -> dict[str, Any]:
    response = page_of(client, contact)
    return next(values for panel, values in response.context["aside_panels"] if panel.name == "numbers")


def test_spending_leaves_out_the_cancelled_and_refunded(client: Client, contact: Contact) -> None:
    for total, status, day in [
        ("100", "paid", 3),
        ("50.005", "new", 1),
        ("900", "cancelled", 9),
        ("800", "refunded", 0),
    ]:
        factories.order(contact, total=total, status=status, at=NOW + timedelta(days=day))
    factories.order(factories.contact(), total=7)
    spending = panel_values(client, contact)["spending"]
    assert (spending.orders, str(spending.total), str(spending.largest)) == (2, "150.0050", "100.0000")
    assert (spending.first, spending.last, spending.left_out) == (NOW + timedelta(days=1), NOW + timedelta(days=3), 2)
    text = page_of(client, contact).content.decode()
    for shown in [
        "150.005\u00a0PLN",
        "75.00\u00a0PLN",
        "100.00\u00a0PLN",
        "2 cancelled or refunded orders are left out.",
    ]:
        assert shown in text


def test_a_contact_without_orders_has_no_average(client: Client, contact: Contact) -> None:
    factories.order(contact, total=5, status="cancelled")
    text = page_of(client, contact).content.decode()
    assert "Average order" not in text
    assert "1 cancelled or refunded order is left out." in text


def test_the_last_visit_is_told_with_its_source(client: Client, contact: Contact) -> None:
    factories.visit(contact, at=NOW - timedelta(days=1), channel="search")
    factories.visit(contact, at=NOW, channel="email", utm_source="list", utm_campaign="maj")
    text = page_of(client, contact).content.decode()
    assert "E-mail · list · maj" in text


def engagement_at(contact: Contact, now: datetime, days: int = 90) -> selectors.Engagement:
    return selectors.engagement(contact, days=days, now=now, zone=WARSAW)


def test_the_window_of_engagement_is_of_the_accounts_calendar(contact: Contact) -> None:
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    begins = datetime(2026, 11, 14, 23, 0, tzinfo=UTC)  # midnight of 15 November in Warsaw: seven days with today
    visit = factories.visit(contact, at=begins)
    assert engagement_at(contact, now, 7).since == begins
    assert engagement_at(contact, now, 7).engaged
    visit.delete()
    factories.visit(contact, at=begins - timedelta(microseconds=1))
    assert not engagement_at(contact, now, 7).engaged
    assert engagement_at(contact, now, 8).engaged


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        ("email_open", True),
        ("email_click", True),
        ("sms_click", True),
        ("product_view", True),
        ("add_to_cart", True),
        ("page_view", False),
        ("email_sent", False),
        ("email_unsubscribe", False),
        ("login", False),
    ],
)
def test_only_some_activities_count_as_interactions(contact: Contact, kind: str, counts: bool) -> None:
    factories.activity(contact, kind)
    found = engagement_at(contact, NOW)
    assert found.engaged == counts
    assert (found.last is not None) == counts


def test_orders_count_but_cancelled_ones_and_what_is_yet_to_come_do_not(contact: Contact) -> None:
    factories.order(contact, status="cancelled")
    factories.visit(contact, at=NOW + timedelta(seconds=1))
    assert engagement_at(contact, NOW).last is None
    factories.order(contact, at=NOW - timedelta(days=400))
    found = engagement_at(contact, NOW)
    assert found.last is not None
    assert not found.engaged
    factories.order(contact, at=NOW)
    assert engagement_at(contact, NOW).engaged


def test_the_reason_for_the_engagement_stands_on_the_page(client: Client, contact: Contact, account: Any) -> None:
    text = page_of(client, contact).content.decode()
    assert "Unengaged" in text
    assert "No interaction that counts is recorded." in text
    assert f"The window is the last {account.engagement_days} days, since" in " ".join(text.split())
    factories.activity(contact, "email_open", at=timezone.now() - timedelta(days=2))
    text = page_of(client, contact).content.decode()
    assert ">Engaged<" in text
    assert "The last interaction that counts: E-mail opened, " in text


def test_deleting_says_how_much_goes_along(client: Client, contact: Contact) -> None:
    factories.activity(contact)
    factories.order(contact)
    factories.order(contact)
    belongings = client.get(f"/contacts/{contact.pk}/delete/").context["belongings"]
    assert [(str(each.label), each.count) for each in belongings] == [("Activities", 1), ("Orders", 2)]
