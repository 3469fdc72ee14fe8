"""The parameters of activities: for each type all sets that are met, as JSON of one length, so that rows are arrays."""

import json
from typing import Any

import numpy as np

from demo.campaigns import Campaign
from demo.catalogue import (
    CART,
    FORMS,
    LOGINS,
    PAGES,
    PRODUCTS,
    SEARCHES,
    SITE,
    THANKS,
    Product,
)
from demo.mailing import REASONS
from demo.sources import LANDINGS

VIEWED = (*LANDINGS, CART, THANKS)  # page views' forms; products' pages among them
CART_PAGE, THANKS_PAGE = len(LANDINGS), len(LANDINGS) + 1
CARTED = (1, 2, 3)  # add_to_cart's forms: a product in each quantity
CLICKS = ("/promocje", "/oprawki", "/badanie-wzroku")  # where links in letters lead


def forms(those: list[Campaign]) -> dict[str, np.ndarray]:
    """By type, an array of JSON texts filled up with spaces, which PostgreSQL does not keep."""
    return {name: padded(values) for name, values in sets(those).items()}


def sets(those: list[Campaign]) -> dict[str, list[dict[str, Any]]]:
    return {
        "page_view": [{"url": f"{SITE}{path}", "title": title} for path, title in VIEWED],
        "product_view": [of_product(each) | {"url": f"{SITE}{each.path}"} for each in PRODUCTS],
        "add_to_cart": [of_product(each) | {"quantity": quantity} for each in PRODUCTS for quantity in CARTED],
        "email_sent": [{"campaign": each.key, "subject": each.subject} for each in those],
        "email_open": [{"campaign": each.key, "subject": each.subject} for each in those],
        "email_click": [{"campaign": each.key, "url": link(path, each)} for each in those for path in CLICKS],
        "email_bounce": [
            {"campaign": each.key, "reason": reason, "hard": hard}
            for each in those
            for reason, hard in (("adres nie istnieje", True), ("skrzynka pełna", False))
        ],
        "email_unsubscribe": [
            {"campaign": each.key} | ({"reason": reason} if reason else {}) for each in those for reason in REASONS
        ],
        "sms_click": [{"campaign": each.key, "url": f"{SITE}/promocje"} for each in those],
        "form_submit": [{"form": name, "url": f"{SITE}{path}"} for name, path in FORMS],
        "search": [{"query": query, "results": results} for query, _often, results in SEARCHES],
        "login": [{"method": each} for each in LOGINS],
    }


PAGE_CHANCES = 1 / np.arange(1.0, len(PAGES) + 1) ** 0.8
PAGE_CHANCES /= PAGE_CHANCES.sum()
SEARCH_CHANCES = np.array([often for _, often, _ in SEARCHES], dtype=float)
SEARCH_CHANCES /= SEARCH_CHANCES.sum()


def of_product(product: Product) -> dict[str, Any]:
    return {
        "product": product.key,
        "name": product.name,
        "category": product.category,
        "brand": product.brand,
        "price": product.price / 100,
    }


def link(path: str, campaign: Campaign) -> str:
    return f"{SITE}{path}?utm_source=newsletter&utm_medium=email&utm_campaign={campaign.key}"


def padded(values: list[dict[str, Any]]) -> np.ndarray:
    texts = [json.dumps(each, ensure_ascii=False).encode() for each in values]
    width = max(map(len, texts), default=2)
    return np.array([text.ljust(width) for text in texts], dtype=f"S{width}")
