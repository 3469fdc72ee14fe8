"""Pages of attributes and of consents."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django_tenants.utils import tenant_context

from contacts import hooks
from contacts.hooks import Use
from contacts.models import Attribute, Consent
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


@pytest.fixture
def admin(client_for: Callable, administrator: Any) -> Client:
    return client_for(administrator)


# --- attributes ---------------------------------------------------------------------------------------------
def test_attributes_are_listed_with_how_many_contacts_have_a_value(client: Client) -> None:
    factories.attribute("city", name="City")
    factories.attribute("frame", "choice", options=["metal", "plastic"])
    factories.contact(attributes={"city": "x", "frame": "metal"})
    factories.contact(attributes={"city": "y"})
    page = client.get("/attributes/")
    assert [(attribute.key, count) for attribute, count, *_more in page.context["lines"]] == [("city", 2), ("frame", 1)]
    assert "Counted at" in page.content.decode()
    assert "/attributes/new/" not in page.content.decode(), "a marketer declares none"


@pytest.mark.parametrize("role", ["marketer", "analyst"])
@pytest.mark.parametrize(
    "address",
    ["/attributes/new/", "/attributes/{}/edit/", "/attributes/{}/delete/", "/consents/new/", "/consents/{}/edit/"],
)
def test_definitions_are_for_owners_and_administrators(
    client_for: Callable, make_user: Callable, role: str, address: str
) -> None:
    pk = factories.consent().pk if "consents" in address else factories.attribute("city").pk
    browser = client_for(make_user(role))
    assert browser.get(address.format(pk)).status_code == 403
    assert browser.post(address.format(pk)).status_code == 403


def test_an_attribute_is_declared_changed_and_deleted(admin: Client) -> None:
    given = {"name": "Frame", "key": "frame", "type": "choice", "options": "metal\r\n\r\nplastic\r\n"}
    assert admin.post("/attributes/new/", given)["Location"] == "/attributes/"
    frame = Attribute.objects.get()
    assert frame.options == ["metal", "plastic"]
    assert admin.get(f"/attributes/{frame.pk}/edit/").status_code == 200
    assert admin.post(f"/attributes/{frame.pk}/edit/", {"name": "Frames", "options": "metal"}).status_code == 302
    frame.refresh_from_db()
    assert (frame.name, frame.options) == ("Frames", ["metal"])
    assert "Delete attribute Frames?" in admin.get(f"/attributes/{frame.pk}/delete/", headers=HTMX).content.decode()
    assert admin.post(f"/attributes/{frame.pk}/delete/").status_code == 302
    assert not Attribute.objects.exists()


def test_a_bad_definition_is_refused_at_its_field(admin: Client) -> None:
    page = admin.post("/attributes/new/", {"name": "E-mail", "key": "email", "type": "choice"})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"key", "options"}
    frame = factories.attribute("frame", "choice", options=["metal", "wood"])
    factories.contact(attributes={"frame": "metal"})
    page = admin.post(f"/attributes/{frame.pk}/edit/", {"name": "Frame", "options": "wood"})
    assert page.status_code == 422
    assert "1 contact has it" in page.content.decode()
    page = admin.post(f"/attributes/{frame.pk}/delete/", headers=HTMX)
    assert page.status_code == 422
    assert "1 contact has a value" in page.content.decode()


def test_what_keeps_an_attribute_is_told_before_anybody_asks_to_delete_it(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = factories.attribute("frame")
    address = f"/attributes/{frame.pk}/delete/"
    button = '<button class="btn btn-danger">'
    assert button in admin.get(address).content.decode()
    factories.contact(attributes={"frame": "metal"})
    monkeypatch.setattr(hooks, "attribute_usage", [lambda _attribute: [Use("Segment Łódź", "/segments/1")]])
    for text in (admin.get(address).content.decode(), admin.get(address, headers=HTMX).content.decode()):
        assert '<a href="/segments/1">Segment Łódź</a>' in text
        assert "1 contact has a value of “Frame”: clear it first." in text
        assert button not in text


def test_definitions_of_another_account_do_not_exist(admin: Client, other_account: Any) -> None:
    with tenant_context(other_account):
        attribute, consent = factories.attribute("city"), factories.consent()
    for address in (
        f"/attributes/{attribute.pk}/edit/",
        f"/attributes/{attribute.pk}/delete/",
        f"/consents/{consent.pk}/edit/",
    ):
        assert admin.get(address).status_code == 404


# --- consents -----------------------------------------------------------------------------------------------
def test_consents_are_listed_with_how_many_gave_and_withdrew(client: Client, marketer: Any) -> None:
    consent = factories.consent("sms", name_pl="Oferty SMS-em")
    for state in ("given", "given", "withdrawn"):
        factories.answer(factories.contact(), consent, state)
    factories.consent("mail")
    page = client.get("/consents/")
    numbers = [(line.consent.key, line.given, line.withdrawn, line.unknown) for line in page.context["lines"]]
    assert numbers == [("sms", 2, 1, 0), ("mail", 0, 0, 3)]
    marketer.language = "pl"
    marketer.save()
    assert "Oferty SMS-em" in client.get("/consents/").content.decode()


def test_a_consent_is_created_and_its_wording_changed(admin: Client) -> None:
    given = {"key": "sms", "name_en": "Texts", "name_pl": "SMS", "channel": "sms"}
    assert admin.post("/consents/new/", given).status_code == 302
    consent = Consent.objects.get()
    here = f"/consents/{consent.pk}/edit/"
    assert admin.get(here).status_code == 200
    texts = {"text_en": "Texts", "text_pl": "SMS"}
    assert admin.post(here, {**given, **texts, "name_en": "Text messages"}).status_code == 302
    assert Consent.objects.get().wording_version == 1, "another name is no other wording"
    assert admin.post(here, {**given, **texts, "text_en": "I want texts"}).status_code == 302
    assert Consent.objects.get().wording_version == 2


def test_a_bad_consent_is_refused_at_its_field(admin: Client) -> None:
    factories.consent("sms")
    page = admin.post("/consents/new/", {"key": "sms", "name_en": "x", "name_pl": "y", "channel": "sms"})
    assert page.status_code == 422
    assert page.context["form"].errors == {"key": ["Another consent has this key."]}
    page = admin.post("/consents/new/", {"key": "new", "name_en": "x", "name_pl": "", "channel": "pigeon"})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"name_pl", "channel"}
