"""What statistics call a difference, and the figures it stands beside."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Attribute, Consent
from insights.statistics.comparing import averages, shares, times, two_times
from insights.statistics.sales import Sold
from insights.templatetags.beside import average, difference_text
from tests import factories


def test_times_that_are_few_are_no_difference() -> None:
    few = times((5, 100), (22, 1000), 20)
    assert (few.way, few.index > 200) == ("even", True)
    assert times((0, 100), (40, 1000), 40).way == "even"
    assert times((0, 100), (300, 1000), 300).way == "less"
    assert times((60, 100), (300, 1000), 300).way == "more"


def test_times_that_are_few_on_either_side_are_no_difference() -> None:
    """Of two groups: two times, where three were to be expected."""
    few = two_times((2, 100, 2), (64, 2100, 1))
    assert (few.way, few.index < 70) == ("even", True)
    assert two_times((0, 100, 0), (30, 2100, 30)).way == "even"
    assert two_times((0, 100, 0), (900, 2100, 900)).way == "less"
    assert two_times((40, 100, 40), (64, 2100, 64)).way == "more"


def test_times_of_one_contact_come_together() -> None:
    assert times((60, 100), (300, 1000), 300).way == "more"
    assert times((60, 100), (300, 1000), 10).way == "even"  # two who did it thirty times each, where one is expected


def test_averages_of_few_orders_are_no_difference() -> None:
    assert averages(Fraction(150), Fraction(100), 9, 10_000).way == "even"
    assert averages(Fraction(150), Fraction(100), 12, 10_000).way == "even"
    assert averages(Fraction(150), Fraction(100), 400, 10_000).way == "more"
    assert averages(None, Fraction(100), 0, 10).way == ""


def test_revenue_is_judged_by_the_number_of_orders() -> None:
    assert Sold(12, 12 * 10**6, 80, 80 * 10**6).each(100, 1000).way == "even"
    many = Sold(1200, 1200 * 10**6, 8000, 8000 * 10**6)
    assert many.each(10_000, 100_000).way == "more"
    assert many.each(10_000, 100_000, 80).way == "even"


def test_a_difference_is_that_of_the_printed_figures() -> None:
    assert difference_text(shares(40646, 100_000, 379_600, 1_000_000)) == "+2.6 pts"  # 40.6 beside 38.0


def test_figures_below_each_other_have_the_same_decimals() -> None:
    assert [difference_text(shares(part, 1000, 200, 1000)) for part in (210, 200, 206)] == [
        "+1.0 pts",
        "0.0 pts",
        "+0.6 pts",
    ]
    assert [average(Fraction(*of)) for of in ((15, 1), (141, 20), (36, 1))] == ["15.00", "7.05", "36.00"]


@pytest.mark.django_db
def test_what_is_retired_says_so_and_months_are_named(client_for: Any, marketer: Any, time_machine: Any) -> None:
    now = factories.NOW
    time_machine.move_to(now)
    person = factories.contact(attributes={factories.attribute("city").key: "Lublin"})
    consent = factories.consent()
    factories.order(person, at=now - timedelta(days=1), total="10")
    page = reverse("insights:tag", args=[factories.tag("VIP", person).pk]) + "?count=1"
    client = client_for(marketer)
    assert client.get(page).content.decode().count(">retired<") == 0
    Attribute.objects.update(retired_at=now)
    Consent.objects.filter(pk=consent.pk).update(retired_at=now)
    told = client.get(page).content.decode()
    assert told.count(">retired<") == 2
    assert "these months" not in told.lower()
    assert "have ordered, December 2025 to November 2026" in told


@pytest.mark.django_db
def test_a_retired_consent_is_on_the_pages_of_those_who_answered(client_for: Any, marketer: Any) -> None:
    consent, person = factories.consent(), factories.contact()
    client, address, row = client_for(marketer), reverse("contacts:contact", args=[person.pk]), f"consent-{consent.pk}"
    told = client.get(address).content.decode()
    assert f'id="{row}"' in told
    assert "Not answered" in told
    Consent.objects.update(retired_at=timezone.now())
    assert f'id="{row}"' not in client.get(address).content.decode()
    factories.answer(person, consent)
    assert f'id="{row}"' in client.get(address).content.decode()
