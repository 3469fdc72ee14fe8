"""What the database itself refuses, whatever the way in."""

from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django_tenants.utils import tenant_context

from contacts.models import Attribute, Contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

OPTIONS = {"choice": ["a", "b"], "choices": ["a", "b", "Ż"]}
FITS = [
    ("text", "Łódź"),
    ("number", 1.5),
    ("number", -3),
    ("boolean", False),
    ("date", "2024-02-29"),
    ("datetime", "2026-11-21T23:59:59+00:00"),
    ("choice", "a"),
    ("choices", ["b"]),
    ("choices", ["a", "b", "Ż"]),
]
DOES_NOT_FIT = [
    ("text", ""),
    ("text", 5),
    ("text", None),
    ("text", ["a"]),
    ("number", "5"),
    ("number", True),
    ("boolean", "true"),
    ("boolean", 1),
    ("date", "2026-02-29"),
    ("date", "2026-2-28"),
    ("date", "infinity"),
    ("date", "2026-02-28T00:00:00+00:00"),
    ("date", 20260228),
    ("datetime", "2026-11-21"),
    ("datetime", "2026-11-21T23:59:59Z"),
    ("datetime", "2026-11-21T23:59:59+01:00"),
    ("datetime", "2026-11-21T24:00:00+00:00"),
    ("datetime", "2026-11-21T23:59:60+00:00"),
    ("datetime", "2026-13-21T23:59:00+00:00"),
    ("choice", "c"),
    ("choice", ["a"]),
    ("choices", "a"),
    ("choices", []),
    ("choices", ["b", "a"]),
    ("choices", ["a", "a"]),
    ("choices", ["c"]),
    ("choices", [["a"]]),
    ("choices", [1]),
]


def refused(constraint: str, change: Any) -> None:
    with pytest.raises((IntegrityError, psycopg.IntegrityError)) as error, transaction.atomic():
        change()
    assert (error.value.__cause__ or error.value).diag.constraint_name == constraint


@pytest.mark.parametrize(("type_", "value"), FITS)
def test_a_value_that_fits_its_definition_goes_in(type_: str, value: Any) -> None:
    factories.attribute("thing", type_, options=OPTIONS.get(type_))
    factories.contact(attributes={"thing": value})
    Contact.objects.update(attributes={})
    Contact.objects.update(attributes={"thing": value})


@pytest.mark.parametrize(("type_", "value"), DOES_NOT_FIT)
def test_a_value_that_does_not_fit_is_refused_by_insert_and_update(type_: str, value: Any) -> None:
    factories.attribute("thing", type_, options=OPTIONS.get(type_))
    factories.attribute("other", "text")
    refused("contact_attributes_fit", lambda: factories.contact(attributes={"thing": value, "other": "x"}))
    contact = factories.contact()
    refused(
        "contact_attributes_fit",
        lambda: Contact.objects.filter(pk=contact.pk).update(attributes={"thing": value}),
    )


def test_an_undeclared_key_is_refused() -> None:
    factories.attribute("thing")
    refused("contact_attributes_declared", lambda: factories.contact(attributes={"thing": "x", "nothing": "y"}))


def test_attributes_are_an_object() -> None:
    contact = factories.contact()
    refused("contact_attributes_object", lambda: Contact.objects.filter(pk=contact.pk).update(attributes=["a"]))


def test_one_bad_row_among_many_stops_a_copy() -> None:
    factories.attribute("size", "number")
    rows = [f'p{i}@example.com\t{{"size": {i}}}\n' for i in range(500)]
    rows[250] = 'p250@example.com\t{"size": "big"}\n'

    def copy() -> None:
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY contacts_contact (email, attributes, first_name, last_name, status, lead_score, source,"
                " created_at, updated_at) FROM STDIN"
            ) as target,
        ):
            for row in rows:
                email, attributes = row.rstrip("\n").split("\t")
                target.write_row((email, attributes, "", "", "subscribed", 0, "", NOW, NOW))

    refused("contact_attributes_fit", copy)
    rows[250] = 'p250@example.com\t{"size": 250}\n'
    copy()
    assert Contact.objects.count() == 500


