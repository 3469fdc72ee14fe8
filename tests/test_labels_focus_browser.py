"""Where the focus goes on the pages of labels, in a browser: after counting, a refusal, a change."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tags.models import Category
from tests import factories
from tests.support.browser import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def signed_in(page: Any, make_user: Any) -> Any:
    factories.tag("R_D", factories.contact())
    factories.category("klient/media", factories.contact())
    factories.category("partner")
    sign_in(page, make_user("owner", language="pl"))
    return page


def test_a_page_of_tags_keeps_the_focus_and_refuses_in_the_dialog(signed_in: Any) -> None:
    page = signed_in
    page.goto("/tags/?q=R_D")
    again = page.locator("[id^=count-again-]")
    again.focus()
    with page.expect_response(lambda answer: "/count/" in answer.url):
        page.keyboard.press("Enter")
    expect(again).to_be_focused()

    page.click("#tags-action-button")
    expect(page.locator("#tags-action .item:disabled")).to_have_count(2)
    expect(page.locator("#tags-action-reason")).to_be_visible()
    page.keyboard.press("Escape")
    page.check("input[name=tag]")
    page.click("#tags-action-button")
    expect(page.locator("#tags-action .item:disabled")).to_have_count(0)
    page.keyboard.press("Escape")

    page.click("[popovertarget^=tag-]")
    page.click("[id^=tag-] .item[href*='/rename/']")
    field = page.locator("#dialog #id_name")
    expect(field).to_be_focused()
    expect(page.locator("#dialog .chip")).to_have_count(0)
    field.fill("!!!")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog .field.invalid")).to_be_visible()
    expect(field).to_be_focused()
    assert page.url.endswith("/tags/?q=R_D")
    field.fill("R_E")
    page.keyboard.press("Enter")
    expect(page.locator(".toast-s").first).to_be_visible()
    assert page.url.endswith("/tags/?q=R_D"), "the place in the list is kept"

    page.goto("/tags/")
    page.fill("#id_names", "!!!")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("#names-problem")).to_be_visible()
    expect(page.locator("#id_names")).to_be_focused()


def test_the_tree_of_categories_goes_to_the_row_that_was_changed(signed_in: Any) -> None:
    page = signed_in
    row = {each.slug_path: f"#category-row-{each.pk}" for each in Category.objects.all()}
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/categories/")
    media, partner = row["klient/media"], Category.objects.get(slug_path="partner").pk
    expect(page.locator(f"{media} .menu-cell > .btn")).to_be_visible()
    expect(page.locator(f"{media} td").nth(4)).to_be_visible()
    menu = page.locator(f"{media} [popovertarget]")
    menu.click()
    page.click(f"{media} [id^=count-category-]")
    expect(menu).to_be_focused()

    menu.click()
    page.click(f"{media} .item[href*='/move/']")
    expect(page.locator("#dialog select")).to_be_visible()
    expect(page.locator("#dialog")).not_to_have_class(re.compile("htmx-"))
    page.select_option("#dialog select", str(partner))
    page.click("#dialog form[method=post] .btn-primary")
    expect(page.locator(".toast-s").first).to_be_visible()
    expect(page.locator(media)).to_be_focused()
    page.locator(f"{media} [popovertarget]").click()
    page.click(f"{media} .item[href*='/delete/']")
    page.check("#dialog input[name=contacts][value=to]")
    page.click("#dialog .btn-danger")
    expect(page.locator("#dialog .errors").first).to_be_visible()
    page.check("#dialog input[name=contacts][value=keep]")
    page.click("#dialog .btn-danger")
    expect(page.locator(row["partner"])).to_be_focused()

    page.locator(f"{row['klient']} [popovertarget]").click()
    page.click(f"{row['klient']} .item[href*='below=']")
    expect(page.locator("#id_name")).to_be_focused()
