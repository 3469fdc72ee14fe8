"""In a browser: where the focus goes when a part of the page that had it is put in anew."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.support.browser import Held, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def signed_in(page: Page, make_user: Callable[..., Any]) -> Page:
    sign_in(page, make_user("owner"))
    return page


def test_removing_a_tag_leads_to_the_name_of_its_card(signed_in: Page) -> None:
    person = factories.contact(first_name="Ala")
    factories.tag("VIP", person)
    factories.tag("PRESS", person)
    signed_in.goto(f"/contacts/{person.pk}/")
    panel = signed_in.locator("#tags-panel")
    panel.get_by_label("Remove VIP").focus()
    signed_in.keyboard.press("Enter")
    expect(panel.locator(".label-list li")).to_have_count(1)
    expect(panel.locator("h2")).to_be_focused()
    signed_in.keyboard.press("Tab")
    expect(panel.get_by_label("Remove PRESS")).to_be_focused()


def test_a_recorded_answer_leads_to_where_the_next_one_is_recorded(signed_in: Page) -> None:
    person = factories.contact(first_name="Ala")
    factories.consent("post")
    consent = factories.consent()
    signed_in.goto(f"/contacts/{person.pk}/")
    own = signed_in.locator(f"#consent-{consent.pk}")
    opener = own.locator("summary", has_text="Record an answer")
    opener.focus()
    signed_in.keyboard.press("Enter")
    signed_in.fill(f"#consent-{consent.pk}-source", "a call")
    own.locator("button[value=given]").focus()
    signed_in.keyboard.press("Enter")
    expect(own.locator(".chip.good")).to_be_visible()
    expect(opener).to_be_focused()


def test_looking_for_duplicates_again_leaves_the_focus_on_its_button(signed_in: Page) -> None:
    for name in ("Ala", "Alicja"):
        factories.contact(first_name=name, phone="600100200")
    signed_in.goto("/contacts/duplicates/")
    expect(signed_in.locator(".duplicate-groups > li")).to_have_count(1)
    for name in ("Jan", "Janusz"):
        factories.contact(first_name=name, phone="600100201")
    button = signed_in.get_by_role("button", name="Look again")
    button.focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".duplicate-groups > li")).to_have_count(2)
    expect(button).to_be_focused()


def test_sorting_and_paging_go_on_from_where_they_were(signed_in: Page) -> None:
    for number in range(101):
        factories.contact(first_name=f"Ala{number:03}")
    signed_in.goto("/contacts/")
    signed_in.locator("#rows-next").focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".pages")).to_contain_text("51–100")
    expect(signed_in.locator("#rows-next")).to_be_focused()
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".pages")).to_contain_text("101–101")
    expect(signed_in.locator("#rows")).to_be_focused()  # there is no next page any more
    signed_in.locator("#sort-by-name").focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".manager .name").first).to_have_text("Ala000")
    expect(signed_in.locator("#sort-by-name")).to_be_focused()


def test_a_detail_that_closes_late_takes_the_focus_from_nobody(signed_in: Page) -> None:
    person = factories.contact(first_name="Ala", lead_score=3)
    signed_in.goto(f"/contacts/{person.pk}/")
    signed_in.click("#detail-first_name .change")
    expect(signed_in.locator("#id_first_name")).to_be_focused()
    held = Held(signed_in, "**/first_name/?shown")
    signed_in.click("#detail-lead_score .change")
    expect(signed_in.locator("#id_lead_score")).to_be_focused()
    held.go()
    expect(signed_in.locator("#detail-first_name:not(.open)")).to_be_visible()
    signed_in.wait_for_function("!document.querySelector('.htmx-settling')")
    expect(signed_in.locator("#id_lead_score")).to_be_focused()
