"""People who did things, and criteria about what people did."""

from typing import Any

from tests import factories
from tests.support.asking import ago

MONTH = {"last": 30, "unit": "day"}
PRICES = [{"param": "url", "op": "contains", "value": "/cennik"}]
VIEWS: dict[str, list[tuple[float, str, str]]] = {  # days ago, address, page title
    "never": [],
    "once": [(5, "/cennik", "Prices")],
    "thrice": [(29, "/cennik", "Prices"), (10, "/cennik", "Prices"), (1, "/cennik", "Prices")],
    "old": [(60, "/cennik", "Prices"), (50, "/cennik", "Prices"), (40, "/cennik", "Prices")],
    "mixed": [(40, "/cennik", "Offer"), (2, "/blog", "Prices")],
    "both": [(3, "/cennik", "Prices"), (1, "/blog", "Blog")],
}


def views(**criterion: Any) -> dict[str, Any]:
    return {"kind": "activity", "type": "page_view", **criterion}


def times(op: str, value: Any) -> dict[str, Any]:
    return {"op": op, "value": value}


def viewers() -> dict[str, int]:
    """Who saw which pages when, as in VIEWS."""
    made = {name: factories.contact(first_name=name) for name in VIEWS}
    for name, rows in VIEWS.items():
        for days, address, title in rows:
            factories.activity(made[name], at=ago(days), url=f"https://sklep.example{address}", title=title)
    factories.activity(made["never"], "login", at=ago(1))  # of another type
    return {name: contact.pk for name, contact in made.items()}


def doing_one_thing() -> dict[str, int]:
    """People who did one thing each, ten days ago."""
    made = {}
    for key in ("email_open", "email_click", "sms_click", "product_view", "add_to_cart", "page_view", "email_sent"):
        made[key] = factories.contact(first_name=key)
        factories.activity(made[key], key, at=ago(10))
    for name in ("visit", "order", "cancelled", "refunded", "nothing"):
        made[name] = factories.contact(first_name=name)
    factories.visit(made["visit"], at=ago(10))
    for status in ("paid", "cancelled", "refunded"):
        factories.order(made["order" if status == "paid" else status], at=ago(10), total=5, status=status)
    return {name: contact.pk for name, contact in made.items()}
