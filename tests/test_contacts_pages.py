"""Pages of one contact, and the contact in the find box."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from contacts import manager
from contacts.manager import Belonging, Panel
from contacts.models import Consent, Contact, ContactConsent, HistoryEntry
from contacts.services import create_contact, update_contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


def addresses(contact: Contact, consent: Consent) -> dict[str, str]:
    here = f"/contacts/{contact.pk}/"
    return {
        "page": here,
        "edit": f"{here}edit/",
        "delete": f"{here}delete/",
        "answer": f"{here}consents/{consent.pk}/",
    }


def posted(contact: Contact, **changes: Any) -> dict[str, Any]:
    """The edit form as it was shown, with changes."""
    shown = {
        "email": contact.email or "",
        "phone": contact.phone or "",
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "external_id": contact.external_id or "",
        "status": contact.status,
        "lead_score": contact.lead_score,
        "source": contact.source,
        "seen": contact.updated_at.isoformat(),
    }
    return shown | changes


def test_the_page_shows_every_field_in_the_accounts_zone_and_the_readers_language(
    client: Client, marketer: Any
) -> None:
    for key, type_, options in [
        ("city", "text", []),
        ("spend", "number", []),
        ("vip", "boolean", []),
        ("birthday", "date", []),
        ("last_visit", "datetime", []),
        ("interests", "choices", ["sport", "kino"]),
        ("empty", "text", []),
    ]:
        factories.attribute(key, type_, options=options)
    values = {
        "city": "<Łódź>",
        "spend": 1234.5,
        "vip": True,
        "birthday": "1980-05-03",
        "last_visit": "2026-07-01T12:30:00+00:00",
        "interests": ["kino", "sport"],
    }
    contact = factories.contact(
        first_name="Żaneta", last_name="Łęcka", email="z@x.pl", phone="+48600100200", attributes=values
    )
    text = client.get(f"/contacts/{contact.pk}/").content.decode()
    for shown in [
        "Żaneta Łęcka",
        f"id {contact.pk}",
        "z@x.pl",
        "+48600100200",
        "Subscribed",
        "&lt;Łódź&gt;",
        "1,234.5",
        "3 May 1980",
        "1 Jul 2026, 14:30",
        "kino, sport",
    ]:
        assert shown in text
    marketer.language = "pl"
    marketer.save()
    text = client.get(f"/contacts/{contact.pk}/").content.decode()
    assert "1\u00a0234,5" in text


@pytest.mark.parametrize("name", ["page", "edit", "delete", "answer"])
def test_a_contact_of_another_account_does_not_exist(client: Client, other_account: Any, name: str) -> None:
    consent = factories.consent()
    with tenant_context(other_account):
        theirs = factories.contact()
    Contact.objects.filter(pk=theirs.pk).delete()
    address = addresses(theirs, consent)[name]
    if name != "answer":
        assert client.get(address).status_code == 404
    if name != "page":
        assert client.post(address, {"source": "x", "state": "given"}).status_code == 404
    with tenant_context(other_account):
        assert Contact.objects.filter(pk=theirs.pk).exists()


def test_an_id_beyond_the_column_is_404(client: Client) -> None:
    assert client.get("/contacts/99999999999999999999/").status_code == 404


@pytest.mark.parametrize("name", ["edit", "delete", "answer"])
def test_an_analyst_changes_nothing(client_for: Callable, analyst: Any, name: str) -> None:
    contact, consent = factories.contact(), factories.consent()
    browser = client_for(analyst)
    here = addresses(contact, consent)
    page = browser.get(here["page"])
    assert page.status_code == 200
    assert here["edit"] not in page.content.decode()
    assert browser.post(here[name], {"source": "x", "state": "given"}).status_code == 403
    assert browser.post("/contacts/new/", {"email": "a@x.pl"}).status_code == 403
    assert Contact.objects.count() == 1


def test_creating_leads_to_the_contact(client: Client, marketer: Any) -> None:
    factories.attribute("spend", "number")
    factories.attribute("interests", "choices", options=["sport", "kino"])
    given = {
        "email": " A@X.PL ",
        "status": "pending",
        "lead_score": "3",
        "attribute-spend": "12,5",
        "attribute-interests": ["sport", "kino"],
    }
    response = client.post("/contacts/new/", given)
    contact = Contact.objects.get()
    assert response["Location"] == f"/contacts/{contact.pk}/"
    assert (contact.email, contact.status, contact.attributes) == (
        "a@x.pl",
        "pending",
        {"spend": 12.5, "interests": ["kino", "sport"]},
    )
    entry = HistoryEntry.objects.get()
    assert (entry.by, entry.user) == (str(marketer), marketer)


def test_a_bad_form_comes_back_with_errors_at_the_fields(client: Client) -> None:
    factories.attribute("spend", "number")
    factories.attribute("birthday", "date")
    factories.contact(email="taken@x.pl")
    bad = {
        "email": "taken@x.pl",
        "status": "subscribed",
        "lead_score": "x",
        "attribute-spend": "much",
        "attribute-birthday": "2026-02-30",
        "phone": "12",
    }
    page = client.post("/contacts/new/", bad)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"lead_score", "phone", "attribute-spend", "attribute-birthday"}
    assert 'value="much"' in page.content.decode(), "what was typed is not lost"
    page = client.post("/contacts/new/", {"email": "taken@x.pl", "status": "subscribed"})
    assert page.status_code == 422
    assert page.context["form"].errors == {"email": ["Another contact has this e-mail address."]}


def test_editing_changes_only_what_was_changed(client: Client) -> None:
    """The second 02:30 of an October night survives a form that shows the wall clock."""
    factories.attribute("last_visit", "datetime")
    factories.attribute("spend", "number")
    values = {"last_visit": "2026-10-25T01:30:15+00:00", "spend": 0.0000001}
    contact = factories.contact(first_name="Old", attributes=values)
    form = client.get(f"/contacts/{contact.pk}/edit/").context["form"]
    shown = {f"attribute-{key}": form[f"attribute-{key}"].value() for key in values}
    assert shown == {"attribute-last_visit": "2026-10-25T02:30:15", "attribute-spend": "0.0000001"}
    response = client.post(f"/contacts/{contact.pk}/edit/", posted(contact, first_name="New", **shown))
    assert response.status_code == 302
    contact.refresh_from_db()
    assert (contact.first_name, contact.attributes) == ("New", values)
    assert HistoryEntry.objects.get().detail["fields"] == {"first_name": ["Old", "New"]}


@pytest.mark.parametrize("seen", ["", "yesterday", None])
def test_an_edit_based_on_an_older_state_is_refused_and_says_so(client: Client, seen: str | None) -> None:
    contact = factories.contact(first_name="Old")
    stale = posted(contact, first_name="Mine")
    update_contact(contact, fields={"first_name": "Theirs"}, now=NOW + timedelta(hours=1), by="x")
    page = client.post(f"/contacts/{contact.pk}/edit/", stale if seen is None else stale | {"seen": seen})
    assert page.status_code == 409
    assert "Somebody else changed this contact" in page.content.decode()
    contact.refresh_from_db()
    assert contact.first_name == "Theirs"


def test_deleting_asks_first_and_says_what_goes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = create_contact(fields={"email": "a@x.pl"}, now=NOW, by="x")
    factories.answer(contact, factories.consent())
    monkeypatch.setattr(
        manager, "belongings", [lambda _request, _contact: [Belonging("tags", 3), Belonging("none", 0)]]
    )
    question = client.get(f"/contacts/{contact.pk}/delete/", headers=HTMX)
    assert "<html" not in question.content.decode()
    assert "Answers to consents" in question.content.decode()
    full = client.get(f"/contacts/{contact.pk}/delete/")
    assert full.content.decode().count("<h1") == 1
    assert [(b.label, b.count) for b in full.context["belongings"]] == [
        ("tags", 3),
        ("History entries", 1),
        ("Answers to consents", 1),
    ]
    assert client.post(f"/contacts/{contact.pk}/delete/").status_code == 422
    assert Contact.objects.exists()
    assert client.post(f"/contacts/{contact.pk}/delete/", {"sure": "yes"})["Location"] == "/contacts/"
    assert not Contact.objects.exists()


def test_answers_to_consents_are_recorded_with_their_source(client: Client) -> None:
    contact, consent = factories.contact(), factories.consent()
    here = addresses(contact, consent)["answer"]
    assert client.post(here, {"state": "given", "source": "a call"}).status_code == 302
    assert ContactConsent.objects.get().source == "a call"
    assert client.post(here, {"state": "withdrawn", "source": "a letter"}).status_code == 302
    text = client.get(f"/contacts/{contact.pk}/").content.decode()
    assert f"Consent “{consent.name_en}” withdrawn: a letter" in text
    assert f"Consent “{consent.name_en}” given: a call, wording version 1" in text


@pytest.mark.parametrize(
    "bad",
    [
        {"state": "given", "source": " "},
        {"state": "maybe", "source": "x"},
        {"source": "x"},
        {"state": "given", "source": "x" * 121},
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(client: Client, bad: dict[str, str]) -> None:
    contact, consent = factories.contact(), factories.consent()
    page = client.post(addresses(contact, consent)["answer"], bad)
    assert page.status_code == 422
    assert "<details open>" in page.content.decode()
    assert not ContactConsent.objects.exists()


def test_an_unknown_consent_is_404(client: Client) -> None:
    contact = factories.contact()
    assert client.post(f"/contacts/{contact.pk}/consents/999999/", {"state": "given", "source": "x"}).status_code == 404


def test_history_reads_as_sentences_newest_first_in_pages(client: Client, marketer: Any) -> None:
    factories.attribute("city")
    contact = create_contact(fields={"first_name": "A"}, attributes={"city": "Łódź"}, now=NOW, by="Ann")
    for number in range(25):
        HistoryEntry.objects.create(
            contact=contact, at=NOW + timedelta(minutes=number), kind="tag_added", label=f"T{number}", by="import"
        )
    first = client.get(f"/contacts/{contact.pk}/")
    assert [line.sentence for line in first.context["lines"]][:2] == ["Tag “T24” added", "Tag “T23” added"]
    second = client.get(f"/contacts/{contact.pk}/?page=2", headers=HTMX)
    assert "<html" not in second.content.decode()
    assert "Contact created" in second.content.decode()
    last = client.get(f"/contacts/{contact.pk}/?page=2").context["lines"][-1]
    assert (last.sentence, last.by) == ("Contact created", "Ann")
    assert [(change.label, change.old, change.new) for change in last.changes] == [
        ("First name", "", "A"),
        ("Subscription status", "", "Subscribed"),
        ("Lead score", "", "0"),
        ("City", "", "Łódź"),
    ]


def test_queries_do_not_grow_with_history_and_attributes(client: Client) -> None:
    contact = factories.contact()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/contacts/{contact.pk}/").status_code == 200
        return len(captured)

    factories.attribute("a0")
    factories.answer(contact, factories.consent("c0"))
    HistoryEntry.objects.create(contact=contact, at=NOW, kind="changed", detail={"fields": {"phone": [None, "1"]}})
    few = queries()
    for number in range(1, 8):
        factories.attribute(f"a{number}")
        factories.answer(contact, factories.consent(f"c{number}"))
        HistoryEntry.objects.create(contact=contact, at=NOW, kind="changed", detail={"fields": {"phone": [None, "1"]}})
    assert queries() == few


def test_apps_above_add_panels(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "panels", {})
    contact = factories.contact()
    manager.register_panel(
        Panel(
            name="belongings",
            template="contacts/delete.html",
            context=lambda _request, person: {"belongings": [Belonging(f"things of {person.pk}", 7)]},
        )
    )
    assert f"things of {contact.pk}" in client.get(f"/contacts/{contact.pk}/").content.decode()


@pytest.mark.parametrize("typed", ["-9999999999", "2147483648", "a lot", "1.5"])
def test_a_lead_score_that_does_not_fit_is_refused_with_the_range(client: Client, typed: str) -> None:
    page = client.post("/contacts/new/", {"status": "subscribed", "lead_score": typed})
    assert page.status_code == 422
    assert page.context["form"].errors == {
        "lead_score": ["The lead score is a whole number from −2,147,483,648 to 2,147,483,647."]
    }


def test_a_contacts_page_says_of_which_change_it_speaks(client: Client) -> None:
    person = factories.contact()
    assert "<dt>Details changed</dt>" in client.get(f"/contacts/{person.pk}/").content.decode()


def test_the_find_box_finds_contacts(client: Client) -> None:
    contact = factories.contact(first_name="Żaneta", last_name="Łęcka")
    text = client.get("/find", {"q": "lecka"}).content.decode()
    assert f"/contacts/{contact.pk}/" in text
    assert "Żaneta Łęcka" in text


def test_the_find_box_counts_exactly_what_the_manager_lists(client: Client) -> None:
    for _number in range(13):
        factories.contact(first_name="Ala", last_name="Markowska")
    text = client.get("/find", {"q": "Ala M"}).content.decode()
    assert '<span class="faint num">13</span>' in text
    assert '<a href="/contacts/?q=Ala+M">and 3 more</a>' in text
    assert '<b class="num">13 contacts</b>' in client.get("/contacts/?q=Ala+M").content.decode()
