"""Segments taken apart in a real browser, in both languages: ticked, picked by the arrow keys, kept in the address."""

from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories
from tests.support.browser import sign_in
from tests.support.segments import SCORED, calculated
from tests.test_insights_browser import sound

pytestmark = pytest.mark.browser


@pytest.fixture
def segments(live_site: str) -> list[Any]:
    """Of 30, 50 and 70: from 50 up; up to 50; once more from 50 up."""
    cache.clear()
    for score in (30, 50, 70):
        factories.contact(first_name="Ada", last_name=f"Nowak {score}", lead_score=score)
    now = timezone.now()
    high, low = SCORED | {"value": 40}, SCORED | {"op": "lt", "value": 60}
    wanted = [("High", high), ("Low", low), ("High again", high)]
    return [calculated(name, criteria=criteria, now=now) for name, criteria in wanted]


@pytest.mark.parametrize("language", ["en", "pl"])
def test_segments_are_taken_apart_and_a_part_is_picked_by_keyboard(
    page: Any, segments: list[Any], make_user: Any, language: str
) -> None:
    """SG6."""
    high, low, _again = segments
    user = make_user("marketer", language=language)
    sign_in(page, user)
    page.goto("/overlap/")
    expect(page.locator("#near .near-pair")).to_have_count(1)  # asked for by the page itself
    page.check(f"#overlap-{high.pk}")
    page.check(f"#overlap-{low.pk}")
    expect(page.locator("#parts tbody tr")).to_have_count(3)
    expect(page.locator("#picked-count")).to_have_text("1")  # in High alone, the first of equal parts
    page.focus(f"#part-{low.pk}-in")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"#part-{low.pk}-any")).to_be_checked()
    expect(page.locator("#picked-count")).to_have_text("2")  # in High, in Low or not
    expect(page.locator(f"#part-{low.pk}-any")).to_be_focused()  # after the answer has come, too
    assert f"part-{low.pk}=any" in page.url
    expect(page.locator("#overlap-tabs a").nth(1)).to_have_attribute(
        "href", f"/segments/overlap/?segment={high.pk}&segment={low.pk}"
    )
    sound(page)
    expect(page.locator("#picked-count")).to_have_text("2")
    page.click("#picked-count a")
    expect(page.locator("tbody tr", has_text="Nowak")).to_have_count(2)
