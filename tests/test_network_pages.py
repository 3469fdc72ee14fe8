"""The pages of the network signal (ED8): the settings', the contact's card, the list."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts.hooks import uses_of_consent
from contacts.models import Contact
from contacts.services import set_consent
from network import services, showing
from network.models import Elsewhere, Membership, Switch
from pool.models import Participant
from rollout.areas import AREAS
from rollout.services import change
from rollout.settings import Mode, Setting
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = "/network/"


def switched_on(*yes: Contact) -> Membership:
    now = timezone.now()
    services.switch_on(consent=None, now=now - timedelta(days=2), by="Ada")
    Membership.objects.update(given=7, answered_at=now)
    Elsewhere.objects.bulk_create(Elsewhere(contact_id=contact.pk, at=now) for contact in yes)
    return Membership.objects.get()


# --- on and off ------------------------------------------------------------------------------------------------
def test_it_is_off_and_nothing_is_switched_without_saying_that_one_may(administrator: Any, client_for: Any) -> None:
    client = client_for(administrator)
    assert b'action="/network/on/"' in client.get(PAGE).content
    for given in ({}, {"agreed": "on", "consent": "999999999"}, {"agreed": "on", "consent": "1\x00"}):
        answer = client.post("/network/on/", given)
        assert answer.status_code == 422
        assert b'aria-invalid="true"' in answer.content
    assert not Membership.objects.exists()


def test_an_administrator_switches_it_on_for_who_gave_a_consent_and_off_again(
    administrator: Any, client_for: Any
) -> None:
    client, asked = client_for(administrator), factories.consent("network")
    answer = client.post("/network/on/", {"agreed": "on", "consent": asked.pk})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert Membership.objects.get().consent == asked
    assert [use.url for use in uses_of_consent(asked)] == [PAGE]
    assert Participant.objects.filter(account__schema_name="acme").exists()
    client.post("/network/on/", {"agreed": "on"})  # once more, from another window
    assert Membership.objects.get().consent == asked
    asking = client.get("/network/off/", headers={"HX-Request": "true"})
    assert b"<form" in asking.content
    assert b"<html" not in asking.content
    client.post("/network/off/")
    assert not Membership.objects.exists()
    assert client.get("/network/off/")["Location"] == PAGE
    assert [line.on for line in Switch.objects.all()] == [False, True]
    assert {line.by for line in Switch.objects.all()} == {str(administrator)}


def test_the_numbers_of_the_last_exchange_lead_to_their_list(administrator: Any, client_for: Any) -> None:
    switched_on(factories.contact(), factories.contact())
    factories.contact()
    client = client_for(administrator)
    page = client.get(PAGE).content.decode()
    assert '<a href="/contacts/?network=yes">2</a>' in page
    listed = client.get("/contacts/", {"network": "yes"})
    assert listed.context["total"] == 2


def test_before_the_first_answer_the_page_has_no_number_and_says_when_answers_come(
    administrator: Any, client_for: Any
) -> None:
    factories.contact()
    client = client_for(administrator)
    assert "It is off until you switch it on." in client.get(PAGE).content.decode()
    services.switch_on(consent=None, now=timezone.now(), by="Ada")
    page = client.get(PAGE).content.decode()
    assert "It is off until you switch it on." not in page
    assert page.split("Engaged elsewhere</dt>")[1].startswith('<dd class="num"><span class="faint">–</span>')
    assert "With the first exchange after" in page
    Membership.objects.update(next_at=timezone.now() + timedelta(hours=25), given=3)
    assert "With the next exchange" in client.get(PAGE).content.decode()
    Membership.objects.update(given=0)
    assert "With the next exchange" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize("path", [PAGE, "/network/on/", "/network/off/"])
def test_only_administrators_open_it(path: str, marketer: Any, analyst: Any, client_for: Any) -> None:
    for user in (marketer, analyst):
        send = client_for(user).post if path.endswith("on/") else client_for(user).get
        assert send(path).status_code == 403
    assert client_for(analyst).post("/network/off/").status_code == 403


def test_the_page_costs_the_same_whatever_there_is(administrator: Any, client_for: Any) -> None:
    client = client_for(administrator)
    switched_on(factories.contact())
    client.get(PAGE)
    counts = []
    for _each in range(2):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(PAGE)
        counts.append(len(caught))
        people = [factories.contact() for _n in range(20)]
        Elsewhere.objects.bulk_create(Elsewhere(contact_id=contact.pk, at=timezone.now()) for contact in people)
    assert counts[0] == counts[1]


# --- the contact's card, the list ------------------------------------------------------------------------------
def test_the_card_says_yes_or_that_there_is_no_sign_and_whose_data_it_is(user: Any, client_for: Any) -> None:
    yes, no = factories.contact(), factories.contact()
    client = client_for(user)
    assert b'id="network-title"' not in client.get(f"/contacts/{yes.pk}/").content
    switched_on(yes)
    for contact, chip in ((yes, "Engaged elsewhere"), (no, "No sign")):
        page = client.get(f"/contacts/{contact.pk}/").content.decode()
        card = page.split('id="network-title"')[1].split("</section>")[0]
        assert chip in card
        assert "not your own data" in card


@pytest.mark.parametrize("why", ["no address", "too new", "no consent", "a consent given since"])
def test_of_whom_nothing_was_asked_the_card_says_no_more_than_that(why: str, user: Any, client_for: Any) -> None:
    person = factories.contact(**{"email": None} if why == "no address" else {})
    switched_on()
    if why == "too new":
        Contact.objects.update(created_at=timezone.now() - timedelta(hours=23))
    elif why.endswith(("consent", "since")):
        asked = factories.consent("network")
        Membership.objects.update(consent=asked)
        if why.endswith("since"):
            factories.answer(person, asked, at=timezone.now() + timedelta(minutes=1))
    card = client_for(user).get(f"/contacts/{person.pk}/").content.decode().split('id="network-title"')[1]
    card = card.split("</section>")[0]
    assert "There is no answer about this contact" in card
    assert ("it has not given the consent that this takes" in card) == (why == "no consent")
    assert "No sign" not in card


def test_the_card_and_the_list_of_who_withdraws_the_consent_say_so(user: Any, client_for: Any) -> None:
    person, asked, client = factories.contact(), factories.consent("network"), client_for(user)
    factories.answer(person, asked)
    switched_on(person)
    Membership.objects.update(consent=asked)
    assert "Engaged elsewhere" in client.get(f"/contacts/{person.pk}/").content.decode()
    set_consent(person, asked, "withdrawn", now=timezone.now(), source="letter", by="t")
    card = client.get(f"/contacts/{person.pk}/").content.decode().split('id="network-title"')[1].split("</section>")[0]
    assert "Engaged elsewhere" not in card
    assert "it has not given the consent that this takes, or has withdrawn it" in card
    assert client.get("/contacts/", {"network": "yes"}).context["total"] == 0


def test_before_the_first_answer_nothing_is_said_of_anybody(user: Any, client_for: Any) -> None:
    person = factories.contact()
    switched_on()
    Membership.objects.update(answered_at=None)
    client = client_for(user)
    card = client.get(f"/contacts/{person.pk}/").content.decode().split('id="network-title"')[1].split("</section>")[0]
    listed = client.get("/contacts/", {"network": "yes"})
    for told in (card, listed.content.decode()):
        assert "The network has not answered yet." in told
        assert "No sign" not in told
        assert "Every contact was looked at" not in told
    assert listed.status_code == 200


def test_the_list_is_cut_to_what_its_reader_sees(marketer: Any, client_for: Any) -> None:
    mine, outside = factories.contact(), factories.contact()
    media = factories.category("media", mine)
    factories.permission_group("Media", users=[marketer], categories=[media])
    switched_on(mine, outside)
    client = client_for(marketer)
    listed = client.get("/contacts/", {"network": "yes"}).context["rows"]
    assert [row.pk for row in listed.object_list] == [mine.pk]
    assert client.get(f"/contacts/{outside.pk}/").status_code == 404


@pytest.mark.parametrize("value", ["no", "1\x00", "y" * 5000])
def test_an_odd_value_of_the_filter_is_refused_at_it(value: str, user: Any, client_for: Any) -> None:
    switched_on(factories.contact())
    answer = client_for(user).get("/contacts/", {"network": value})
    assert answer.status_code == 422
    assert list(answer.context["search"].form.errors) == ["network"]


def test_where_the_area_is_closed_there_is_no_page_no_mark_and_no_list(administrator: Any, client_for: Any) -> None:
    person = factories.contact()
    switched_on(person)
    change(AREAS[showing.AREA], Setting(Mode.NOBODY), who="ops", now=timezone.now())
    client = client_for(administrator)
    assert client.get(PAGE).status_code == 404
    assert b'id="network-title"' not in client.get(f"/contacts/{person.pk}/").content
    refused = client.get("/contacts/", {"network": "yes"})
    assert refused.status_code == 422
    assert list(refused.context["search"].form.errors) == ["network"]
    assert reverse("network:signal") not in client.get("/").content.decode()


def test_without_a_browser(capsys: Any) -> None:
    factories.consent("network")
    call_command("network", "on", account="acme", consent="network")
    call_command("network", "status", account="acme")
    told = capsys.readouterr().out
    assert "only for: network" in told
    call_command("network", "off", account="acme")
    assert capsys.readouterr().out == "off\n"
    assert not Membership.objects.exists()
