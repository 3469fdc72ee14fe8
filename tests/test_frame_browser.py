"""The frame in a real browser: on the phone, by keyboard, in both themes, with a request that fails."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import WATCH, sign_in, violations

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
PAGES = (
    "/users/", "/users/new/", "/profile/", "/account/", "/find?q=zzz", "/nowhere/",
    "/activity-types/", "/activity-types/new/", "/activity-types/1/",
)  # fmt: skip


@pytest.fixture
def signed_in(page, make_user):
    owner = make_user("owner", name="Ala Kowalska")
    make_user(name="Żaneta Łęcka", email="zaneta@example.com")
    sign_in(page, owner)
    return page


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_pages_are_accessible_and_fit_in_either_theme(signed_in, theme, width):
    signed_in.set_viewport_size({"width": width, "height": 900})
    signed_in.emulate_media(color_scheme=theme)
    for address in PAGES:
        signed_in.goto(address)
        assert violations(signed_in) == []
        assert signed_in.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_before_signing_in_are_accessible(page, theme):
    page.emulate_media(color_scheme=theme)
    for address in ("/login/", "/password/reset/", "/password/reset/sent/", "/password/set/MQ/x/"):
        page.goto(address)
        assert violations(page) == []


def test_the_users_theme_wins_over_the_devices(signed_in):
    paper = "getComputedStyle(document.body).backgroundColor"
    signed_in.emulate_media(color_scheme="dark")
    signed_in.goto("/profile/")
    dark = signed_in.evaluate(paper)
    signed_in.click("[popovertarget=user-menu]")
    signed_in.click("#user-menu [value=light]")
    signed_in.wait_for_selector("[data-bs-theme=light]")
    assert signed_in.evaluate(paper) != dark


def test_ctrl_k_goes_to_find(signed_in):
    signed_in.goto("/users/")
    signed_in.keyboard.press("Control+k")
    signed_in.keyboard.type("zzz")
    signed_in.keyboard.press("Enter")
    signed_in.wait_for_url("**/find?q=zzz")


def test_the_first_tab_skips_to_the_content(signed_in):
    signed_in.goto("/users/")
    signed_in.keyboard.press("Tab")
    assert signed_in.evaluate("document.activeElement.className") == "skip"
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator("#main")).to_be_focused()


def test_on_the_phone_the_menu_is_a_drawer_that_escape_closes(signed_in):
    signed_in.set_viewport_size(PHONE)
    signed_in.goto("/profile/")
    assert not signed_in.is_visible("#menu")
    signed_in.click("[popovertarget=menu]")
    assert signed_in.is_visible("#menu")
    signed_in.keyboard.press("Escape")
    assert not signed_in.is_visible("#menu")
    signed_in.click("[popovertarget=menu]")
    signed_in.click("#menu a[href='/users/']")
    signed_in.wait_for_url("**/users/")


def test_the_menu_shows_the_open_page_where_the_window_is_lower_than_the_menu(signed_in):
    shown = """() => {
      const menu = document.getElementById("menu").getBoundingClientRect();
      const link = document.querySelector("#menu [aria-current]").getBoundingClientRect();
      return link.top >= menu.top && link.bottom <= menu.bottom && link.bottom <= innerHeight && scrollY === 0;
    }"""
    for width in (1440, 390):
        signed_in.set_viewport_size({"width": width, "height": 600})
        signed_in.goto("/tracking/")
        if width == 390:
            signed_in.click("[popovertarget=menu]")
        signed_in.wait_for_function(shown)
    signed_in.set_viewport_size({"width": 1440, "height": 600})
    signed_in.goto("/contacts/")
    assert signed_in.evaluate("document.getElementById('menu').scrollTop") == 0


def test_without_scripts_the_menu_opens_too(chromium, live_site, signed_in):
    context = chromium.new_context(
        base_url=live_site, viewport=PHONE, java_script_enabled=False, storage_state=signed_in.context.storage_state()
    )
    page = context.new_page()
    page.goto("/profile/")
    page.click("[popovertarget=menu]")
    assert page.is_visible("#menu")
    page.click("#menu a[href='/users/']")
    page.wait_for_url("**/users/**")
    context.close()


def test_searching_changes_rows_and_address(signed_in):
    signed_in.goto("/users/")
    signed_in.fill(".filters [name=q]", "zaneta")
    signed_in.wait_for_url("**/users/?q=zaneta")
    signed_in.wait_for_function("document.querySelectorAll('#rows tbody tr').length === 1")
    signed_in.reload()
    expect(signed_in.locator("#rows tbody tr")).to_have_count(1)


def test_letting_go_asks_in_a_dialog_and_says_what_was_done(signed_in):
    signed_in.goto("/users/")
    row = signed_in.locator("tr", has_text="Żaneta")
    row.locator("[popovertarget]").click()
    row.locator(".item.danger").click()
    signed_in.wait_for_selector("#dialog[open]")
    assert violations(signed_in) == []
    signed_in.click("#dialog [data-close]")
    expect(signed_in.locator("#dialog")).to_be_hidden()
    row.locator("[popovertarget]").click()
    row.locator(".item.danger").click()
    signed_in.click("#dialog .btn-danger")
    signed_in.wait_for_selector(".toast-s >> text=Żaneta Łęcka can no longer sign in.")
    expect(signed_in.locator("tr", has_text="deactivated")).to_have_count(1)


def test_a_failed_request_is_said_and_goes_when_the_next_one_works(signed_in):
    signed_in.goto("/users/")
    signed_in.context.set_offline(True)
    signed_in.fill(".filters [name=q]", "a")
    signed_in.wait_for_selector("#failure >> text=The server cannot be reached")
    signed_in.context.set_offline(False)
    signed_in.fill(".filters [name=q]", "al")
    signed_in.wait_for_selector("#failure", state="hidden")


def test_a_session_that_ended_leads_to_sign_in_and_back(signed_in):
    signed_in.goto("/users/?sort=role")
    signed_in.context.clear_cookies(name="sessionid")
    signed_in.fill(".filters [name=q]", "ala")
    signed_in.wait_for_url("**/login/?next=/users/%3Fsort%3Drole")


def test_nothing_is_asked_of_another_host(signed_in, live_site):
    asked: list[str] = []
    signed_in.on("request", lambda request: asked.append(request.url))
    for address in PAGES:
        signed_in.goto(address)
    assert [url for url in asked if not url.startswith((live_site, "data:"))] == []


def test_a_page_does_not_jump_while_it_loads_on_a_slow_machine(signed_in):
    signed_in.add_init_script(WATCH)
    signed_in.context.new_cdp_session(signed_in).send("Emulation.setCPUThrottlingRate", {"rate": 8})
    for address in ("/users/", "/profile/", "/find?q=zzz", "/activity-types/"):
        signed_in.goto(address, wait_until="networkidle")
        assert signed_in.evaluate("shift") == 0, address
