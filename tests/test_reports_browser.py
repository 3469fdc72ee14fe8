"""A report in a browser, in both languages: made, compared, shared, printed, taken as a file."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories
from tests.support.browser import sign_in
from tests.test_insights_browser import signed_in, sound

pytestmark = pytest.mark.browser
__all__ = ["signed_in"]


@pytest.fixture
def segments(live_site: str) -> list[Any]:
    """Two tags that share one of three contacts, with visits and orders."""
    now = timezone.now()
    made = [factories.contact(now=now - timedelta(days=20), lead_score=20 * n) for n in range(3)]
    for person in made:
        factories.visit(person, at=now, channel="ad")
        factories.activity(person, "product_view", at=now)
        factories.order(person, at=now, total="10.50")
    return [factories.tag("VIP", *made[:2]), factories.tag("NEWS", *made[1:])]


def test_a_report_is_made_compared_shared_printed_and_exported(
    signed_in: Any, segments: list[Any], make_user: Any
) -> None:
    page, (vip, news) = signed_in, segments
    page.goto("/reports/")
    page.click("a[href='/reports/new/']")
    page.fill("#id_name", "Spring")
    page.select_option("#id_of", f"tag.{vip.pk}")
    page.select_option("#id_beside", f"tag.{news.pk}")
    for key in ("attributes", "orders", "joined"):
        page.check(f"input[name=parts][value={key}]")
    first = page.locator("#report-form ol li").first
    expect(first).to_have_id("part-size")
    page.focus("#down-size")
    page.keyboard.press("Enter")
    expect(first).not_to_have_id("part-size")
    expect(page.locator("#down-size")).to_be_focused()
    expect(page.locator("#id_name")).to_have_value("Spring")
    page.check("input[name=sharing][value=account]")
    page.click("#report-form .btn-primary")
    expect(page.locator("#report .tile .stat").nth(1)).to_have_text("2")
    expect(page.locator("#visits tbody").first).to_contain_text("100")
    sound(page)
    expect(page.locator("#report .tile .stat").first).to_have_text("2")
    page.emulate_media(media="print", color_scheme="light")
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.locator(".print-only")).to_be_visible()
    page.set_viewport_size({"width": 703, "height": 1000})  # the text of a sheet of A4
    assert page.evaluate("document.documentElement.scrollWidth") <= 703  # or the sheet would be printed smaller
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen")
    with page.expect_download() as downloaded:
        page.click("a[href*='format=xlsx']")
    assert downloaded.value.suggested_filename.endswith(".xlsx")
    address, reader = page.url, make_user("analyst")
    page.context.clear_cookies()
    sign_in(page, reader)
    page.goto(address)
    expect(page.locator("#report .tile .stat").first).to_have_text("2")
    expect(page.locator("a[href*='/edit/']")).to_have_count(0)
