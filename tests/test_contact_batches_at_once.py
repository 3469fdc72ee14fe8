"""Contacts in bulk from several at once: nobody is made twice, nobody waits in a ring, nothing gets lost."""

from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts.merging import merge_contacts
from contacts.models import Contact, EntryKind, HistoryEntry
from contacts.services import create_contact
from contacts.services.batches import Outcome, record_contacts
from tests import factories
from tests.factories import NOW
from tests.test_activities_races import elsewhere


def record(account: Any, items: list[dict[str, Any]], into: list[Outcome] | None = None) -> list[Outcome]:
    found = record_contacts(items, account=account, now=NOW, by="t")
    if into is not None:
        into += found
    return found


def test_of_two_with_one_address_the_second_changes_what_the_first_made(committed: None, account: Any) -> None:
    outcomes: list[Outcome] = []
    failed: list[BaseException] = []
    with transaction.atomic():
        record(account, [{"email": "a@x.pl", "first_name": "First"}])
        second = [{"email": "a@x.pl", "first_name": "Second"}, {"email": "b@x.pl"}]
        thread = elsewhere(account, partial(record, account, second, outcomes), failed)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert not failed
    assert [each.status for each in outcomes] == ["updated", "created"]
    assert Contact.objects.get(email="a@x.pl").first_name == "Second"
    assert HistoryEntry.objects.filter(kind=EntryKind.CREATED).count() == 2


def test_whoever_is_merged_meanwhile_is_found_under_the_name_they_had(committed: None, account: Any) -> None:
    kept, other = factories.contact(email="a@x.pl"), factories.contact(email="b@x.pl")
    outcomes: list[Outcome] = []
    with transaction.atomic():
        merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={"email": kept.pk}, now=NOW, by="t")
        items = [{"email": "b@x.pl", "first_name": "By a former name"}, {"id": other.pk, "last_name": "By number"}]
        thread = elsewhere(account, partial(record, account, items, outcomes))
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert [(each.status, each.contact_id) for each in outcomes] == [("updated", kept.pk)] * 2
    person = Contact.objects.get()
    assert (person.email, person.first_name, person.last_name) == ("a@x.pl", "By a former name", "By number")


def test_a_name_that_a_merge_has_just_left_behind_is_not_given_to_a_new_contact(committed: None, account: Any) -> None:
    kept, other = factories.contact(email="a@x.pl"), factories.contact(email="b@x.pl")
    outcomes: list[Outcome] = []
    with transaction.atomic():
        merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={"email": other.pk}, now=NOW, by="t")
        thread = elsewhere(account, partial(record, account, [{"email": "a@x.pl", "first_name": "A"}], outcomes))
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert [(each.status, each.contact_id) for each in outcomes] == [("updated", kept.pk)]
    assert Contact.objects.get().email == "b@x.pl"


def test_batches_that_cross_do_not_wait_for_each_other(committed: None, account: Any) -> None:
    known = [factories.contact() for _ in range(20)]
    there = [{"id": each.pk, "tags": ["VIP"], "external_id": f"E{each.pk}"} for each in known]
    failed: list[BaseException] = []
    threads = []
    for number in range(3):
        new = [{"email": f"n{each}@x.pl", "external_id": f"X{(each * 7) % 20}-{number // 2}"} for each in range(20)]
        items = there + new if number % 2 else [*reversed(new), *reversed(there)]
        threads.append(elsewhere(account, partial(record, account, items), failed))
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert not failed
    assert Contact.objects.filter(external_id__startswith="E").count() == 20
    assert Contact.objects.exclude(pk__in=[each.pk for each in known]).count() == 20


@pytest.mark.django_db
def test_the_number_of_statements_is_the_same_for_any_size(account: Any) -> None:
    factories.attribute("city")
    factories.consent()
    factories.category("klient")
    made = create_contact(fields={"email": "there@x.pl"}, now=NOW, by="t")

    def statements(number: int) -> int:
        answer = {"newsletter": {"state": "given", "source": "form"}}
        items = [
            {"email": f"{number}-{n}@x.pl", "attributes": {"city": "Łódź"}, "tags": ["VIP"], "categories": ["klient"]}
            | {"consents": answer}
            for n in range(number)
        ] + [{"id": made.pk, "first_name": f"N{number}", "email": f"other{number}@x.pl"}]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert {each.status for each in record(account, items)} == {"created", "updated"}
        return len(captured)

    statements(1)  # makes the tag
    assert statements(2) == statements(200) <= 40
