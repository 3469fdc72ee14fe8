"""Engagement in a browser, in both languages: its window, day, whose change, its lists (ED2 to ED5)."""

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
def segments(live_site: str) -> list[Any]:
    """Two engaged, one of them for long; one who never did anything."""
    now = timezone.now()
    made = [factories.contact(now=now - timedelta(days=200)) for _ in range(3)]
    factories.visit(made[0], at=now - timedelta(days=1))
    factories.visit(made[1], at=now - timedelta(days=70))
    factories.visit(made[1], at=now - timedelta(days=2))
    return made


def test_engagement_from_the_menu_to_a_list(signed_in: Any, segments: list[Any]) -> None:
    page = signed_in
    page.goto("/engagement/")
    expect(page.locator("#status-all td").nth(0)).to_contain_text("2")
    expect(page.locator("#change-moved_in td").nth(0)).to_contain_text("1")
    page.locator("#engagement .switch a[href*='days=30']").click()
    expect(page.locator("#change-moved_in td").nth(0)).to_contain_text("2")
    assert page.url.endswith("?days=30")
    page.locator("#change .switch a[href*='of=all']").click()
    expect(page.locator("#change-unsubscribed.beside")).to_be_visible()  # of all it stands beside the sum
    page.locator("#over-time .switch a[href*='by=day']").click()
    expect(page.locator("#over-time .switch a[href*='by=day']")).to_have_attribute("aria-current", "true")
    sound(page)
    page.fill("#engagement-day", (timezone.now() - timedelta(days=65)).date().isoformat())
    page.locator(".engagement-asked button").click()
    expect(page.locator("#status-all td").nth(0)).to_contain_text("1")
    page.locator("#status-all td a").first.click()
    expect(page.locator("#rows tbody tr")).to_have_count(1)
