"""Contacts in bulk: what is found, made, changed, passed over and refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contacts.models import Contact, ContactConsent, EntryKind, HistoryEntry
from contacts.services.batches import BatchRefusedError, Outcome, record_contacts
from contacts.services.contacts import create_contact
from tags.models import ContactCategory, ContactTag, Tag
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def record(account):
    def recorded(*items: Any, **given: Any) -> list[Outcome]:
        return record_contacts(items, **{"account": account, "now": NOW, "by": "Shop", **given})

    return recorded


def codes(outcome: Outcome) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in outcome.errors]


def test_an_item_makes_a_contact_with_everything_that_it_says(record, marketer) -> None:
    factories.attribute("city")
    factories.consent("newsletter")
    factories.category("klient/media")
    [made] = record(
        {
            "email": " Ala@Example.com ",
            "external_id": "X1",
            "first_name": "Ala",
            "attributes": {"city": "Łódź"},
            "tags": ["vip, new"],
            "categories": ["klient/media"],
            "consents": {"newsletter": {"state": "given", "source": "the till"}},
        },
        user=marketer,
    )
    person = Contact.objects.get()
    assert made == Outcome("created", person.pk)
    assert (person.email, person.external_id, person.attributes) == ("ala@example.com", "X1", {"city": "Łódź"})
    assert set(Tag.objects.values_list("name", flat=True)) == {"VIP", "NEW"}
    assert ContactTag.objects.count() == 2
    assert ContactCategory.objects.get().category.slug_path == "klient/media"
    answer = ContactConsent.objects.get()
    assert (answer.state, answer.source, answer.changed_at) == ("given", "the till", NOW)
    kinds = [(entry.kind, entry.by, entry.user_id) for entry in HistoryEntry.objects.order_by("id")]
    assert kinds == [
        (kind, "Shop", marketer.pk) for kind in (EntryKind.CREATED, EntryKind.CATEGORY_ADDED, EntryKind.CONSENT_GIVEN)
    ]


def test_the_same_again_changes_nothing(record) -> None:
    item = {"email": "a@example.com", "lead_score": 3, "tags": ["vip"]}
    [made] = record(item)
    assert record(item, now=LATER) == [Outcome("unchanged", made.contact_id)]
    assert HistoryEntry.objects.count() == 1
    assert Contact.objects.get().updated_at == NOW


def test_a_contact_is_changed_under_any_of_its_names(record) -> None:
    person = create_contact(fields={"email": "a@example.com", "external_id": "X1"}, now=NOW, by="t")
    for name in ({"id": person.pk}, {"external_id": "X1"}, {"email": "A@example.com"}):
        [changed] = record({**name, "first_name": f"By {next(iter(name))}"}, now=LATER)
        assert changed == Outcome("updated", person.pk)
    person.refresh_from_db()
    assert person.first_name == "By email"
    assert person.updated_at > LATER  # three times within one instant
    assert HistoryEntry.objects.filter(kind=EntryKind.CHANGED).count() == 3


def test_wrong_items_are_left_out_and_say_what_is_wrong(record) -> None:
    factories.attribute("size", "number")
    outcomes = record(
        {"email": "nobody"},
        {"email": "a@example.com"},
        {"email": "b@example.com", "attributes": {"size": "big", "no": 1}, "nickname": "B"},
        7,
        {"lead_score": 4},
        {"id": 99, "first_name": "A"},
        {"id": "x"},
        {"email": "c@example.com", "tags": ["!"], "categories": ["none"], "consents": {"none": {}}},
    )
    assert [each.status for each in outcomes] == ["rejected", "created", *["rejected"] * 6]
    assert [codes(each) for each in outcomes] == [
        [("email", "invalid_email")],
        [],
        [("attributes.size", "not_number"), ("attributes.no", "unknown"), ("nickname", "unknown")],
        [("", "not_object")],
        [("", "nobody")],
        [("id", "no_contact")],
        [("id", "not_integer")],
        [("tags", "no_letters"), ("categories", "no_category"), ("consents.none", "unknown")],
    ]
    assert not Tag.objects.exists()


def test_all_or_none_writes_none(record) -> None:
    with pytest.raises(BatchRefusedError) as refused:
        record({"email": "a@example.com"}, {"email": "b"}, whole=True)
    assert [each.status for each in refused.value.outcomes] == ["created", "rejected"]
    assert not Contact.objects.exists()


def test_whoever_keeps_a_copy_is_told_how_many_were_written(record, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def tell(rows: int, *, now: datetime) -> None:
        told.append(rows)

    monkeypatch.setattr("contacts.hooks.written", [tell])
    record({"email": "a@example.com"}, {"email": "b@example.com"}, {"email": "b@example.com"}, {"email": "no"})
    assert told == [2]
