"""Enter and Ctrl Z in the fields of the page that creates a segment, in English and in Polish."""

from typing import Any

import pytest
from playwright.sync_api import expect

from segmentation.models import SavedCriteria, Segment
from tests import factories
from tests.support.browser import sign_in

pytestmark = pytest.mark.browser
NEW = "/segments/create/"


@pytest.fixture
def opened(page: Any, live_site: str, make_user: Any) -> Any:
    """The page, signed in, with a criterion that asks for tags."""
    for name in ("VIP", "NEW"):
        factories.tag(name, factories.contact())
    user = make_user("marketer", language="pl")
    sign_in(page, user)
    page.goto(NEW)
    page.locator("select.subject").select_option("tag")
    page.wait_for_selector("#builder [data-adds]")
    return page


def add(page: Any, tag: str, *, then: int) -> None:
    """Adds a tag to those asked for; there are `then` of them."""
    page.fill("#builder [data-adds]", tag)
    page.press("#builder [data-adds]", "Enter")
    expect(page.locator("#builder .chip")).to_have_count(then)


def test_enter_saves_criteria_under_the_name_just_typed(opened: Any) -> None:
    page = opened
    add(page, "VIP", then=1)
    page.click("[popovertarget=builder-save]")
    expect(page.locator("#builder-saved-name")).to_be_focused()
    page.keyboard.type("Only VIP")
    page.keyboard.press("Enter")
    expect(page.locator("#builder-save-answer")).to_contain_text("Only VIP")
    assert SavedCriteria.objects.get().name == "Only VIP"


def test_enter_in_the_name_goes_on_to_the_next_field_and_creates_nothing(opened: Any) -> None:
    page = opened
    page.fill("[name=name]", "Warm")
    page.press("[name=name]", "Enter")
    expect(page.locator("[name=readiness_hours]")).to_be_focused()
    assert page.url.endswith(NEW)
    assert not Segment.objects.exists()


def test_ctrl_z_brings_back_a_value_taken_out_also_from_the_empty_box(opened: Any) -> None:
    page = opened
    add(page, "VIP", then=1)
    add(page, "NEW", then=2)
    page.locator("#builder .chip .drop").first.click()
    expect(page.locator("#builder .chip")).to_have_count(1)
    expect(page.locator("#builder [data-adds]")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(page.locator("#builder .chip")).to_have_count(2)
    page.focus("#builder [data-adds]")
    page.keyboard.type("x")
    page.keyboard.press("Control+z")  # the field's own
    expect(page.locator("#builder [data-adds]")).to_have_value("")
    expect(page.locator("#builder .chip")).to_have_count(2)
