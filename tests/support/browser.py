"""A real browser at a real server, for the main journeys. Found on the machine; never downloaded."""

import os
import shutil
from collections.abc import Iterator

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SLOWEST_MS = 30_000


def executable() -> str:
    """The browser's program. Without one the test is skipped loudly, or fails where SITO_BROWSER=required."""
    found = os.environ.get("SITO_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    if os.environ.get("SITO_BROWSER") == "required":
        pytest.fail("SITO_BROWSER=required, and no chromium was found: apt-get install chromium", pytrace=False)
    pytest.skip(
        "LOUD: no chromium on this machine, THE JOURNEYS IN THE BROWSER WERE NOT TESTED (apt-get install chromium)"
    )


WATCH = (
    "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) shift += e.value; })"
    ".observe({ type: 'layout-shift', buffered: true });"
)  # what jumps on a page, summed up in `shift`: for `add_init_script`


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    program = executable()
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread; we don't await
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=[*arguments, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def live_site(committed: None, account) -> Iterator[str]:
    """The address of a server that runs our pages for account `acme`, on data really committed."""
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("localhost")
    yield server.url.replace("localhost", f"{account.schema_name}.localhost")
    server.stop()


@pytest.fixture
def page(chromium, live_site: str) -> Iterator:
    """A fresh window, 1280 × 800, English; a script error on any page fails the test."""
    context = chromium.new_context(base_url=live_site, locale="en-GB", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(SLOWEST_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []
