"""Buyers in a browser, in both languages: the map changes its columns and colours, numbers lead to lists (ED14)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories
from tests.test_insights_browser import signed_in, sound

pytestmark = pytest.mark.browser
__all__ = ["signed_in"]


@pytest.fixture
def segments(live_site: str) -> None:
    now = timezone.now()
    for n in range(10):
        person = factories.contact()
        for again in range(1 + n // 3):
            factories.order(person, total=10 + n, at=now - timedelta(days=80 - 7 * n - again))
    factories.contact()


def test_from_the_map_to_a_list_and_a_segment(signed_in: Any, segments: None) -> None:
    page = signed_in
    page.goto("/buyers/")
    expect(page.locator("#rfm-map tbody td")).to_have_count(25)
    sound(page)
    page.click("#by-frequency")
    expect(page.locator("#by-frequency")).to_have_attribute("aria-current", "true")
    page.click("#heat-revenue")
    expect(page.locator("#heat-revenue")).to_have_attribute("aria-current", "true")
    assert page.url.endswith("?by=frequency&heat=revenue")
    page.go_back()
    expect(page.locator("#heat-size")).to_have_attribute("aria-current", "true")
    size = page.locator("#group-champions td:nth-child(2) a")
    number = int(size.inner_text())
    size.click()
    expect(page.locator("#rows tbody tr")).to_have_count(number)
    page.goto("/buyers/")
    page.click(".tabs a[href='/buyers/spenders/']")
    expect(page.locator("#line svg[role=img]")).to_be_visible()
    sound(page)
    page.click("#row-none td:last-child a")
    expect(page).to_have_url(re.compile("/segments/create/"))
