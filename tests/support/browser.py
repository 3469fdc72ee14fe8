"""A real browser at a real server, for the main journeys. Found on the machine; never downloaded."""

import os
import shutil
from collections.abc import Iterator
from threading import Condition
from time import monotonic
from typing import Any

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


def sign_in(page: Any, user: Any) -> None:
    """From now on this window is the user's. How one signs in is looked at in tests/test_frame_browser.py."""
    from django.conf import settings
    from django.db import connection

    from tests.support.people import client_for

    session = client_for(user).cookies[settings.SESSION_COOKIE_NAME].value
    domain = f"{connection.tenant.schema_name}.localhost"
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": domain, "path": "/"}
    page.context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Lax"}])


class Held:
    """Requests of a page that are kept back until `go`."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.routes = page, []
        page.route(address, lambda route: self.routes.append(route))  # noqa: PLW0108 - Playwright wants a function of its own

    def go(self) -> None:
        """Lets the latest go on to the server; waits for one if there is none yet."""
        end = monotonic() + SLOWEST_MS / 1000
        while not self.routes:
            assert monotonic() < end, "nothing was asked for"
            self.page.wait_for_timeout(10)
        self.routes.pop().continue_()


def violations(page: Any) -> list[str]:
    """What axe finds on the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{page.url} {one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    program = executable()
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SLOWEST_MS)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread; we don't await
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=[*arguments, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[Any]:
    """The server of all tests that want one. What it has begun to answer is waited for by `live_site`."""
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("localhost")
    yield server
    server.stop()


class Answering:
    """How many requests are being answered, whoever sent them."""

    def __init__(self) -> None:
        self.now, self.changed = 0, Condition()

    def begins(self, **_: Any) -> None:
        with self.changed:
            self.now += 1

    def ends(self, **_: Any) -> None:
        with self.changed:
            self.now -= 1
            self.changed.notify_all()

    def wait(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.now <= 0, timeout=SLOWEST_MS / 1000), f"{self.now} unanswered"


@pytest.fixture
def live_site(committed: None, account, server: Any) -> Iterator[str]:
    """The address of a server that runs our pages for account `acme`, on data really committed."""
    from django.core.signals import request_finished, request_started

    answering = Answering()
    request_started.connect(answering.begins)
    request_finished.connect(answering.ends)
    yield server.url.replace("localhost", f"{account.schema_name}.localhost")
    try:
        answering.wait()  # what a closed page left behind writes nothing into the next test
    finally:
        request_started.disconnect(answering.begins)
        request_finished.disconnect(answering.ends)


@pytest.fixture(scope="session")
def context(chromium: Any, server: Any) -> Iterator[Any]:
    """The window's profile: what it has fetched of static files, it keeps; all else is taken out after each test."""
    from tests.support.accounts import ACCOUNTS

    site = server.url.replace("localhost", f"{ACCOUNTS['acme'].schema_name}.localhost")
    context = chromium.new_context(base_url=site, locale="en-GB", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(SLOWEST_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: Any, live_site: str) -> Iterator:
    """A fresh window, 1280 × 800, English; a script error on any page fails the test."""
    page = context.new_page()
    page.set_default_timeout(SLOWEST_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    emptied(context, live_site)
    assert errors == []


def emptied(context: Any, site: str) -> None:
    """Closes its windows; forgets cookies, permissions and what pages of the site have stored."""
    context.set_offline(False)
    *others, last = context.pages or [context.new_page()]
    for page in others:
        page.close()
    session = context.new_cdp_session(last)
    session.send("Storage.clearDataForOrigin", {"origin": site, "storageTypes": "local_storage,indexeddb"})
    last.close()
    context.clear_cookies()
    context.clear_permissions()
