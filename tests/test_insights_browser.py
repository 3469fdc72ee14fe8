"""Why, compare, overlap and forecast in a real browser, in both languages: by keyboard, by themselves, accessible."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories
from tests.support.browser import sign_in
from tests.support.segments import SCORED, calculated

pytestmark = pytest.mark.browser
RECENT = {"kind": "tag", "op": "any", "tags": ["VIP"], "within": {"last": 10, "unit": "day"}}


@pytest.fixture
def segments(live_site: str) -> list[Any]:
    """Two that share one contact: with a lead score of 30 and more, and with a tag of the last ten days."""
    now = timezone.now()
    ada = factories.contact(first_name="Ada", last_name="Nowak", lead_score=30)
    factories.contact(first_name="Bob", last_name="Kowal", lead_score=70)
    factories.tag("VIP", ada, at=now - timedelta(days=8))
    factories.tag("VIP", factories.contact(first_name="Ewa", last_name="Kos", lead_score=5), at=now)
    return [calculated("Warm", criteria={"all": [SCORED]}, now=now), calculated("Recent", criteria=RECENT, now=now)]


@pytest.fixture
def signed_in(page: Any, segments: list[Any], make_user: Any) -> Any:
    user = make_user("marketer", language="pl")
    sign_in(page, user)
    return page


def sound(page: Any) -> None:
    """Nothing that axe finds, nothing wider than the window: wide and light in English, narrow and dark in Polish."""
    narrow = page.locator("html").get_attribute("lang") == "pl"
    theme, width = ("dark", 390) if narrow else ("light", 1280)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.reload()  # Chromium keeps some inherited colours of the theme before
    found = Axe().run(page).response["violations"]
    assert [(page.url, one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def test_a_person_is_found_by_keyboard_and_explained(signed_in: Any, segments: list[Any]) -> None:
    """SG2."""
    page, warm = signed_in, segments[0]
    page.goto(f"/segments/{warm.pk}/why/")
    expect(page.locator("#people a")).to_have_count(2)
    page.focus("#why-q")
    page.keyboard.type("kos")
    expect(page.locator("#people a")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#people a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#verdict .verdict.out h2")).to_contain_text("Ewa Kos")
    expect(page.locator(".why .criterion .answer.bad")).to_have_count(1)
    expect(page.locator(".why .criterion .evidence")).to_contain_text("15")  # short of 20
    sound(page)
    page.click("aside a[href$='/segments/']")
    expect(page.locator("#memberships tbody tr")).to_have_count(2)
    sound(page)


def test_two_are_compared_and_several(signed_in: Any, segments: list[Any]) -> None:
    """SG6."""
    page, (warm, recent) = signed_in, segments
    page.goto(f"/segments/{warm.pk}/compare/")
    page.click("#others a.name")
    expect(page.locator("#comparison rect")).to_have_count(4)
    sound(page)
    page.click("#part-both td a >> nth=0")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows tbody")).to_contain_text("Ada Nowak")
    page.goto("/segments/overlap/")
    page.check(f"#overlap-{warm.pk}")
    expect(page.locator(f"#overlap-{warm.pk}")).to_be_focused()
    page.check(f"#overlap-{recent.pk}")
    expect(page.locator(".heat tbody tr")).to_have_count(2)
    assert f"segment={recent.pk}" in page.url
    sound(page)
    page.click(".heat td a >> nth=0")
    expect(page.locator("#comparison")).to_be_visible()


def test_the_forecast_comes_by_itself_with_its_lists(signed_in: Any, segments: list[Any]) -> None:
    page, recent = signed_in, segments[1]
    page.goto(f"/segments/{recent.pk}/forecast/")
    expect(page.locator("#forecast-7 .stat")).to_have_text("1")
    expect(page.locator("#forecast-30 .stat")).to_have_text("2")
    expect(page.locator("#forecast .chart polyline")).to_have_count(1)
    sound(page)
    page.click("#forecast-7 .stat a")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows tbody")).to_contain_text("Ada Nowak")
