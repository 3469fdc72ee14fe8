"""Statistics in a browser, in both languages: they come by themselves, change their period, lead to lists (IC9)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories
from tests.support.browser import WATCH
from tests.test_insights_browser import signed_in, sound

pytestmark = pytest.mark.browser
__all__ = ["signed_in"]


@pytest.fixture
def segments(live_site: str) -> list[Any]:
    """A tag that two of three have, with an attribute of each drawing, activities and orders."""
    now = timezone.now()
    factories.attribute("city")
    factories.attribute("size", "number")
    factories.consent()
    made = [
        factories.contact(
            now=now - timedelta(days=20), lead_score=20 * n, attributes={"city": "Lublin", "size": 40 + n}
        )
        for n in range(3)
    ]
    for person in made:
        factories.activity(person, at=now - timedelta(days=100))
        factories.activity(person, at=now)
        factories.visit(person, at=now)
        factories.order(person, at=now, total="10.50")
    return [factories.tag("VIP", *made[:2], at=now - timedelta(days=3))]


def test_statistics_of_a_tag(signed_in: Any, segments: list[Any]) -> None:
    page, (tag,) = signed_in, segments
    page.goto("/tags/")
    page.click(f"a[href='/tags/{tag.pk}/statistics/']")
    expect(page.locator("#statistics .tile .stat").first).to_have_text("2")
    expect(page.locator("#activities tbody tr td:nth-child(3)").first).to_have_text("2")
    page.click(".switch a[href*='weeks=52']")
    expect(page.locator("#activities tbody tr td:nth-child(3)").first).to_have_text("4")
    assert page.url.endswith("?weeks=52")
    sound(page)
    expect(page.locator("#size svg[role=img]")).to_be_visible()
    page.locator("#by-lead_score summary").click()
    expect(page.locator("#by-lead_score table")).to_be_visible()
    page.locator("#by-status tbody a").first.click()
    expect(page.locator("#rows tbody tr")).to_have_count(2)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_does_not_jump_when_the_numbers_come(signed_in: Any, segments: list[Any], width: int) -> None:
    page, (tag,) = signed_in, segments
    page.set_viewport_size({"width": width, "height": 844})
    page.add_init_script(WATCH)
    page.goto(f"/tags/{tag.pk}/statistics/", wait_until="networkidle")
    expect(page.locator("#statistics .tile .stat").first).to_have_text("2")
    expect(page.locator("[data-print]")).to_be_visible()
    page.wait_for_timeout(200)  # nothing is to come: there is no event to wait for
    assert page.evaluate("shift") == 0
