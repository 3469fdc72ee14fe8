"""A key made in a browser: shown, copied, tried, not made again by a reload, revoked in the dialog."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from api.models import ApiKey
from tests.support.browser import sign_in, violations
from tests.support.keys import KeyClient

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1440), ("pl", "dark", 390)])
def test_a_key_is_made_copied_and_revoked(page: Any, make_user: Any, language: str, theme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, make_user("owner", language=language))
    page.goto("/keys/")
    page.click(".empty .btn, .empty a")
    page.wait_for_selector("#key")
    assert violations(page) == []
    page.click("#key .btn-primary")
    expect(page.locator("#key [aria-invalid=true][name=name]")).to_be_visible()
    page.fill("[name=name]", "Shop")
    page.click("#key .btn-primary")
    token = page.inner_text("#token")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for of in ("token", "trial"):
        button = page.locator(f"[data-copy={of}]")
        button.click()
        expect(button).to_have_text(button.get_attribute("data-copied"))
        assert page.evaluate("navigator.clipboard.readText()") == page.inner_text(f"#{of}")
    assert f"Bearer {token}" in page.inner_text("#trial")
    page.reload()
    page.wait_for_url("**/keys/")
    key = ApiKey.objects.get()
    machine = KeyClient(token, key)
    assert machine.send("get", "/contacts?limit=1")[0] == 200
    expect(page.locator(f"#key-{key.prefix}")).to_be_visible()
    assert token[14:] not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click(f"[popovertarget=menu-{key.prefix}]")
    page.click(f"#menu-{key.prefix} .danger")
    expect(page.locator("#dialog form")).to_be_visible()
    assert violations(page) == []
    page.click("#dialog .btn-danger")
    expect(page.locator(f"#key-{key.prefix}")).to_have_count(0)
    page.click(".tabs a:not([aria-current])")
    page.wait_for_url(re.compile("shown=ended"))
    expect(page.locator(f"#key-{key.prefix}")).to_be_visible()
    assert machine.send("get", "/contacts?limit=1")[0] == 401
