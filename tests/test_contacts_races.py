"""Two at once: real transactions on two connections."""

import threading
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from contacts.models import ConsentState, Contact, HistoryEntry
from contacts.services import InUseError, create_contact, delete_attribute, delete_contact, set_consent
from tests import factories
from tests.factories import NOW


def elsewhere(account, work: Callable[[], object]) -> threading.Thread:
    """`work` on a connection of its own, begun."""

    def run() -> None:
        connection.set_tenant(account)
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_value_written_while_its_definition_is_deleted_is_not_left_behind(committed, account) -> None:
    """The deletion waits for the writer, and then sees the row."""
    thing = factories.attribute("thing")
    outcome: list[str] = []

    def delete() -> None:
        try:
            delete_attribute(thing)
        except InUseError as error:
            outcome.append(str(error))

    with transaction.atomic():
        create_contact(fields={}, attributes={"thing": "x"}, now=NOW, by="test")
        thread = elsewhere(account, delete)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert len(outcome) == 1
    assert "1 contact has a value" in outcome[0]


def test_of_two_who_take_an_address_at_once_one_is_told(committed, account) -> None:
    outcome: list[str | None] = []

    def second() -> None:
        try:
            create_contact(fields={"email": "a@example.com"}, now=NOW, by="second")
        except ValidationError as error:
            outcome.extend(each.code for each in error.error_dict["email"])

    with transaction.atomic():
        create_contact(fields={"email": "a@example.com"}, now=NOW, by="first")
        thread = elsewhere(account, second)
        thread.join(0.3)
        assert thread.is_alive(), "it waits for the first"
    thread.join(60)
    assert outcome == ["taken"]
    assert Contact.objects.count() == 1


def test_a_contact_deleted_meanwhile_is_passed_over_by_a_set_of_consents(committed, account) -> None:
    consent, kept, gone = factories.consent(), factories.contact(), factories.contact()
    changed: list[list[int]] = []
    ids = [kept.pk, gone.pk]

    def give() -> None:
        changed.append(list(set_consent(ids, consent, ConsentState.GIVEN, now=NOW, source="x", by="x")))

    with transaction.atomic():
        delete_contact(gone)
        thread = elsewhere(account, give)
        thread.join(0.3)
        assert thread.is_alive(), "it waits for the deletion"
    thread.join(60)
    assert changed == [[kept.pk]]
    assert HistoryEntry.objects.count() == 1
