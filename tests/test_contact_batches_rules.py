"""Contacts in bulk: modes, names, empty values, answers with times, and who sees some contacts only."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from contacts.merging import merge_contacts
from contacts.models import Contact, ContactAlias, ContactConsent, EntryKind, HistoryEntry
from contacts.services import create_contact, edit_consent, retire_consent, set_consent
from contacts.services.batches import MOST_ITEMS, Outcome, record_contacts
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
EARLIER = NOW - timedelta(days=30)


@pytest.fixture
def record(account: Any) -> Any:
    def recorded(*items: Any, **given: Any) -> list[Outcome]:
        return record_contacts(items, **{"account": account, "now": LATER, "by": "Shop", **given})

    return recorded


def told(outcome: Outcome) -> tuple[str, list[tuple[str, str]]]:
    return outcome.status, [(error.field, error.code) for error in outcome.errors]


# --- modes and names ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "there", "new"),
    [
        ("create", ("skipped", [("", "exists")]), ("created", [])),
        ("update", ("updated", []), ("skipped", [("", "no_contact")])),
        ("both", ("updated", []), ("created", [])),
    ],
)
def test_a_mode_passes_over_what_is_not_for_it(record: Any, mode: str, there: Any, new: Any) -> None:
    factories.contact(email="a@x.pl")
    outcomes = record({"email": "a@x.pl", "first_name": "A"}, {"email": "b@x.pl"}, mode=mode)
    assert [told(each) for each in outcomes] == [there, new]


def test_names_of_two_contacts_are_a_conflict(record: Any) -> None:
    one, two = factories.contact(email="a@x.pl", external_id="1"), factories.contact(email="b@x.pl", external_id="2")
    outcomes = record(
        {"external_id": "1", "email": "b@x.pl"},
        {"id": two.pk, "external_id": "1"},
        {"external_id": "3", "email": "a@x.pl"},  # whoever bears "a" is called otherwise
        {"external_id": "1", "email": "new@x.pl"},
    )
    assert [told(each) for each in outcomes] == [
        ("rejected", [("email", "conflict")]),
        ("rejected", [("external_id", "conflict")]),
        ("rejected", [("external_id", "conflict")]),
        ("updated", []),
    ]
    one.refresh_from_db()
    assert one.email == "new@x.pl"


def test_a_name_that_contacts_are_not_found_by_may_be_taken(record: Any) -> None:
    factories.contact(email="a@x.pl", external_id="1")
    [outcome] = record({"external_id": "2", "email": "a@x.pl"}, match=["external_id"])
    assert told(outcome) == ("rejected", [("email", "taken")])


def test_names_change_hands_within_a_batch(record: Any) -> None:
    one, two = factories.contact(email="a@x.pl", external_id="1"), factories.contact(email="b@x.pl", external_id="2")
    items = [
        {"external_id": "1", "email": "c@x.pl"},
        {"external_id": "2", "email": "a@x.pl"},
        {"external_id": "3", "email": "b@x.pl"},
        {"email": "b@x.pl", "first_name": "Third"},
    ]
    statuses = [each.status for each in record(*items)]
    assert statuses == ["updated", "updated", "created", "updated"]
    assert dict(Contact.objects.values_list("email", "external_id")) == {"c@x.pl": "1", "a@x.pl": "2", "b@x.pl": "3"}
    assert Contact.objects.get(email="b@x.pl").first_name == "Third"
    assert {one.pk, two.pk} < set(Contact.objects.values_list("pk", flat=True))


def test_a_former_name_finds_the_contact_and_stays_a_former_one(record: Any) -> None:
    kept, other = factories.contact(email="a@x.pl"), factories.contact(email="b@x.pl", external_id="2")
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={"email": kept.pk}, now=NOW, by="t")
    outcomes = record({"email": "b@x.pl", "first_name": "B"}, {"id": other.pk, "last_name": "K"})
    assert [(each.status, each.contact_id) for each in outcomes] == [("updated", kept.pk)] * 2
    assert Contact.objects.get().email == "a@x.pl"
    [borne] = record({"id": kept.pk, "email": "b@x.pl"}, match=["id"])  # said of the contact itself
    assert (borne.status, Contact.objects.get().email) == ("updated", "b@x.pl")
    assert not ContactAlias.objects.filter(kind="email", value="b@x.pl").exists()


@pytest.mark.parametrize(
    ("empty", "left"), [("keep", ("Ala", "600100200", {"city": "Łódź"})), ("clear", ("", None, {}))]
)
def test_empty_values_keep_or_clear(record: Any, empty: Any, left: tuple[Any, ...]) -> None:
    factories.attribute("city")
    factories.contact(email="a@x.pl", first_name="Ala", phone="600100200", attributes={"city": "Łódź"})
    item = {"email": "a@x.pl", "first_name": " ", "phone": None, "status": "", "attributes": {"city": ""}, "tags": None}
    record({**item, "consents": {"newsletter": ""}}, empty=empty)
    person = Contact.objects.get()
    assert (person.first_name, person.phone, person.attributes) == left


def test_values_are_read_as_people_write_them_if_that_is_said(record: Any) -> None:
    factories.attribute("since", "date")
    item = {"email": "a@x.pl", "attributes": {"since": "21.11.2026"}}
    assert told(record(item)[0]) == ("rejected", [("attributes.since", "not_date")])
    assert told(record(item, localized=True)[0]) == ("created", [])


def test_too_many_at_once_are_refused(record: Any) -> None:
    with pytest.raises(ValidationError):
        record(*[{}] * (MOST_ITEMS + 1))


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "x",
        {"email": ["a@x.pl"]},
        {"email": "a\x00@x.pl"},
        {"id": 2**70},
        {"id": True},
        {"id": "9" * 5000},
        {"first_name": "\ud800"},
        {"attributes": [1], "email": "a@x.pl"},
        {"tags": {"a": 1}, "email": "a@x.pl"},
        {"categories": [["klient"]], "email": "a@x.pl"},
        {"consents": "yes", "email": "a@x.pl"},
        {"consents": {"newsletter": {"state": ["given"], "source": "x"}}, "email": "a@x.pl"},
        {"consents": {"newsletter": {"state": "given", "source": "x", "at": "9999-99-99"}}, "email": "a@x.pl"},
        {"consents": {"newsletter": {"state": "given", "source": {}}}, "email": "a@x.pl"},
        {7: 8, "email": "a@x.pl"},
        {"email": "a@x.pl", "lead_score": 10**400},
    ],
)
def test_no_item_does_more_than_be_rejected(record: Any, item: Any) -> None:
    factories.consent()
    assert [each.status for each in record(item, {"email": "b@x.pl"})] == ["rejected", "created"]


# --- answers -----------------------------------------------------------------------------------------------------
def given(at: datetime | None = None, state: str = "given") -> dict[str, Any]:
    answer = {"state": state, "source": "a letter"}
    return {"email": "a@x.pl", "consents": {"newsletter": answer | ({"at": at.isoformat()} if at else {})}}


def test_an_answer_of_earlier_gives_way_to_a_later_one(record: Any) -> None:
    person, consent = factories.contact(email="a@x.pl"), factories.consent()
    set_consent(person, consent, "withdrawn", now=NOW, source="a call", by="t")
    assert record(given(EARLIER))[0].status == "unchanged"
    assert record(given(NOW + timedelta(minutes=1)))[0].status == "updated"
    answer = ContactConsent.objects.get()
    assert (answer.state, answer.changed_at) == ("given", NOW + timedelta(minutes=1))
    assert HistoryEntry.objects.filter(kind=EntryKind.CONSENT_GIVEN).get().at == NOW + timedelta(minutes=1)


def test_who_gives_again_at_a_later_time_has_agreed_anew(record: Any) -> None:
    person, consent = factories.contact(email="a@x.pl"), factories.consent()
    set_consent(person, consent, "given", now=NOW, source="a form", by="t")
    for same in (given(), given(EARLIER), given(NOW)):  # a copy of what stands; said before; said then
        assert record(same)[0].status == "unchanged"
    later = NOW + timedelta(minutes=1)
    assert [record(given(later))[0].status for _twice in range(2)] == ["updated", "unchanged"]
    answer = ContactConsent.objects.get()
    assert (answer.state, answer.changed_at, answer.source) == ("given", later, "a letter")
    entries = HistoryEntry.objects.filter(kind=EntryKind.CONSENT_GIVEN).order_by("at")
    assert [(each.at, each.detail["source"]) for each in entries] == [(NOW, "a form"), (later, "a letter")]


def test_who_withdraws_again_withdrew_the_first_time(record: Any) -> None:
    person, consent = factories.contact(email="a@x.pl"), factories.consent()
    set_consent(person, consent, "withdrawn", now=NOW, source="a call", by="t")
    assert record(given(NOW + timedelta(minutes=1), "withdrawn"))[0].status == "unchanged"
    assert ContactConsent.objects.get().changed_at == NOW


def test_an_answer_is_to_the_wording_of_its_time(record: Any) -> None:
    from contacts.services import create_consent

    texts = {"name_en": "News", "name_pl": "Wieści", "channel": "email"}
    made = create_consent(key="newsletter", **texts, now=EARLIER)
    edit_consent(made, **texts, text_en="New", text_pl="Nowe", now=NOW)
    record(given(EARLIER + timedelta(days=1)))
    assert ContactConsent.objects.get().wording_version == 1
    record(given())
    assert ContactConsent.objects.get().wording_version == 2


@pytest.mark.parametrize(("at", "code"), [(datetime(2030, 1, 1, tzinfo=UTC), "future"), (None, "retired")])
def test_answers_to_come_and_to_what_is_retired_are_refused(record: Any, at: datetime | None, code: str) -> None:
    consent = factories.consent()
    if at is None:
        retire_consent(consent, now=NOW)
    assert told(record(given(at))[0]) == ("rejected", [("consents.newsletter", code)])


# --- who sees some contacts only ---------------------------------------------------------------------------------
@pytest.fixture
def restricted(marketer: Any) -> Any:
    mine = factories.category("klient")
    factories.category("other")
    factories.permission_group("Clients", users=[marketer], categories=[mine])
    return marketer


def test_contacts_out_of_sight_answer_as_if_there_were_none(record: Any, restricted: Any) -> None:
    hidden = factories.contact(email="hidden@x.pl", external_id="H")
    before = Contact.objects.values().get()
    outcomes = record(
        {"id": hidden.pk, "first_name": "X"},
        {"email": "hidden@x.pl", "first_name": "X", "categories": ["klient"]},
        {"external_id": "H", "first_name": "X"},
        {"id": 2_000_000_000, "first_name": "X"},
        user=restricted,
    )
    assert [told(each) for each in outcomes] == [
        ("rejected", [("id", "no_contact")]),
        ("rejected", [("email", "taken")]),
        ("rejected", [("external_id", "taken")]),
        ("rejected", [("id", "no_contact")]),
    ]
    assert "Another contact" not in outcomes[1].errors[0].message
    assert Contact.objects.values().get() == before
    [passed] = record({"email": "hidden@x.pl"}, user=restricted, mode="update")
    assert told(passed) == ("skipped", [("", "no_contact")])


def test_a_new_contact_of_a_restricted_user_is_in_a_category_they_see(record: Any, restricted: Any) -> None:
    outcomes = record(
        {"email": "a@x.pl"},
        {"email": "b@x.pl", "categories": ["other"]},
        {"email": "c@x.pl", "categories": ["klient"]},
        {"email": "c@x.pl", "first_name": "C"},
        user=restricted,
    )
    assert [told(each) for each in outcomes] == [
        ("rejected", [("categories", "required")]),
        ("rejected", [("categories", "not_allowed")]),
        ("created", []),
        ("updated", []),
    ]


def test_history_says_who_it_was(record: Any, marketer: Any) -> None:
    record({"email": "a@x.pl"}, user=marketer, by="API: Shop")
    entry = HistoryEntry.objects.get()
    assert (entry.by, entry.user, entry.kind) == ("API: Shop", marketer, EntryKind.CREATED)
    assert create_contact(fields={"email": "b@x.pl"}, now=NOW, by="t").pk != entry.contact_id
