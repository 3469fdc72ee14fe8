"""What other tests make facts with."""

from decimal import Decimal

import pytest

from activities.models import Activity, OrderLine, Visit
from tests import factories

pytestmark = pytest.mark.django_db


def test_facts_are_made_with_their_details() -> None:
    ala = factories.contact()
    factories.activity_type("quiz", score="number")
    factories.activity(ala, "page_view", url="https://sklep.pl/cennik")
    factories.activity(ala, "quiz", score=7)
    factories.visit(ala, channel="utm", utm_source="fb")
    assert sorted(Activity.objects.values_list("type__key", "params__url", "params__score")) == [
        ("page_view", "https://sklep.pl/cennik", None),
        ("quiz", None, 7),
    ]
    assert Visit.objects.get().utm_source == "fb"


def test_an_order_is_made_with_its_lines() -> None:
    made = factories.order(
        factories.contact(), lines=[{"product": "P1", "amount": 30, "quantity": 2}, {"product": "P2", "price": "9.99"}]
    )
    assert made.total == Decimal("39.99")
    rows = OrderLine.objects.order_by("position").values_list("product", "quantity", "price", "amount")
    assert list(rows) == [("P1", 2, 15, 30), ("P2", 1, Decimal("9.99"), Decimal("9.99"))]
