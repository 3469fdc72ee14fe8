"""Over time in a browser, in both languages: it comes by itself, changes its period, and leads to its contacts."""

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
    """Three have it for a hundred days."""
    at = timezone.now() - timedelta(days=100)
    people = [factories.contact(now=at) for _ in range(3)]
    factories.order(people[0], at=timezone.now(), total="10.50")
    made = factories.tag("VIP", *people, at=at)
    type(made).objects.update(created_at=at)
    return [made]


def test_a_tag_over_time(signed_in: Any, segments: list[Any]) -> None:
    page, (tag,) = signed_in, segments
    page.goto("/over-time/")
    page.fill("#over-time-q", "vi")
    expect(page.locator("#found ul li")).to_have_count(1)
    page.click(f"#found a[href='?of=tag.{tag.pk}']")
    expect(page.locator("#statistics .tile .stat").first).to_have_text("3")
    page.click(".switch a[href*='by=month']")
    expect(page.locator(".switch a[href*='by=month'][aria-current]")).to_be_visible()
    assert page.url.endswith("by=month")
    sound(page)
    expect(page.locator("#survival table")).to_be_visible()
    page.locator("#survival tbody th a").last.click()
    expect(page.locator("#rows tbody tr")).to_have_count(3)
