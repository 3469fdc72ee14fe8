"""The tree of categories in a browser: closing, searching, moving by the keyboard and by the pointer."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tags.models import Category
from tests import factories
from tests.support.browser import sign_in, violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_tree_is_closed_searched_and_moved_by_keys_and_by_the_pointer(
    page: Any, make_user: Any, language: str
) -> None:
    factories.category("klient/media/prasa", factories.contact())
    factories.category("partner")
    sign_in(page, make_user("marketer", language=language))
    page.goto("/categories/")
    row = {each.slug_path: f"#category-row-{each.pk}" for each in Category.objects.all()}

    assert violations(page) == []
    toggle = page.locator(f"{row['klient']} .tree-toggle")
    toggle.click()
    expect(page.locator(row["klient/media/prasa"])).to_be_hidden()
    page.reload()
    expect(page.locator(row["klient/media"])).to_be_hidden()  # what was closed stays closed
    page.locator("form.filters input[name=q]").fill("prasa")
    page.locator(row["klient/media/prasa"]).wait_for()
    expect(page.locator(row["partner"])).to_have_count(0)
    page.goto("/categories/")
    page.locator(row["klient"]).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(row["klient/media"])).to_be_focused()

    page.locator(f"{row['klient/media']} [data-tree-grip]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    while "drop-into" not in (page.locator(row["partner"]).get_attribute("class") or ""):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    with page.expect_navigation():
        page.locator("#dialog form[method=post] .btn-primary").click()
    page.locator(".toast-s").first.wait_for()
    assert Category.objects.filter(slug_path="partner/media/prasa").exists()

    grip = page.locator(f"{row['klient/media']} [data-tree-grip]").bounding_box()
    page.mouse.move(grip["x"] + 8, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(grip["x"] + 60, grip["y"] - 30)
    goal = page.locator("[data-tree-top]").bounding_box()
    page.mouse.move(goal["x"] + 80, goal["y"] + 12)
    page.mouse.up()
    with page.expect_navigation():
        page.locator("#dialog form[method=post] .btn-primary").click()
    page.locator(".toast-s").first.wait_for()
    assert Category.objects.filter(slug_path="media/prasa").exists()
