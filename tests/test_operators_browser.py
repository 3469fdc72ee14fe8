"""An operator opens an area to one account, in a browser, in both languages."""

import pytest
from playwright.sync_api import expect

from tests.support.people import PASSWORD, make_user
from tests.support.rollout import make_operator

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "pl"])
def test_an_operator_closes_an_area_and_the_account_has_it_no_more(page, live_site, account, language):
    operator, owner = make_operator(), make_user("owner", language=language)
    operator.language = language
    operator.save()
    ours = live_site.replace("acme.", "operator.")

    page.goto(f"{live_site}/tracking/")
    page.locator("#id_username").fill(owner.email)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button").click()
    expect(page.locator('nav a[href="/tracking/"]')).to_be_visible()

    page.goto(f"{ours}/areas/tracking/")
    page.locator("#id_username").fill(operator.email)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.locator('a.name[href="/areas/tracking/"]').click()
    page.locator('input[value="some"]').check()
    page.locator("#id_share").fill("0")
    page.locator("#id_named").fill("other")
    page.locator("form .btn-primary").click()
    expect(page.locator("#effect b").nth(1)).to_have_text("1")
    page.locator("form .btn-danger").click()
    expect(page.locator("table.grid tbody tr")).to_have_count(1)
    expect(page.locator(".head .num")).to_contain_text("1")

    answer = page.goto(f"{live_site}/tracking/")
    assert answer.status == 404
    expect(page.locator('nav a[href="/users/"]')).to_be_visible()
    expect(page.locator('nav a[href="/tracking/"]')).to_have_count(0)
