"""In a real browser: a detail changed where it stands, an answer recorded, duplicates merged."""

import re

import pytest
from playwright.sync_api import expect

from contacts.models import Contact, ContactConsent
from tests import factories
from tests.support.browser import sign_in, violations

pytestmark = pytest.mark.browser
LANGUAGES = pytest.mark.parametrize("language", ["en", "pl"])


@pytest.fixture
def signed_in(page, make_user):
    def enter(language: str):
        user = make_user("marketer", language=language)
        sign_in(page, user)
        return page

    return enter


@LANGUAGES
def test_a_detail_and_an_answer_are_changed_where_they_stand(signed_in, language):
    contact = factories.contact(first_name="Ala", last_name="Nowak", email="a@x.pl")
    newsletter = factories.consent()
    page = signed_in(language)
    page.goto(f"/contacts/{contact.pk}/")
    page.click("#detail-email .change")
    page.fill("#id_email", "nonsense")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail-email .invalid-feedback")
    assert page.input_value("#id_email") == "nonsense"
    page.fill("#id_email", "b@x.pl")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail-email a[href='mailto:b@x.pl']")
    expect(page.locator("#detail-email .change")).to_be_focused()
    page.click("#detail-last_name .change")
    page.fill("#id_last_name", "Kot")
    page.keyboard.press("Enter")
    page.wait_for_selector("#contact-name:has-text('Ala Kot')")
    expect(page.locator("#history .history > li")).to_have_count(2)
    page.click(f"#consent-{newsletter.pk} details:last-of-type > summary")
    page.fill(f"#consent-{newsletter.pk}-source", "list")
    page.click(f"#consent-{newsletter.pk} button[value=withdrawn]")
    page.wait_for_selector(f"#consent-{newsletter.pk} .chip.bad")
    page.wait_for_function("document.querySelectorAll('#history .history > li').length == 3")
    assert ContactConsent.objects.get().state == "withdrawn"
    assert violations(page) == []


@LANGUAGES
def test_duplicates_are_found_compared_and_merged(signed_in, language):
    one = factories.contact(first_name="Ala", email="ala@x.pl", phone="600100200")
    other = factories.contact(first_name="Alicja", email="ala+sklep@x.pl")
    factories.order(other, total=5)
    page = signed_in(language)
    page.goto("/contacts/duplicates/")
    assert violations(page) == []
    page.click(f".duplicate-groups a[href*='id={one.pk}&id={other.pk}']")
    page.wait_for_url("**/contacts/compare/**")
    assert violations(page) == []
    page.check(f"input[name='keep-email'][value='{one.pk}']")
    page.check(f"input[name='keep-first_name'][value='{other.pk}']")
    page.click(".btn-danger")
    assert Contact.objects.count() == 2, "not before it is said that this is meant"
    page.check("#sure")
    page.click(".btn-danger")
    page.wait_for_url(re.compile(rf"/contacts/{one.pk}/$"))
    kept = Contact.objects.get()
    assert (kept.email, kept.first_name, kept.phone) == ("ala@x.pl", "Alicja", "600100200")
    page.goto(f"/contacts/{other.pk}/")
    page.wait_for_url(re.compile(rf"/contacts/{one.pk}/$"))
