"""A sunset in a real browser, in both languages: set up with its numbers, switched on, paused; accessible."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from sunset.models import Sunset
from tests import factories
from tests.support.browser import sign_in
from tests.support.sunsets import pass_day, silent, work

pytestmark = pytest.mark.browser


@pytest.fixture
def signed_in(page: Any, make_user: Any) -> Any:
    user = make_user("owner", language="pl")
    sign_in(page, user)
    return page


def sound(page: Any) -> None:
    """Nothing that axe finds, nothing wider than the window: wide and light in English, narrow and dark in Polish."""
    narrow = page.locator("html").get_attribute("lang") == "pl"
    page.set_viewport_size({"width": 390 if narrow else 1280, "height": 844})
    page.emulate_media(color_scheme="dark" if narrow else "light", reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    assert [(page.url, one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_a_sunset_is_set_up_switched_on_and_paused(signed_in: Any) -> None:
    """ED15."""
    page, now = signed_in, timezone.now()
    newsletter = factories.consent("newsletter")
    contacts = silent(3, newsletter, now=now)
    silent(1, now=now)
    page.goto("/engagement/sunset/")
    page.click(".head .btn-primary, main a[href$='/sunset/new/']")
    expect(page.locator("#live .stat")).to_have_text("3")
    page.fill("[name=days]", "300")
    expect(page.locator("#live .stat")).to_have_text("0")
    page.fill("[name=days]", "180")
    expect(page.locator("#live .stat")).to_have_text("3")
    sound(page)
    page.click(".dock .btn-primary")
    expect(page.locator("#question")).to_be_focused()
    assert not Sunset.objects.exists()
    sound(page)
    page.click("[name=confirmed]")
    expect(page.locator("#stage-tagged .stat")).to_have_text("0")
    expect(page.locator("#ahead .stat")).to_have_text("3")
    began = now.replace(microsecond=0)
    work(began)
    factories.visit(contacts[0], at=timezone.now())
    page.reload()
    expect(page.locator("#stage-back .stat")).to_have_text("1")
    expect(page.locator("#stage-message .stat")).to_have_text("2")
    expect(page.locator("#ahead .stat")).to_have_text("0")
    sound(page)
    page.click(".head a[href$='/pause/']")
    page.click("#dialog button.btn-primary")
    expect(page.locator("main .note[role=status]")).to_be_visible()
    assert Sunset.objects.get().state == "paused"
    pass_day(1, since=began + timedelta(seconds=1))
    page.reload()
    expect(page.locator("#stage-back .stat")).to_have_text("1")
