"""The timeline and ready-made criteria in a real browser."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests import factories
from tests.support.browser import sign_in, violations
from tests.support.people import make_user

pytestmark = pytest.mark.browser


def signed_in(page: Page) -> None:
    sign_in(page, make_user("marketer"))


def test_the_timeline_is_narrowed_and_paged_in_place_and_back_leads_back(page: Page, account: Any) -> None:
    contact, now = factories.contact(first_name="Ala"), timezone.now()
    for number in range(20):
        factories.visit(contact, at=now - timedelta(hours=number), utm_campaign=f"campaign-{number}-")
    factories.order(contact, at=now - timedelta(days=40), external_id="A1", lines=[{"product": "P", "amount": 5}])
    signed_in(page)
    page.goto(f"/contacts/{contact.pk}/")
    page.evaluate("document.body.dataset.same = 'yes'")
    timeline = page.locator("#timeline")
    expect(timeline.get_by_text("campaign-0-")).to_be_visible()
    timeline.get_by_role("link", name="Older").click()
    expect(timeline.get_by_text("campaign-19-")).to_be_visible()
    assert "before=" in page.url
    timeline.get_by_role("link", name="Orders").click()
    expect(timeline.get_by_text("Order A1")).to_be_visible()
    expect(timeline.get_by_text("campaign")).to_have_count(0)
    assert page.url.endswith("?show=order")
    assert page.evaluate("document.body.dataset.same") == "yes", "only the card was fetched"
    expect(page.locator("#timeline-order")).to_be_focused()
    assert violations(page) == []
    page.go_back()
    expect(timeline.get_by_text("campaign-19-")).to_be_visible()
    page.reload()
    expect(timeline.get_by_text("campaign-19-")).to_be_visible()


def test_a_blank_of_ready_made_criteria_is_filled_in_and_the_number_comes(page: Page, account: Any) -> None:
    contact = factories.contact()
    factories.contact()
    factories.order(contact, at=timezone.now(), lines=[{"product": "P", "brand": "Ray", "amount": 301}])
    signed_in(page)
    page.goto("/segments/create/")
    page.get_by_label("Segment name").fill("Ray")
    page.get_by_text("Start from ready-made criteria").click()
    page.get_by_role("button", name="Spent on a brand").click()
    blank = page.locator(":focus")
    expect(blank).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#builder-total")).to_contain_text("Finish what is marked")
    expect(page.get_by_label("Segment name")).to_have_value("Ray")
    assert violations(page) == []
    page.keyboard.type("ray")
    expect(page.locator("#builder-total .stat")).to_have_text("1")


def test_in_one_column_the_numbers_come_before_the_timeline(page: Page, account: Any) -> None:
    contact = factories.contact()
    factories.visit(contact, at=timezone.now())
    signed_in(page)
    page.goto(f"/contacts/{contact.pk}/")

    def top(part: str) -> float:
        return page.locator(part).first.bounding_box()["y"]

    assert abs(top(".contact-page > aside > *") - top(".contact-page > :first-child > *")) < 1, "two columns"
    page.set_viewport_size({"width": 390, "height": 800})
    tops = [top(part) for part in (".card-s", ".contact-numbers", "#timeline", "#history")]
    assert tops == sorted(tops)
    assert violations(page) == []
