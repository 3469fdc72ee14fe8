"""Creating, changing and deleting contacts and definitions through the services."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from contacts import hooks
from contacts.attributes import clean_attribute
from contacts.hooks import Use
from contacts.models import Attribute, Contact, EntryKind, HistoryEntry
from contacts.services import (
    InUseError,
    LostUpdateError,
    create_attribute,
    create_contact,
    delete_attribute,
    delete_contact,
    edit_attribute,
    set_attributes,
    update_contact,
)
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def errors_of(refused: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return {name: [error.code for error in errors] for name, errors in refused.value.error_dict.items()}


@pytest.mark.parametrize(
    ("field", "raw", "stored"),
    [
        ("email", "  Żaneta.X@Example.COM ".replace("Ż", "Z"), "zaneta.x@example.com"),
        ("email", "a@ŁÓDŹ.example", "a@łódź.example"),
        ("email", "", None),
        ("phone", "+48 (600) 100-200", "+48600100200"),
        ("phone", "0048\u00a0600.100/200", "+48600100200"),
        ("phone", "+44 (0)7911 123456", "+447911123456"),
        ("phone", "0044(0)20-7946 0018", "+442079460018"),
        ("phone", "+39 (0)6 1234 5678", "+390612345678"),
        ("phone", "(0)600 100 200", "0600100200"),
        ("phone", "600 100 200", "600100200"),
        ("phone", " ", None),
        ("external_id", " X-1 ", "X-1"),
        ("external_id", "", None),
        ("first_name", "  Z\u0307aneta\n", "Żaneta"),
        ("lead_score", " 12 ", 12),
        ("lead_score", "", 0),
    ],
)
def test_fields_are_normalised(field: str, raw: str, stored: object) -> None:
    assert getattr(create_contact(fields={field: raw}, now=NOW, by="test"), field) == stored


@pytest.mark.parametrize(
    ("field", "raw", "code"),
    [
        ("email", "nobody", "invalid_email"),
        ("email", "a b@example.com", "invalid_email"),
        ("email", "x" * 250 + "@example.com", "too_long"),
        ("phone", "call me", "invalid_phone"),
        ("phone", "+48 600 100 200 ext 5", "invalid_phone"),
        ("phone", "123", "invalid_phone"),
        ("phone", "+", "invalid_phone"),
        ("phone", "٦٠٠١٠٠٢٠٠", "invalid_phone"),
        ("first_name", "x" * 121, "too_long"),
        ("status", "asleep", "not_status"),
        ("status", "", "not_status"),
        ("lead_score", "1.5", "not_integer"),
        ("lead_score", "9999999999", "not_integer"),
        ("nickname", "x", "unknown"),
        ("id", "5", "unknown"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(field: str, raw: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_contact(fields={field: raw}, now=NOW, by="test")
    assert errors_of(refused) == {field: [code]}
    assert not Contact.objects.exists()


def test_all_errors_come_together() -> None:
    factories.attribute("size", "number")
    with pytest.raises(ValidationError) as refused:
        create_contact(fields={"email": "x", "phone": "y"}, attributes={"size": "z", "no": 1}, now=NOW, by="test")
    assert set(errors_of(refused)) == {"email", "phone", "attributes.size", "attributes.no"}


def test_creating_writes_history_with_what_was_given(marketer) -> None:
    factories.attribute("city")
    fields = {"email": "a@example.com", "lead_score": 3}
    contact = create_contact(fields=fields, attributes={"city": "Łódź"}, now=NOW, by="Ann", user=marketer)
    entry = HistoryEntry.objects.get()
    assert (entry.contact, entry.kind, entry.at, entry.by, entry.user) == (
        contact,
        EntryKind.CREATED,
        NOW,
        "Ann",
        marketer,
    )
    assert entry.detail["fields"] == {
        "email": [None, "a@example.com"],
        "status": [None, "subscribed"],
        "lead_score": [None, 3],
        "attributes.city": [None, "Łódź"],
    }


def test_changing_writes_the_old_and_new_values_of_what_changed() -> None:
    factories.attribute("city")
    factories.attribute("size", "number")
    contact = create_contact(
        fields={"email": "a@example.com", "phone": "600100200"}, attributes={"city": "Łódź"}, now=NOW, by="x"
    )
    update_contact(
        contact,
        fields={"email": " A@example.com", "phone": ""},
        attributes={"city": None, "size": "5"},
        now=LATER,
        by="Ann",
    )
    entry = HistoryEntry.objects.get(kind=EntryKind.CHANGED)
    assert entry.detail["fields"] == {
        "phone": ["600100200", None],
        "attributes.city": ["Łódź", None],
        "attributes.size": [None, 5],
    }
    contact.refresh_from_db()
    assert (contact.phone, contact.attributes, contact.updated_at) == (None, {"size": 5}, LATER)


def test_changing_nothing_writes_nothing() -> None:
    factories.attribute("city")
    contact = create_contact(fields={"email": "a@example.com"}, attributes={"city": "x"}, now=NOW, by="x")
    update_contact(contact, fields={"email": "A@EXAMPLE.com"}, attributes={"city": " x "}, now=LATER, by="x")
    contact.refresh_from_db()
    assert contact.updated_at == NOW
    assert HistoryEntry.objects.count() == 1


def test_attributes_that_are_not_named_stay() -> None:
    factories.attribute("city")
    factories.attribute("size", "number")
    contact = factories.contact(attributes={"city": "x", "size": 1})
    assert set_attributes(contact, {"size": 2}, now=LATER, by="x").attributes == {"city": "x", "size": 2}


def test_what_somebody_changed_meanwhile_is_not_overwritten() -> None:
    contact = factories.contact(first_name="Old")
    seen = contact.updated_at
    update_contact(contact, fields={"first_name": "Theirs"}, now=NOW, by="them", seen=seen)
    with pytest.raises(LostUpdateError):
        update_contact(contact, fields={"first_name": "Mine"}, now=LATER, by="me", seen=seen)
    contact.refresh_from_db()
    assert contact.first_name == "Theirs"


@pytest.mark.parametrize("field", ["email", "external_id"])
def test_an_address_that_is_taken_is_said_at_its_field(field: str) -> None:
    factories.contact(**{field: "a@example.com"})
    contact = factories.contact()
    with pytest.raises(ValidationError) as refused:
        create_contact(fields={field: "a@example.com"}, now=NOW, by="x")
    assert errors_of(refused) == {field: ["taken"]}
    with pytest.raises(ValidationError) as refused:
        update_contact(contact, fields={field: "a@example.com"}, now=LATER, by="x")
    assert errors_of(refused) == {field: ["taken"]}


def test_deleting_takes_everything_that_is_the_contacts() -> None:
    contact = create_contact(fields={"email": "a@example.com"}, now=NOW, by="x")
    factories.answer(contact, factories.consent())
    factories.tag("VIP", contact)
    factories.category("client/media", contact)
    delete_contact(contact)
    assert not Contact.objects.exists()
    assert not HistoryEntry.objects.exists()


def test_an_attribute_is_declared_last_in_the_list() -> None:
    create_attribute(key="city", name=" City ", type="text")
    made = create_attribute(
        key="frame", name="Frame", type="choice", options=["metal", " me\u202etal ", "", "\ufeff", "plastic"]
    )
    assert (made.position, made.options) == (1, ["metal", "plastic"])
    assert clean_attribute(made, "plastic\u200b") == "plastic"
    assert Attribute.objects.get(key="city").name == "City"


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"key": "City"}, "key", "invalid_key"),
        ({"key": "1st"}, "key", "invalid_key"),
        ({"key": "a" * 61}, "key", "invalid_key"),
        ({"key": "miasto_ż"}, "key", "invalid_key"),
        ({"key": "email"}, "key", "reserved"),
        ({"key": "tags"}, "key", "reserved"),
        ({"key": "taken"}, "key", "taken"),
        ({"name": "  "}, "name", "required"),
        ({"type": "money"}, "type", "required"),
        ({"type": "choice"}, "options", "required"),
        ({"type": "choices", "options": ["a;b"]}, "options", "semicolon"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(given: dict, field: str, code: str) -> None:
    factories.attribute("taken")
    with pytest.raises(ValidationError) as refused:
        create_attribute(**({"key": "thing", "name": "Thing", "type": "text"} | given))
    assert errors_of(refused)[field] == [code]


def test_an_option_in_use_is_refused_with_the_number_of_contacts() -> None:
    frame = factories.attribute("contains", "choice", options=["metal", "plastic", "wood"])
    for _ in range(3):
        factories.contact(attributes={"contains": "metal"})
    with pytest.raises(ValidationError) as refused:
        edit_attribute(frame, name="Frame", options=["plastic"])
    assert refused.value.message_dict["options"] == ["“metal” cannot be taken out: 3 contacts have it."]
    edited = edit_attribute(frame, name="Frame", options=["plastic", "metal", "gold"])
    assert edited.options == ["plastic", "metal", "gold"]


def test_an_attribute_goes_only_when_no_contact_has_a_value() -> None:
    city = factories.attribute("city")
    contact = factories.contact(attributes={"city": "x"})
    with pytest.raises(InUseError, match="1 contact has a value"):
        delete_attribute(city)
    set_attributes(contact, {"city": None}, now=LATER, by="x")
    delete_attribute(city)
    assert not Attribute.objects.exists()


def test_an_attribute_that_something_refers_to_stays(monkeypatch) -> None:
    city = factories.attribute("city")
    monkeypatch.setattr(hooks, "attribute_usage", [lambda _attribute: [Use("Segment Łódź", "/segments/1")]])
    with pytest.raises(InUseError) as refused:
        delete_attribute(city)
    assert refused.value.uses == [Use("Segment Łódź", "/segments/1")]
