"""The inputs of the criteria form in a real browser, in English and in Polish: values, bars, counts that fail."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import factories
from tests.support.browser import Held, sign_in
from tests.support.people import PASSWORD
from users.models import User

pytestmark = pytest.mark.browser
NEW = "/saved-criteria/new/"
LIST = "#builder-seen"


@pytest.fixture
def opened(page: Any, live_site: str, make_user: Any) -> Any:
    """The page for new saved criteria, signed in; five contacts in three cities."""
    factories.attribute("city", name="City")
    for score, city in ((0, "Łódź"), (10, "Łódź"), (30, "Łódź"), (60, "Warszawa"), (90, "Gdańsk")):
        factories.tag("VIP" if score > 20 else "NEW", factories.contact(lead_score=score, attributes={"city": city}))
    user = make_user("marketer", language="pl")
    sign_in(page, user)
    page.goto(NEW)
    return page


def choose(page: Any, subject: str, op: str = "", field: str = "op") -> str:
    """Chooses what the last criterion looks at, and its operator; its id."""
    leaf = str(page.locator("select.subject").last.get_attribute("id")).removesuffix("-what")
    page.select_option(f"#{leaf}-what", subject)
    page.wait_for_selector(f"#{leaf}-{field}")
    if op:
        page.select_option(f"#{leaf}-{field}", op)
        drawn(page, f"{leaf}-{field}", op)
    return leaf


def drawn(page: Any, select: str, op: str) -> None:
    """Waits until the criterion has been drawn anew for the chosen operator."""
    expect(page.locator(f"#{select} option[value='{op}'][selected]")).to_have_count(1)


def shows(page: Any, text: str) -> None:
    expect(page.locator("#builder-total .stat")).to_have_text(text)


def test_values_there_are_are_chosen_and_taken_out_by_keyboard_alone(opened: Any) -> None:
    page = opened
    leaf = choose(page, "attribute:city", "in")
    page.wait_for_selector(f"#{leaf}-value[data-adds]")
    field = page.locator(f"#{leaf}-value")
    field.focus()
    expect(field).to_have_attribute("role", "combobox")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"{LIST} [role=option]")).to_have_count(3)
    expect(page.locator(f"{LIST} [aria-selected=true]")).to_contain_text("Łódź")
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator(LIST)).to_have_count(0)
    expect(field).to_be_focused()
    page.keyboard.insert_text("gdan")  # at once: each text that is asked for draws the list anew
    expect(page.locator(f"{LIST} [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == page.locator(f"{LIST} [role=option]").get_attribute("id")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    page.keyboard.press("Enter")
    expect(page.locator(f"#{leaf} .chip")).to_have_count(1)
    shows(page, "1")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowUp")  # what is chosen is not offered again
    expect(page.locator(f"{LIST} [role=option]")).to_have_count(2)
    page.click(f"{LIST} [data-value='Łódź']")
    shows(page, "4")
    page.focus(f"#{leaf}-value")
    page.keyboard.press("Backspace")
    expect(page.locator(f"#{leaf} .chip")).to_have_count(1)
    shows(page, "1")


def test_a_value_that_nobody_has_is_taken_and_said(opened: Any) -> None:
    page = opened
    leaf = choose(page, "attribute:city", "in")
    page.wait_for_selector(f"#{leaf}-value[data-adds]")
    for value, chips in (("Kraków", 1), ("warszawa", 2)):
        page.fill(f"#{leaf}-value", value)
        page.press(f"#{leaf}-value", "Enter")
        expect(page.locator(f"#{leaf} .chip")).to_have_count(chips)
        if chips == 1:
            expect(page.locator(f"#{leaf} .nobody")).to_contain_text("Kraków")
    shows(page, "1")
    expect(page.locator(f"#{leaf} .nobody")).to_have_count(0)


def test_tags_and_single_values_are_offered_as_well(opened: Any) -> None:
    page = opened
    leaf = choose(page, "tag")
    page.click(f"#{leaf}-tags")
    page.click(f"{LIST} [data-value='VIP']")
    shows(page, "3")
    page.locator("button[id$='-add']").first.click()
    expect(page.locator("select.subject")).to_have_count(2)
    city = choose(page, "attribute:city", "eq")
    page.fill(f"#{city}-value", "")
    page.focus(f"#{city}-value")
    page.keyboard.type("w")
    page.wait_for_selector(LIST)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{city}-value")).to_have_value("Warszawa")
    shows(page, "1")


@pytest.mark.parametrize("listed", ["values are listed before", "values are listed after"])
def test_who_types_on_while_a_criterion_is_drawn_anew_keeps_the_place(opened: Any, listed: str) -> None:
    page = opened
    city = choose(page, "attribute:city", "eq")
    held = Held(page, "**/criteria/builder/")
    with page.expect_request("**/criteria/builder/"):
        page.locator("button[id$='-add']").first.click()
    page.focus(f"#{city}-value")
    page.keyboard.type("w")
    if listed.endswith("before"):
        page.wait_for_selector(LIST)
    held.go()
    expect(page.locator("select.subject")).to_have_count(2)
    page.wait_for_selector(LIST)
    expect(page.locator(f"#{city}-value")).to_be_focused()
    expect(page.locator(f"#{city}-value")).to_have_value("w")


def test_a_line_is_drawn_by_clicking_bars(opened: Any) -> None:
    page = opened
    leaf = choose(page, "field:lead_score", "gte")
    sheet = page.locator(f"#{leaf}-value-sheet")
    page.wait_for_selector(f"#{leaf}-value-spread svg")
    page.click(f"#{leaf}-value-spread")
    bars = sheet.locator("svg.bars g")
    expect(bars.first).to_be_visible()
    bars.last.click()
    expect(page.locator(f"#{leaf}-value")).to_have_value("90")
    shows(page, "1")
    expect(sheet.locator(".said > b")).to_have_text("1")
    expect(sheet.locator("svg.bars g.on")).to_have_count(1)
    sheet.locator("summary").click()
    sheet.locator("button[data-low='30']").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#{leaf}-value")).to_have_value("30")
    shows(page, "3")
    expect(sheet.locator(".said > b")).to_have_text("3")
    expect(sheet).to_be_visible()
    expect(sheet.locator("button[data-low='30']")).to_be_focused()  # drawn anew, and still unfolded
    page.keyboard.press("Escape")
    page.select_option(f"#{leaf}-op", "between")
    drawn(page, f"{leaf}-op", "between")
    page.wait_for_selector(f"#{leaf}-to-spread svg")
    page.click(f"#{leaf}-to-spread")
    between = page.locator(f"#{leaf}-to-sheet svg.bars g")
    expect(between.first).to_be_visible()
    between.first.click()
    between.last.click()
    assert (page.input_value(f"#{leaf}-from"), page.input_value(f"#{leaf}-to")) == ("0", "90")
    shows(page, "5")


def test_an_error_stands_where_the_number_would_be_and_counting_says_how_long_it_takes(opened: Any) -> None:
    page = opened
    leaf = choose(page, "field:lead_score", "gte")
    page.fill(f"#{leaf}-value", "30")
    shows(page, "3")
    page.route("**/criteria/count/", lambda route: route.fulfill(status=500, body="<h1>Oops</h1>"))
    page.fill(f"#{leaf}-value", "60")
    again = page.locator("#builder-total [data-count-again]")
    expect(again).to_be_visible()
    expect(page.locator("#builder-total [role=alert]")).to_have_text(
        page.get_attribute("#builder-texts", "data-server")
    )
    expect(page.locator("#failure")).to_be_hidden()
    expect(page.locator("#builder-numbers")).to_be_hidden()
    expect(page.locator(f"#{leaf}-count.stale")).to_have_count(1)
    page.unroute("**/criteria/count/")
    held = Held(page, "**/criteria/count/")
    again.click()
    expect(page.locator("#builder-elapsed")).to_contain_text(" s")
    expect(page.locator("#builder-counting")).not_to_be_empty()
    held.go()
    shows(page, "2")
    expect(page.locator("#builder-elapsed")).to_be_hidden()
    expect(page.locator("#builder-numbers")).to_be_visible()
    page.unroute("**/criteria/count/")
    page.route("**/criteria/count/", lambda route: route.abort())
    page.fill(f"#{leaf}-value", "90")
    expect(page.locator("#builder-total [role=alert]")).to_have_text(
        page.get_attribute("#builder-texts", "data-network")
    )
    page.unroute("**/criteria/count/")
    page.locator("#builder-total [data-count-again]").click()
    shows(page, "1")


def test_signed_out_meanwhile_nothing_typed_is_lost(opened: Any, live_site: str) -> None:
    """The page is not left; after signing in elsewhere the same form counts on."""
    page = opened
    leaf = choose(page, "field:lead_score", "gte")
    page.fill(f"#{leaf}-value", "30")
    shows(page, "3")
    page.context.clear_cookies(name="sessionid")
    page.fill(f"#{leaf}-value", "60")
    link = page.locator("#builder-total a[data-sign-in]")
    expect(link).to_be_visible()
    with page.context.expect_page() as other:
        link.click()
    window = other.value
    window.fill("input[name=username]", User.objects.get().email)
    window.fill("input[name=password]", PASSWORD)
    window.press("input[name=password]", "Enter")
    window.wait_for_selector("nav")
    window.close()
    page.locator("#builder-total [data-count-again]").click()
    shows(page, "2")
    assert page.input_value(f"#{leaf}-value") == "60"


def test_a_list_of_checkboxes_goes_by_arrows_and_letters(opened: Any) -> None:
    page = opened
    for number in range(14):
        factories.category(f"k{number}")
    page.reload()
    leaf = choose(page, "category")
    page.focus(f"#{leaf}-categories")
    page.keyboard.press("Enter")
    search = page.locator(f"#{leaf}-categories-list [data-filter]")
    expect(search).to_be_focused()
    page.keyboard.type("k13")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{leaf}-categories .chip")).to_have_text("K13")
    search.fill("")
    page.keyboard.press("Backspace")
    expect(page.locator(f"#{leaf}-categories .chip")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{leaf}-categories .chip")).to_have_text("K1")
    page.keyboard.press("k")
    expect(search).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"#{leaf}-categories")).to_be_focused()
