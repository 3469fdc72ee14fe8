"""The criteria form in a real browser: building, keyboard, slow answers, the phone, without scripts, accessibility."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from segmentation.models import SavedCriteria
from tests import factories
from tests.support.browser import Held, sign_in
from tests.support.people import PASSWORD

pytestmark = pytest.mark.browser
NEW = "/saved-criteria/new/"


@pytest.fixture
def people(live_site: str) -> None:
    factories.attribute("city", name="City")
    for score, city in ((10, "Łódź"), (30, "Łódź"), (60, "Warszawa"), (90, "Gdańsk")):
        factories.contact(lead_score=score, first_name=f"P{score}", attributes={"city": city})


@pytest.fixture
def opened(page: Any, people: None, make_user: Any) -> Any:
    """The page for new saved criteria, signed in."""
    user = make_user("marketer")
    sign_in(page, user)
    page.goto(NEW)
    return page


def what(page: Any, number: int) -> str:
    """The id of the n-th criterion."""
    return str(page.locator("select.subject").nth(number).get_attribute("id")).removesuffix("-what")


def choose(page: Any, number: int, label: str, op: str) -> str:
    leaf = what(page, number)
    page.select_option(f"#{leaf}-what", label=label)
    page.wait_for_selector(f"#{leaf}-op")
    page.select_option(f"#{leaf}-op", op)
    return leaf


def shows(page: Any, text: str) -> None:
    expect(page.locator("#builder-total")).to_have_text(text)


def test_building_counts_at_once_and_saves(opened: Any) -> None:
    """IP11, IP12, SD8"""
    page = opened
    leaf = choose(page, 0, "Lead score", "gt")
    page.fill(f"#{leaf}-value", "20")
    shows(page, "3")
    page.click("text=Add criterion")
    city = choose(page, 1, "City", "in")
    page.wait_for_selector(f"#{city}[id] [data-adds]")
    page.fill(f"#{city}-value", "łódź")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip:has-text('łódź')")
    expect(page.locator(f"#{city}-value")).to_be_focused()
    shows(page, "1")
    expect(page.locator(f"#{city}-count")).to_contain_text("without: 3")
    page.click("#builder-block")
    other = choose(page, 2, "Lead score", "gt")
    page.fill(f"#{other}-value", "80")
    shows(page, "2")
    page.fill("#id_name", "Warm")
    page.click(".dock button.btn-primary")
    page.wait_for_url("**/saved-criteria/")
    assert SavedCriteria.objects.get().name == "Warm"


def test_what_is_typed_during_a_slow_answer_stays_and_old_numbers_never_win(opened: Any) -> None:
    page = opened
    leaf = choose(page, 0, "Lead score", "gt")
    page.fill(f"#{leaf}-value", "20")
    shows(page, "3")
    held = Held(page, "**/criteria/builder/")
    with page.expect_request("**/criteria/builder/"):
        page.click("#builder-block")
    page.fill(f"#{leaf}-value", "50")
    held.go()
    expect(page.locator("#builder .block")).to_have_count(2)
    assert page.input_value(f"#{leaf}-value") == "50"
    page.unroute("**/criteria/builder/")
    expect(page.locator(f"#{leaf}-count b")).to_have_text("2")


def test_everything_goes_by_keyboard_and_the_focus_stays_where_the_work_is(opened: Any) -> None:
    page = opened
    first = what(page, 0)
    page.focus(f"#{page.locator('#builder .block').first.get_attribute('id')}-add")
    page.keyboard.press("Enter")
    second = what(page, 1)
    expect(page.locator(f"#{second}-what")).to_be_focused()
    page.focus(f"#{second}-menu")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").strip() == "Move up"
    page.keyboard.press("Enter")
    expect(page.locator("select.subject").first).to_have_id(f"{second}-what")
    expect(page.locator(f"#{second}-menu")).to_be_focused()
    page.keyboard.press("Enter")
    page.click(f"#{second}-sheet .danger")
    expect(page.locator("select.subject")).to_have_count(1)
    expect(page.locator(f"#{first}-menu")).to_be_focused()


def test_a_draft_is_there_again_after_a_reload(opened: Any) -> None:
    page = opened
    leaf = choose(page, 0, "Lead score", "gt")
    page.fill(f"#{leaf}-value", "20")
    shows(page, "3")
    expect(page.locator("#builder-kept")).to_contain_text("Draft kept")
    page.reload()
    expect(page.locator(f"#{leaf}-value")).to_have_value("20")
    page.click("text=Discard it")
    expect(page.locator("select.subject")).to_have_value("")


def test_a_page_filled_by_its_address_keeps_what_is_changed_over_a_reload(opened: Any) -> None:
    page = opened
    page.goto("/segments/create/?template=warm_leads")
    page.locator("input[id$=-value]").first.fill("20")
    expect(page).to_have_url(re.compile(r"/segments/create/$"))
    page.reload()
    expect(page.locator("input[id$=-value]").first).to_have_value("20")


def test_on_the_phone_the_number_stays_in_view_and_nothing_is_cut(opened: Any) -> None:
    page = opened
    page.set_viewport_size({"width": 390, "height": 844})
    leaf = choose(page, 0, "Lead score", "gt")
    page.fill(f"#{leaf}-value", "20")
    shows(page, "3")
    expect(page.locator("#builder-bar")).to_be_visible()
    expect(page.locator("#builder-bar b")).to_have_text("3")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("document.querySelector('.dock').offsetHeight") < 80


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_there_is_nothing_that_axe_finds(opened: Any, theme: str) -> None:
    page = opened
    page.emulate_media(color_scheme=theme)
    choose(page, 0, "City", "in")
    page.click("#builder-always")
    expect(page.locator("select.subject")).to_have_count(2)
    page.click("#builder-leave-out")
    expect(page.locator("select.subject")).to_have_count(3)
    page.click(".dock button.btn-primary")  # refused: errors stand at their places
    page.wait_for_selector(".builder .errors")
    expect(page.locator("#builder-live.htmx-request")).to_have_count(0)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def test_without_scripts_every_step_works(chromium: Any, live_site: str, people: None, make_user: Any) -> None:
    user = make_user("marketer")
    context = chromium.new_context(base_url=live_site, java_script_enabled=False)
    page = context.new_page()
    page.goto(NEW)
    page.fill("input[name=username]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.fill("#id_name", "Plain")
    page.select_option("#n1-what", label="Lead score")
    page.click("button:has-text('Choose')")
    page.select_option("#n1-op", "gt")
    page.fill("#n1-value", "20")
    page.click("#builder-leave-out")
    page.select_option("#n3-what", label="City")
    page.click("button:has-text('Choose')")
    page.fill("#n3-value", "Gdańsk")
    page.click("button[aria-label='Count again']")
    assert page.inner_text("#builder-total").strip() == "2"
    assert page.input_value("#id_name") == "Plain"
    page.click(".dock button.btn-primary")
    assert SavedCriteria.objects.get().criteria["all"][1]["not"]["any"][0]["value"] == "Gdańsk"
    context.close()


def test_a_choice_made_before_the_scripts_ran_is_answered(opened: Any) -> None:
    page = opened
    held = Held(page, "**/htmx*.js")
    page.goto(NEW, wait_until="commit")
    page.locator("select.subject").select_option("field:lead_score")
    held.go()
    page.wait_for_selector("select[name$='-op']")


OVERLAPS = """() => [...document.querySelectorAll(".criterion")].flatMap((row) => {
  const inside = row.getBoundingClientRect();
  const boxes = [...row.querySelectorAll(".count, .joiner, .more, select, input:not([type=hidden]), .chip")]
    .filter((one) => one.checkVisibility() && !one.closest("[popover]"))
    .map((one) => [one, one.getBoundingClientRect()]);
  return boxes.flatMap(([one, a]) => [
    ...(a.right > inside.right + 1 || a.bottom > inside.bottom + 1 ? [`${one.className} is out of its row`] : []),
    ...boxes.filter(([other, b]) => one !== other && !one.contains(other) && !other.contains(one)
      && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      .map(([other]) => `${one.className} is over ${other.className}`)]);
})"""


@pytest.mark.parametrize("width", [360, 390, 430])
def test_on_the_phone_nothing_in_a_row_covers_anything_else(opened: Any, width: int) -> None:
    page = opened
    page.set_viewport_size({"width": width, "height": 844})
    city = choose(page, 0, "City", "in")
    page.wait_for_selector(f"#{city} [data-adds]")
    for text in ("a city with quite a long name indeed", "AVERYLONGNAMEWITHOUTASINGLEBLANKINITANYWHERE"):
        page.fill(f"#{city}-value", text)
        page.keyboard.press("Enter")
        page.wait_for_selector(f".chip:has-text('{text}')")
    page.click("text=Add group")
    score = choose(page, 1, "Lead score", "gt")
    page.fill(f"#{score}-value", "20")
    page.locator(".nest .foot .add").click()
    created = choose(page, 2, "Creation date", "between")
    page.wait_for_selector(f"#{created}-from")
    page.locator(f"#{created}-menu").click()
    page.locator(f"#{created}-sheet").get_by_text("Negate").click()
    expect(page.locator(f"#{created}.negated")).to_have_count(1)
    expect(page.locator(f"#{created}-count")).to_contain_text("Choose a date.")
    expect(page.locator(f"#{score}-count b")).to_have_text("3")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    expect(page.locator(f"#{created} > .joiner")).to_be_visible()
    page.fill(f"#{created}-from", "2020-01-01")
    page.fill(f"#{created}-to", "2021-01-01")
    expect(page.locator(f"#{created}-count b")).to_have_text("4")
    assert page.evaluate(OVERLAPS) == []


def test_an_error_is_said_once_and_gone_once_corrected(opened: Any) -> None:
    page = opened
    leaf = choose(page, 0, "Creation date", "between")
    page.fill("#id_name", "Dates")
    page.click(".dock button.btn-primary")
    expect(page.locator(f"#{leaf} .errors")).to_have_count(2)
    expect(page.locator(f"#{leaf} .unfinished:visible")).to_have_count(0)
    expect(page.locator("#builder-total")).to_contain_text("Finish what is marked")
    page.fill(f"#{leaf}-from", "2020-01-01")
    expect(page.locator(f"#{leaf} .errors")).to_have_count(1)
    expect(page.locator(f"#{leaf}-from")).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#{leaf}-to")).to_have_attribute("aria-invalid", "true")
    page.fill(f"#{leaf}-to", "2021-01-01")
    expect(page.locator(f"#{leaf} .errors")).to_have_count(0)
    shows(page, "0")


def test_the_list_of_categories_is_searched_without_regard_to_marks(opened: Any) -> None:
    page = opened
    for name in ("Klient/Stały", *(f"Klient/K{number}" for number in range(12))):
        factories.category(name)
    page.reload()
    leaf = what(page, 0)
    page.select_option(f"#{leaf}-what", label="Category")
    page.click(f"#{leaf}-categories")
    for typed in ("stały", "staly", "STAŁY"):
        page.fill(f"#{leaf}-categories-list [data-filter]", typed)
        expect(page.locator(f"#{leaf}-categories-list label:visible")).to_have_text(["Stały"])
    page.fill(f"#{leaf}-categories-list [data-filter]", "nobody")
    expect(page.locator(f"#{leaf}-categories-list [data-nothing]")).to_be_visible()
    page.fill(f"#{leaf}-categories-list [data-filter]", "stal")
    page.locator(f"#{leaf}-categories-list label:visible input").check()
    expect(page.locator(f"#{leaf}-categories .chip")).to_have_text("Klient / Stały")


def test_building_breaks_no_policy_and_misses_no_place_even_where_the_dock_has_no_number(opened: Any) -> None:
    """No style of its own is applied against the content security policy, and no answer misses its place."""
    page, said = opened, []
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    page.evaluate("document.getElementById('builder-bar').remove()")
    leaf = choose(page, 0, "City", "contains")
    page.fill(f"#{leaf}-value", "ź")
    shows(page, "2")
    page.evaluate(f"document.getElementById('{leaf}-value').style.width = '200px'")  # as a browser does on resizing
    page.select_option(f"#{leaf}-op", "eq")
    page.click("#builder-always")
    expect(page.locator("select.subject")).to_have_count(2)
    page.click("#builder-leave-out")
    expect(page.locator("select.subject")).to_have_count(3)
    expect(page.locator("#builder-live.htmx-request")).to_have_count(0)
    assert [one for one in said if "Content Security Policy" in one or "oobError" in one] == []


def test_the_popup_to_save_stands_above_its_button(opened: Any) -> None:
    page = opened
    page.goto("/segments/create/")
    page.click("[popovertarget=builder-save]")
    button, popup = (page.locator(one).bounding_box() for one in ("[popovertarget=builder-save]", "#builder-save"))
    assert popup["y"] + popup["height"] <= button["y"]
    assert abs(popup["x"] - button["x"]) < 2
    field, inner = (page.locator(f"#builder-save {one}").bounding_box() for one in ("input", "button"))
    assert inner["y"] - field["y"] - field["height"] >= 8
