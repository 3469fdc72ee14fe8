"""The tree of categories in a browser: closing, searching, moving by the keyboard and by the pointer."""

from typing import Any

import pytest

from tags.models import Category
from tests import factories
from tests.support.people import PASSWORD
from tests.test_frame_browser import violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_tree_is_closed_searched_and_moved_by_keys_and_by_the_pointer(
    page: Any, make_user: Any, language: str
) -> None:
    factories.category("klient/media/prasa", factories.contact())
    factories.category("partner")
    page.goto("/login/")
    page.fill("[name=username]", make_user("marketer", language=language).email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#menu", state="attached")
    page.goto("/categories/")
    row = {each.slug_path: f"#category-row-{each.pk}" for each in Category.objects.all()}

    assert violations(page) == []
    toggle = page.locator(f"{row['klient']} .tree-toggle")
    toggle.click()
    assert page.locator(row["klient/media/prasa"]).is_hidden()
    page.reload()
    assert page.locator(row["klient/media"]).is_hidden(), "what was closed stays closed"
    page.locator("form.filters input[name=q]").fill("prasa")
    page.locator(row["klient/media/prasa"]).wait_for()
    assert page.locator(row["partner"]).count() == 0
    page.goto("/categories/")
    page.locator(row["klient"]).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator(row["klient/media"]).evaluate("row => row === document.activeElement")

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