def test_each_account_has_definitions_of_its_own(other_account) -> None:
    factories.attribute("thing")
    with tenant_context(other_account):
        refused("contact_attributes_declared", lambda: factories.contact(attributes={"thing": "x"}))


def test_the_check_reads_the_tables_own_schema_whatever_the_search_path(other_account) -> None:
    factories.attribute("thing", "number")
    with tenant_context(other_account), connection.cursor() as cursor:
        refused(
            "contact_attributes_fit",
            lambda: cursor.execute(
                "INSERT INTO acme.contacts_contact (attributes, first_name, last_name, status, lead_score, source,"
                """ created_at, updated_at) VALUES ('{"thing": "x"}', '', '', 'subscribed', 0, '', now(), now())"""
            ),
        )


def test_the_key_of_an_attribute_is_for_good() -> None:
    thing = factories.attribute("thing")
    refused("attribute_key_stays", lambda: Attribute.objects.filter(pk=thing.pk).update(key="another"))


def test_a_type_changes_where_the_values_fit_it_at_the_end_of_the_transaction() -> None:
    thing = factories.attribute("thing")
    contact = factories.contact(attributes={"thing": "12"})

    def change(value: object) -> None:
        Attribute.objects.filter(pk=thing.pk).update(type="number")
        Contact.objects.filter(pk=contact.pk).update(attributes={"thing": value})
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS attribute_type_fits IMMEDIATE")

    def change_alone() -> None:
        Attribute.objects.filter(pk=thing.pk).update(type="number")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS attribute_type_fits IMMEDIATE")

    refused("attribute_type_fits", change_alone)
    refused("contact_attributes_fit", lambda: change("13"))
    change(12)
    assert Attribute.objects.get(pk=thing.pk).type == "number"


def test_an_attribute_with_values_cannot_be_deleted() -> None:
    thing = factories.attribute("thing")
    contact = factories.contact(attributes={"thing": "x"})
    refused("attribute_in_use", thing.delete)
    Contact.objects.filter(pk=contact.pk).update(attributes={})
    Attribute.objects.filter(key="thing").delete()


@pytest.mark.parametrize(("type_", "value"), [("choice", "b"), ("choices", ["a", "b"])])
def test_an_option_that_contacts_have_cannot_be_taken_out(type_: str, value: Any) -> None:
    thing = factories.attribute("thing", type_, options=["a", "b", "c"])
    factories.contact(attributes={"thing": value})
    refused("attribute_in_use", lambda: Attribute.objects.filter(pk=thing.pk).update(options=["a", "c"]))
    Attribute.objects.filter(pk=thing.pk).update(options=["b", "a"], name="Renamed")


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("contact_email_normalised", {"email": "Upper@example.com"}),
        ("contact_email_normalised", {"email": "nobody"}),
        ("contact_phone_normalised", {"phone": "600 100"}),
        ("contact_status", {"status": "asleep"}),
        ("contact_external_id_not_empty", {"external_id": ""}),
    ],
)
def test_columns_hold_normalised_values_only(constraint: str, fields: dict[str, Any]) -> None:
    refused(constraint, lambda: factories.contact(**fields))


def test_names_are_sorted_in_the_polish_alphabet() -> None:
    alphabet = "aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż"
    for letter in reversed(alphabet):
        factories.contact(last_name=f"Ba{letter}a", first_name="X")
    names = Contact.objects.order_by("sort_name").values_list("last_name", flat=True)
    assert [name[2] for name in names] == list(alphabet)


def test_who_has_no_name_is_sorted_by_the_address() -> None:
    factories.contact(last_name="Celer")
    factories.contact(email="beata@example.com")
    factories.contact(last_name="  ", first_name="Anna", email=None)
    assert [str(contact).strip() for contact in Contact.objects.order_by("sort_name")] == [
        "Anna",
        "beata@example.com",
        "Celer",
    ]


def test_the_search_box_uses_the_trigram_index() -> None:
    from contacts.selectors import matching

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "contact_words" in matching(Contact.objects.order_by(), "kowal").explain()
    assert "contact_words" in matching(Contact.objects.order_by(), "k").explain()
