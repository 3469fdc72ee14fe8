"""The contact manager and a contact in a real browser: typing, sorting, asking before deleting; accessible."""

import re

import pytest
from playwright.sync_api import expect

from contacts.models import Contact
from tests import factories
from tests.support.browser import sign_in, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def manager(page, make_user):
    """The contact manager, with somebody signed in and five contacts."""
    owner = make_user("owner")
    factories.attribute("frame", "choice", options=["metal", "plastic"])
    factories.attribute("birthday", "date")
    factories.consent("newsletter")
    for number, name in enumerate(["Łęcka", "Żak", "Ćwik", "Nowak", "Zachara"]):
        factories.contact(first_name="Ala", last_name=name, lead_score=number, attributes={"frame": "metal"})
    sign_in(page, owner)
    page.goto("/contacts/")
    return page


def shows(page, *names: str) -> None:
    expect(page.locator("#rows .name")).to_have_text(list(names), use_inner_text=True)


def test_typing_narrows_the_list_and_sorting_keeps_what_was_typed(manager):
    manager.type("#id_q", "ala", delay=20)
    manager.wait_for_url("**/contacts/?q=ala")
    manager.click("th a:has-text('Name')")
    manager.wait_for_url("**sort=name*")
    shows(manager, "Ala Ćwik", "Ala Łęcka", "Ala Nowak", "Ala Zachara", "Ala Żak")
    manager.click(".more-filters summary")
    manager.fill("[name=lead_score_from]", "2")
    manager.wait_for_url("**lead_score_from=2*")
    shows(manager, "Ala Ćwik", "Ala Nowak", "Ala Zachara")  # still in the order chosen
    manager.fill("#id_q", "zzz")
    manager.wait_for_selector("text=No contact fits")
    manager.go_back()
    manager.wait_for_selector("text=Ala Nowak")


@pytest.mark.parametrize("width", [1440, 390])
def test_opening_the_filters_moves_nothing_above_them(manager, width):
    manager.set_viewport_size({"width": width, "height": 900})
    before = [manager.locator(part).bounding_box() for part in (".more-filters > summary", "#id_q")]
    manager.click(".more-filters summary")
    manager.wait_for_selector("[name=lead_score_from]")
    assert [manager.locator(part).bounding_box() for part in (".more-filters > summary", "#id_q")] == before
    card, list_below = (manager.locator(part).bounding_box() for part in (".more-filters > .card-s", "#rows"))
    assert (card["x"], card["width"]) == (list_below["x"], list_below["width"])


def test_a_contact_is_erased_only_after_a_question(manager):
    manager.click("text=Ala Nowak")
    manager.wait_for_url(re.compile(r"/contacts/\d+/$"))
    manager.click("[popovertarget=contact-menu]")
    manager.click("#contact-menu .danger")
    manager.click("#dialog [data-close]")
    assert Contact.objects.count() == 5
    manager.click("[popovertarget=contact-menu]")
    manager.click("#contact-menu .danger")
    manager.check("#erase-sure")
    manager.click("#dialog .btn-danger")
    manager.wait_for_selector("text=Ala Nowak is erased.")
    assert Contact.objects.count() == 4


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_pages_are_accessible_and_fit(manager, theme, width):
    manager.set_viewport_size({"width": width, "height": 900})
    manager.emulate_media(color_scheme=theme)
    pk = Contact.objects.values_list("pk", flat=True)[0]
    for address in (
        "/contacts/?status=subscribed&lead_score_from=1",
        "/contacts/?lead_score_from=x&colour=red",
        "/contacts/?q=zzz",
        "/contacts/new/",
        f"/contacts/{pk}/",
        f"/contacts/{pk}/edit/",
        f"/contacts/{pk}/delete/",
        f"/contacts/{pk}/data/",
        "/contacts/duplicates/",
        f"/contacts/compare/?id={pk}",
        f"/contacts/compare/?id={pk}&id={Contact.objects.values_list('pk', flat=True)[1]}",
        "/attributes/",
        "/attributes/new/",
        "/consents/",
        "/consents/new/",
    ):
        manager.goto(address)
        for opener in manager.locator("main details:not([data-pick]) > summary").all():
            opener.click()
        assert violations(manager) == []
        assert manager.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
