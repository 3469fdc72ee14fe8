"""Another type for an attribute while its values are being written: real transactions on two connections."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from contacts import services
from contacts.models import Attribute, Contact
from contacts.services import update_contact
from contacts.services.type_changes import change_type
from tests import factories
from tests.factories import NOW
from tests.test_contacts_races import elsewhere


@pytest.fixture
def size(committed: None) -> Attribute:
    return factories.attribute("size")


def to_number(attribute: Attribute) -> None:
    change_type(attribute, "number", unfit=0, now=NOW, by="Anna")


def test_who_has_locked_a_row_to_write_it_is_waited_for(account: Any, size: Attribute) -> None:
    """A lock that lets others lock rows would have each wait for the other."""
    person = factories.contact(attributes={"size": "7"})
    with transaction.atomic():
        Contact.objects.select_for_update(no_key=True).get(pk=person.pk)
        thread = elsewhere(account, lambda: to_number(size))
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
        Contact.objects.filter(pk=person.pk).update(attributes={"size": "8"})
    thread.join(60)
    assert Contact.objects.get().attributes == {"size": 8}


def test_a_value_cleaned_for_the_earlier_type_is_refused_at_its_field(
    monkeypatch: pytest.MonkeyPatch, size: Attribute
) -> None:
    person = factories.contact(attributes={"size": "7"})
    cleaned = services.contacts.clean_both

    def then_retyped(*args: Any, **more: Any) -> Any:
        found = cleaned(*args, **more)
        to_number(size)
        return found

    monkeypatch.setattr(services.contacts, "clean_both", then_retyped)
    with pytest.raises(ValidationError) as refused:
        update_contact(person, attributes={"size": "large"}, now=NOW, by="Ola")
    assert [error.code for error in refused.value.error_dict["attributes.size"]] == ["retyped"]
    assert Contact.objects.get().attributes == {"size": 7}
    assert connection.is_usable()
