"""Tags in a real browser, by keyboard: typed, starred, merged and deleted together; in both languages, accessible."""

import pytest
from playwright.sync_api import expect

from tags.models import ContactTag, Tag, TagStar
from tests import factories
from tests.support.browser import sign_in, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def tags_page(page, make_user):
    """The page of tags, with four of them on some contacts."""
    owner = make_user("owner", language="en")
    people = [factories.contact() for _ in range(3)]
    for name, having in {"VIP": people[:2], "ZLOTY KLIENT": people[1:], "OTHER": people[:1], "UNUSED": []}.items():
        factories.tag(name, *having)
    sign_in(page, owner)
    page.goto("/tags/")
    assert page.locator("html").get_attribute("lang") == "en"
    return page


def named(name: str) -> int:
    return Tag.objects.get(name=name).pk


def test_tags_are_typed_with_the_keyboard_alone(tags_page) -> None:
    field = tags_page.locator("#id_names")
    field.focus()
    tags_page.keyboard.insert_text("nowy znak, zlo")  # at once: each word that is asked for draws the list anew
    tags_page.wait_for_selector("#tag-options [role=option]")
    tags_page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "tag-option-1")
    tags_page.keyboard.press("Enter")
    expect(field).to_have_value("nowy znak, ZLOTY KLIENT")
    expect(tags_page.locator("#tag-options")).to_have_count(0)
    advice = tags_page.locator("#id_names-becomes [data-instead]")
    advice.wait_for()
    assert violations(tags_page) == []
    advice.click()
    expect(field).to_have_value("NOWY_ZNAK, ZLOTY KLIENT")
    field.press("Enter")
    tags_page.wait_for_selector("#rows :text('NOWY_ZNAK')")


def test_several_are_chosen_merged_and_deleted(tags_page) -> None:
    """ST8, ST9, ST11."""
    tags_page.click(f"#star-button-{named('UNUSED')}")
    tags_page.wait_for_selector(f"#star-button-{named('UNUSED')}[aria-pressed=true]")
    assert TagStar.objects.count() == 1
    for name in ("VIP", "ZLOTY KLIENT"):
        tags_page.check(f"input[name=tag][value='{named(name)}']")
    tags_page.click("#tags-action-button")
    tags_page.click("#tags-action button:not(.danger)")
    tags_page.wait_for_selector("#dialog #merge-plan [name=shown]", state="attached")
    assert violations(tags_page) == []
    tags_page.fill("#dialog #id_name", "nowa nazwa")
    tags_page.wait_for_selector("#merge-plan :text('NOWA NAZWA')")
    with tags_page.expect_navigation():
        tags_page.click("#merge-plan .btn-danger")
    assert ContactTag.objects.filter(tag__name="NOWA NAZWA").count() == 3
    expect(tags_page.locator("#rows tbody .name").first).to_have_text("UNUSED", use_inner_text=True)
    for name in ("OTHER", "UNUSED"):
        tags_page.check(f"input[name=tag][value='{named(name)}']")
    tags_page.click("#tags-action-button")
    tags_page.click("#tags-action .danger")
    with tags_page.expect_navigation():
        tags_page.click("#dialog .btn-danger")
    expect(tags_page.locator("#rows tbody tr")).to_have_count(1)
    tags_page.set_viewport_size({"width": 390, "height": 844})
    assert tags_page.evaluate("document.documentElement.scrollWidth") == 390
    tags_page.goto("/tags/merges/")
    assert violations(tags_page) == []
    assert tags_page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_same_field_serves_a_contact_and_an_action(tags_page) -> None:
    person = ContactTag.objects.filter(tag__name="OTHER").get().contact
    tags_page.goto(f"/contacts/{person.pk}/")
    tags_page.fill("#contact-tags", "")
    tags_page.focus("#contact-tags")
    tags_page.keyboard.insert_text("unu")
    tags_page.wait_for_selector("#tag-options [role=option]")
    tags_page.keyboard.press("ArrowDown")
    tags_page.keyboard.press("Enter")
    tags_page.keyboard.press("Enter")
    tags_page.wait_for_selector("#tags-panel .label-list :text('UNUSED')")
    assert tags_page.evaluate("document.querySelectorAll('.tag-becomes').length") <= 1
