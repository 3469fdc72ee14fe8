"""Consents: two who edit one, sources that can't be seen, what an undone withdrawal leaves."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from contacts import services
from contacts.models import Consent, ConsentState, ConsentWording, ContactConsent
from tests import factories
from tests.factories import NOW
from tests.support.audiences import make_contacts
from tests.test_actions_undo import undo, with_consent

pytestmark = pytest.mark.django_db
NAMES = {"name_en": "Texts", "name_pl": "SMS-y", "channel": "sms"}
WORDS = {"text_en": "I want texts", "text_pl": "Chcę SMS-y"}


@pytest.fixture
def sms() -> Consent:
    return services.create_consent(key="sms", **NAMES, **WORDS, now=NOW)


def opened(client: Client, url: str) -> dict[str, Any]:
    form = client.get(url).context["form"]
    return {name: form[name].value() for name in form.fields}


def test_a_form_opened_before_anothers_edit_shows_both_and_saves_only_when_sent_again(
    client_for: Any, administrator: Any, sms: Consent
) -> None:
    client, url = client_for(administrator), reverse("contacts:consent_edit", args=[sms.pk])
    mine, theirs = opened(client, url), opened(client, url)
    assert client.post(url, theirs | {"text_en": "Theirs", "channel": "email"}).status_code == 302
    answer = client.post(url, mine | {"text_en": "Mine"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in page
    assert "Mine" in page
    assert ConsentWording.objects.get(version=2).text_en == "Theirs"
    assert not ConsentWording.objects.filter(text_en="Mine").exists()
    again = {name: answer.context["form"][name].value() for name in answer.context["form"].fields}
    assert client.post(url, again).status_code == 302
    assert ConsentWording.objects.get(version=3).text_en == "Mine"


def test_a_form_that_is_alone_is_saved(client_for: Any, administrator: Any, sms: Consent) -> None:
    client, url = client_for(administrator), reverse("contacts:consent_edit", args=[sms.pk])
    assert client.post(url, opened(client, url) | {"name_en": "Text messages"}).status_code == 302
    assert Consent.objects.get().name_en == "Text messages"


@pytest.mark.parametrize("sign", ["\u200b", "\u2060", "\u00ad", "\u3164", "\u2800", "\ufeff", "\u202e"])
def test_what_cannot_be_seen_is_no_source_and_no_wording(sms: Consent, sign: str) -> None:
    person = factories.contact()
    with pytest.raises(ValidationError) as refused:
        services.set_consent(person, sms, "given", now=NOW, source=f" {sign}{sign} ", by="x")
    assert set(refused.value.error_dict) == {"source"}
    with pytest.raises(ValidationError) as refused:
        services.edit_consent(sms, **NAMES, text_en=sign, text_pl="Chcę")
    assert set(refused.value.error_dict) == {"text_en"}
    services.set_consent(person, sms, "given", now=NOW, source=f"fo{sign}rm", by="x")
    assert ContactConsent.objects.get().source == "form"


def test_undoing_a_withdrawal_restores_the_answer_also_of_a_consent_retired_since() -> None:
    people, consent = make_contacts(1), factories.consent()
    [person] = people
    services.set_consent([person], consent, "given", now=NOW - timedelta(days=9), source="form", by="x")
    run = with_consent(people, "remove_consent", consent)
    services.retire_consent(consent, now=NOW)
    undo(run)
    answer = ContactConsent.objects.get()
    assert (answer.state, answer.source) == (ConsentState.GIVEN, "form")
