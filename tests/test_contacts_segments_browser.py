"""From the contact manager to a segment in a real browser: selecting over pages, the advanced filter, freezing."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from contacts.selecting import selected
from segmentation.models import Segment, UploadedList
from tests import factories
from tests.support.browser import sign_in, violations
from tests.support.people import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def manager(page: Any, make_user: Any) -> Any:
    """The contact manager with 60 contacts, ten of them with a high score, in both languages."""
    user = make_user("marketer", language="pl")
    for at in range(60):
        factories.contact(last_name=f"Nowak{at:02}", lead_score=50 if at < 10 else 1)
    sign_in(page, user)
    page.goto("/contacts/?sort=name")
    page.user = user
    return page


def box(page: Any, name: str) -> Any:
    return page.locator("tr", has_text=name).locator("input[name=ticked]")


def test_contacts_selected_over_pages_become_a_segment(manager: Any) -> None:
    """IP33, by hand."""
    page = manager
    box(page, "Nowak00").check()
    expect(page.locator("#chosen b")).to_contain_text("1")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the next row's box, past the contact's own link
    expect(page.locator("#chosen b")).to_contain_text("2")
    page.locator(".pages .steps a").last.click()
    page.wait_for_url("**page=2*")
    box(page, "Nowak59").check()
    expect(page.locator("#chosen b")).to_contain_text("3")
    page.go_back()
    page.wait_for_selector("text=Nowak00")
    expect(box(page, "Nowak00")).to_be_checked()
    page.locator("[data-tick-page]").check()
    expect(page.locator("#chosen b")).to_contain_text("51")
    page.locator("[data-tick-page]").uncheck()
    expect(page.locator("#chosen b")).to_contain_text("1")
    page.locator("#select > [value=all]").click()
    expect(page.locator("#chosen b")).to_contain_text("60")
    page.locator("#chosen [value=clear]").click()
    expect(page.locator("#chosen b")).to_be_hidden()
    box(page, "Nowak03").check()
    page.locator("#chosen [href*='/contacts/segment/']").click()
    page.locator("#dialog [value=list]").click()
    page.wait_for_url("**/segments/create/**")
    page.fill("#id_name", "By hand")
    expect(page.locator("#builder-total")).to_contain_text("1")
    page.locator(".dock [value=create]").click()
    page.wait_for_url("**/segments/in-creation/")
    assert Segment.objects.get().version.criteria["all"][0] == {"kind": "file", "file": UploadedList.objects.get().pk}
    assert not selected(page.user)  # it has become the segment


def test_the_advanced_filter_narrows_the_list_and_becomes_criteria(manager: Any) -> None:
    """IP8, IP33 from the filter in use."""
    page = manager
    page.locator(".found .end a").first.click()
    page.wait_for_url("**/contacts/filter/**")
    leaf = str(page.locator("select.subject").first.get_attribute("id")).removesuffix("-what")
    page.select_option(f"#{leaf}-what", value="field:lead_score")
    page.wait_for_selector(f"#{leaf}-op")
    page.select_option(f"#{leaf}-op", "gt")
    page.fill(f"#{leaf}-value", "20")
    expect(page.locator("#builder-total")).to_have_text("10")
    page.locator(".dock .btn-primary").click()
    page.wait_for_url(re.compile(r"/contacts/\?sort=name&advanced=|/contacts/\?advanced=.*"))
    expect(page.locator(".total b")).to_contain_text("10")
    page.fill("#id_q", "nowak00")
    expect(page.locator(".total b")).to_contain_text("1 ")
    page.fill("#id_q", "")
    expect(page.locator(".total b")).to_contain_text("10")
    page.locator(".note a[href*='/contacts/filter/']").click()
    expect(page.locator("input[name$='-value']").first).to_have_value("20")
    page.go_back()
    page.locator(".found .end a[href*='/contacts/segment/']").click()
    page.locator("#dialog [value=criteria]").click()
    page.wait_for_url("**/segments/create/**")
    expect(page.locator("#builder-total")).to_have_text("10")
    expect(page.locator("input[name$='-value']").first).to_have_value("20")


def test_selecting_works_without_scripts(chromium: Any, live_site: str, make_user: Any) -> None:
    user = make_user("marketer")
    ids = [factories.contact(last_name=f"Nowak{at:02}").pk for at in range(60)]
    context = chromium.new_context(base_url=live_site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login/?next=/contacts/%3Fsort%3Dname")
    page.fill("[name=username]", user.email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/?sort=name")
    expect(page.locator("[data-tick-page]")).to_be_hidden()
    box(page, "Nowak01").check()
    page.locator("#select noscript button").click()
    expect(page.locator("#chosen b")).to_contain_text("1")
    box(page, "Nowak02").check()
    page.locator("#select > [value=all]").click()
    expect(page.locator("#chosen b")).to_contain_text("60")
    page.locator("#chosen [href*='/contacts/segment/']").click()
    page.locator("[value=list]").click()
    page.wait_for_url("**/segments/create/**")
    assert set(UploadedList.objects.get().matched_ids) == set(ids)
    context.close()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_pages_are_accessible_and_fit(manager: Any, theme: str, width: int) -> None:
    page = manager
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    box(page, "Nowak00").check()
    expect(page.locator("#chosen b")).to_contain_text("1")
    for address in (
        "/contacts/?lead_score_from=20",
        "/contacts/filter/",
        "/contacts/segment/?lead_score_from=20",
        "/contacts/segment/?q=nowak",
        "/contacts/segment/?selected=yes",
        "/contacts/segment/?colour=red",
    ):
        page.goto(address)
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
