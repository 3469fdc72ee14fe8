"""Consents: definitions, answers, history (IC7)."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts.models import ConsentState, ContactConsent, EntryKind, HistoryEntry
from contacts.services import create_consent, edit_consent, set_consent
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
GIVEN, WITHDRAWN = ConsentState.GIVEN, ConsentState.WITHDRAWN
LATER = NOW + timedelta(days=1)


def test_giving_keeps_time_source_and_wording(marketer) -> None:
    contact, consent = factories.contact(), factories.consent(wording_version=3)
    changed = set_consent(contact, consent, GIVEN, now=NOW, source=" a call ", by="Ann", user=marketer, action_run_id=7)
    assert changed == BitMap([contact.pk])
    answer = ContactConsent.objects.get()
    assert (answer.state, answer.changed_at, answer.source, answer.wording_version) == (GIVEN, NOW, "a call", 3)
    entry = HistoryEntry.objects.get()
    assert (entry.kind, entry.at, entry.by, entry.user, entry.action_run_id) == (
        EntryKind.CONSENT_GIVEN,
        NOW,
        "Ann",
        marketer,
        7,
    )
    assert (entry.label, entry.detail) == (
        consent.name_en,
        {"consent": "newsletter", "pl": consent.name_pl, "source": "a call", "wording_version": 3},
    )


def test_every_change_is_kept_and_no_change_writes_nothing() -> None:
    contact, consent = factories.contact(), factories.consent()
    states = [GIVEN, GIVEN, WITHDRAWN, WITHDRAWN, GIVEN]
    changed = [bool(set_consent(contact, consent, state, now=NOW, source="x", by="x")) for state in states]
    assert changed == [True, False, True, False, True]
    kinds = HistoryEntry.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["consent_given", "consent_withdrawn", "consent_given"]


def test_a_consent_that_was_never_given_can_be_withdrawn() -> None:
    contact, consent = factories.contact(), factories.consent()
    assert set_consent(contact, consent, WITHDRAWN, now=NOW, source="letter", by="x")
    assert ContactConsent.objects.get().state == WITHDRAWN


def test_giving_anew_under_a_newer_wording_is_a_change() -> None:
    contact, consent = factories.contact(), factories.consent()
    set_consent(contact, consent, GIVEN, now=NOW, source="x", by="x")
    consent = edit_consent(consent, name_en="New", name_pl="Nowa", channel="email", new_wording=True)
    assert set_consent(contact, consent, GIVEN, now=LATER, source="x", by="x")
    assert ContactConsent.objects.get().wording_version == 2


def test_a_set_is_answered_in_one_statement_with_those_really_changed() -> None:
    consent = factories.consent()
    contacts = [factories.contact() for _ in range(6)]
    factories.answer(contacts[0], consent, GIVEN)
    factories.answer(contacts[1], consent, WITHDRAWN)
    asked = BitMap([*(contact.pk for contact in contacts[:5]), 2_000_000_000])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        changed = set_consent(asked, consent, GIVEN, now=NOW, source="import", by="x")
    assert len(queries) == 3  # the definition as it stands, and a look whether an action wrote this consent before
    assert changed == BitMap(contact.pk for contact in contacts[1:5]), "not who had it, nor who is gone"
    assert HistoryEntry.objects.count() == 4


def test_nobody_is_nobody() -> None:
    assert set_consent(BitMap(), factories.consent(), GIVEN, now=NOW, source="x", by="x") == BitMap()


@pytest.mark.parametrize("source", ["", "  "])
def test_an_answer_without_a_source_is_refused(source: str) -> None:
    contact, consent = factories.contact(), factories.consent()
    with pytest.raises(ValidationError):
        set_consent(contact, consent, GIVEN, now=NOW, source=source, by="x")


def test_an_unknown_state_is_refused() -> None:
    contact, consent = factories.contact(), factories.consent()
    with pytest.raises(ValueError, match="unknown"):
        set_consent(contact, consent, "unknown", now=NOW, source="x", by="x")


def test_a_key_is_taken_once() -> None:
    create_consent(key="sms", name_en="Texts", name_pl="SMS", channel="sms")
    with pytest.raises(ValidationError) as refused:
        create_consent(key="sms", name_en="Texts", name_pl="SMS", channel="sms")
    assert list(refused.value.error_dict) == ["key"]


def test_a_definition_needs_both_wordings_and_a_channel() -> None:
    with pytest.raises(ValidationError) as refused:
        create_consent(key="Sms", name_en=" ", name_pl="", channel="pigeon")
    assert set(refused.value.error_dict) == {"key", "name_en", "name_pl", "channel"}
