"""Numbers of attributes written as texts: the same number to its last digit."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.attributes import clean_attribute, plain_number
from contacts.forms import typed_text
from contacts.models import AttributeType, Contact
from contacts.retyping import suggested_options
from contacts.services.type_changes import change_type
from contacts.value_filter import parameter
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

NUMBERS = [12345678.9, 99999.12345, 123456789012.345, 0.1, -0.0000000001, 12345.0000000001, 7, -3, 10**14, 2.5]
TEXTS = ["12345678.9", "99999.12345", "123456789012.345", "0.1", "-0.0000000001", "12345.0000000001", "7", "-3"]
TEXTS += ["100000000000000", "2.5"]


@pytest.mark.parametrize(("number", "text"), [*zip(NUMBERS, TEXTS, strict=True)])
def test_a_number_is_written_as_it_was_given_and_read_as_the_same(number: float, text: str) -> None:
    size = factories.attribute("size", AttributeType.NUMBER)
    assert plain_number(number) == typed_text(size, number) == text
    assert clean_attribute(size, text, localized=True) == number


@pytest.mark.parametrize("new_type", ["text", "choice", "choices"])
def test_another_type_keeps_every_digit(new_type: str) -> None:
    size = factories.attribute("size", AttributeType.NUMBER)
    for number in NUMBERS:
        factories.contact(attributes={"size": number})
    options = suggested_options(size) if new_type != "text" else []
    assert not options or set(options) == set(TEXTS)
    change_type(size, new_type, options=options, now=NOW, by="Anna")
    stored: list[Any] = [row.attributes["size"] for row in Contact.objects.order_by("pk")]
    assert stored == ([[text] for text in TEXTS] if new_type == "choices" else TEXTS)


def test_the_link_of_a_number_lists_those_who_have_it(client_for: Any, administrator: Any) -> None:
    size = factories.attribute("size", AttributeType.NUMBER)
    people = {number: factories.contact(attributes={"size": number}) for number in NUMBERS}
    client: Client = client_for(administrator)
    for number, person in people.items():
        page = client.get(reverse("contacts:manager"), {"value": parameter(size, number)})
        assert f'href="/contacts/{person.pk}/"' in page.content.decode(), number
