"""The tracker in a real browser, on pages of another origin with a content security policy of their own."""

import json
import re
from time import monotonic
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from activities.models import Activity, Visit
from tests import factories
from tests.support import tracker as support
from tests.support.browser import SLOWEST_MS, sign_in
from tests.support.shop import shop
from tracker.models import Outcome, SiteCount, TrackedSite

pytestmark = pytest.mark.browser


@pytest.fixture
def there():
    with shop() as made:
        yield made


@pytest.fixture
def visitor(chromium: Any, live_site: str) -> Any:
    """A window of somebody who is no test browser, as far as it says."""
    context = chromium.new_context(user_agent=support.AGENT)
    context.set_default_timeout(SLOWEST_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert context.cookies() == []
    context.close()
    assert errors == []


def line(live_site: str, site: TrackedSite, more: str = "") -> str:
    return f'<script src="{live_site}/t.js" data-site="{site.key}" {more} async></script>'


def told(page: Any, *calls: Any) -> None:
    """Tells the script, and waits until Sito has answered."""
    with page.expect_response(lambda answer: answer.url.endswith("/t/events")) as arrived:
        page.evaluate("calls => (window.sito = window.sito || []).push(...calls)", list(calls))
    assert arrived.value.status == 204


def kept(page: Any) -> Any:
    return json.loads(page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"))


def until(page: Any, holds: str) -> None:
    """Playwright's own waiting needs `eval`, which the page's policy forbids."""
    end = monotonic() + SLOWEST_MS / 1000
    while not page.evaluate(holds):
        assert monotonic() < end, holds
        page.wait_for_timeout(50)


def moved(page: Any) -> None:
    """Until the script has noticed a new address: by a timer of 50 ms, which was set before this one."""
    page.evaluate("() => new Promise((done) => setTimeout(done, 60))")


def loaded(page: Any, address: str) -> None:
    page.goto(address)
    until(page, "!!(window.sito && window.sito.consent)")


def types() -> list[str]:
    return [each.type.key for each in Activity.objects.select_related("type").order_by("at", "pk")]


def test_a_visitor_is_told_of_once_they_agree_and_nothing_is_lost_or_doubled(visitor, there, live_site):
    page, now = visitor, timezone.now()
    site = support.site(now=now, origins=[there.origin])
    ala = factories.contact(now=now)
    there.head = line(live_site, site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    loaded(page, f"{there.origin}/?utm_source=news&sito={support.token(site, ala, now=now)}#top")
    assert page.url == f"{there.origin}/?utm_source=news#top"
    page.evaluate("""sito.push(["productView", {product: "before"}]); history.pushState({}, "", "/before")""")
    page.wait_for_timeout(1500)  # longer than a batch waits: nothing is to come
    assert kept(page) == [{}, {}, ""]
    assert [url for url in asked if url.endswith("/t/events")] == []

    told(page, ["consent", True])
    assert (types(), Visit.objects.get().contact_id) == (["page_view"], ala.pk)
    page.evaluate("""history.pushState({}, "", "/tonik#about")""")
    told(page, ["addToCart", {"product": "P-17", "price": 24.99}], ["nosuch", 1], ["search"])
    assert sorted(types()) == ["add_to_cart", "page_view", "page_view", "search"]
    last = Activity.objects.filter(type__key="page_view").latest("at")
    assert last.params["url"] == f"{there.origin}/tonik#about"

    page.context.set_offline(True)
    page.evaluate("""sito.push(["productView", {product: "P-18"}])""")
    until(page, "JSON.parse(localStorage.sito).q.length === 1")
    with page.expect_response(lambda answer: answer.url.endswith("/t/events")):
        page.context.set_offline(False)
    until(page, "JSON.parse(localStorage.sito).q.length === 0")
    assert types().count("product_view") == 1

    page.evaluate("""sito.push(["search", "left at once", 3])""")
    with page.expect_response(lambda answer: answer.url.endswith("/t/events")):
        page.goto(f"{there.origin}/next")  # known from before: by what was kept
    until(page, "JSON.parse(localStorage.sito).q.length === 0")
    assert (types().count("search"), types().count("page_view"), Visit.objects.count()) == (2, 3, 1)

    page.evaluate("""sito.push(["consent", false], ["search", "after"])""")
    assert kept(page) == [{}, {}, ""]
    told(page, ["consent", True], ["identify", support.token(site, factories.contact(now=now), now=now)])
    until(page, "JSON.parse(localStorage.sito).q.length === 0")
    assert len(set(Activity.objects.values_list("contact_id", flat=True))) == 2


def test_what_the_open_page_told_before_the_visitor_agreed_or_was_known_comes_after_it(visitor, there, live_site):
    page, now = visitor, timezone.now()
    site = support.site(now=now, origins=[there.origin])
    ala = factories.contact(now=now)
    there.head = line(live_site, site)
    loaded(page, f"{there.origin}/")
    page.evaluate("""history.pushState({}, "", "/tonik"); sito.push(["productView", {product: "P-17"}])""")
    moved(page)
    told(page, ["consent", True], ["search", "tonik", 3], ["identify", support.token(site, ala, now=now)])
    until(page, "JSON.parse(localStorage.sito).q.length === 0")
    assert sorted(types()) == ["page_view", "product_view", "search"]
    assert Activity.objects.get(type__key="product_view").params["url"] == f"{there.origin}/tonik"

    page.evaluate("""sito.push(["consent", false], ["search", "after a no", 3])""")
    told(page, ["consent", True])
    until(page, "JSON.parse(localStorage.sito).q.length === 0")
    page.evaluate("""sito.push(["identify", null], ["search", "of somebody else", 3])""")
    page.evaluate("""history.pushState({}, "", "/other")""")
    moved(page)
    told(page, ["identify", support.token(site, factories.contact(now=now), now=now)])
    until(page, "JSON.parse(localStorage.sito).q.length === 0")
    assert sorted(types()) == ["page_view", "page_view", "page_view", "product_view", "search"]
    assert kept(page)[0]["sito"].count("search") == 0


def test_what_is_withdrawn_in_one_tab_is_withdrawn_in_all(visitor, there, live_site):
    one, other, now = visitor, visitor.context.new_page(), timezone.now()
    site = support.site(now=now, origins=[there.origin])
    agreed = [["consent", True], ["identify", support.token(site, factories.contact(now=now), now=now)]]
    there.head = line(live_site, site)
    for tab, path in ((one, "a"), (other, "b")):
        loaded(tab, f"{there.origin}/{path}")
        told(tab, *agreed)
        until(tab, "JSON.parse(localStorage.sito).q.length === 0")
    asked: list[str] = []
    visitor.context.on("request", lambda request: asked.append(request.url))

    def goes_on(tab: Any, path: str) -> None:
        tab.evaluate("path => history.pushState({}, '', path)", path)
        moved(tab)
        tab.evaluate("""sito.push(["search", "still here", 1])""")

    one.evaluate("""sito.push(["identify", null])""")
    goes_on(other, "/b2")
    assert (kept(other)[0]["sito"].count("still"), len(types())) == (0, 2)
    told(one, *agreed)  # and signs in again, on the same page
    until(one, "JSON.parse(localStorage.sito).q.length === 0")
    told(other, *agreed)
    until(other, "JSON.parse(localStorage.sito).q.length === 0")

    stored = types()
    asked.clear()
    one.evaluate("""sito.push(["consent", false])""")
    goes_on(other, "/b3")
    third = visitor.context.new_page()
    loaded(third, f"{there.origin}/c")
    goes_on(third, "/c2")
    other.wait_for_timeout(1200)  # longer than a batch waits: nothing is to come
    assert [kept(tab) for tab in (one, other, third)] == [[{}, {}, ""]] * 3
    assert ([url for url in asked if url.endswith("/t/events")], types()) == ([], stored)

    told(other, ["consent", True])  # a new answer, on a page that knows who it is
    until(other, "JSON.parse(localStorage.sito).q.length === 0")
    crossed = """key => dispatchEvent(new StorageEvent("storage", {key}))"""
    other.evaluate(crossed, "of the shop")
    assert kept(other)[0]["sito"]
    other.evaluate(crossed, "sito")  # withdrawn elsewhere while this tab was writing
    assert kept(other) == [{}, {}, ""]


@pytest.mark.parametrize("language", ["en", "pl"])
def test_an_administrator_adds_a_site_and_sees_its_first_event(page, visitor, there, live_site, make_user, language):
    ala = factories.contact(email="ala@example.com", now=timezone.now())
    sign_in(page, make_user("administrator", language=language))
    page.goto("/tracking/")
    page.click("main a[href='/tracking/new/'] >> nth=0")
    page.fill("#id_name", "Shop")
    page.fill("#id_origins", f"{there.origin}/some/page\n")
    page.click("form#site button")
    secret = page.locator("#secret").inner_text()
    site = TrackedSite.objects.get()
    assert (site.secret, site.origins) == (secret, [there.origin])
    expect(page.locator("#arrived table")).to_have_count(0)

    there.head = page.locator("#snippet").inner_text()
    page.fill("#link #id_contact", "ala@example.com")
    page.click("#link button:not([data-copy])")
    link = page.locator("#visit").inner_text()
    assert link.startswith(f"{there.origin}/?sito=v1.{site.key}.")
    loaded(visitor, link)
    told(visitor, ["consent", True])
    expect(page.locator("#arrived .note.good")).to_be_visible()
    assert Activity.objects.get().contact_id == ala.pk

    page.click(".head .end a[href$='/test/']")
    expect(page.locator("#script-state")).to_have_text(re.compile(r"\w"))
    with page.expect_response(lambda answer: answer.url.endswith("/t/events")):
        page.click("[data-push*='consent\", true']")
    expect(page.locator("#tested table")).to_be_visible()
    assert SiteCount.objects.filter(outcome__in=[Outcome.TESTED, Outcome.BOT]).count() == 1
    assert Activity.objects.count() == 1
