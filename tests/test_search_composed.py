"""A letter typed in two pieces (é as e and ´, as some keyboards send it) finds what is kept as one, in every search."""

import unicodedata
from typing import Any

import pytest
from django.utils.timezone import now as clock

from segmentation.models import SavedCriteria
from tests import factories
from tests.factories import NOW
from tests.support.segments import SCORED, calculated
from users.models import User

pytestmark = pytest.mark.django_db
NAME = "Évá Müller"


@pytest.mark.parametrize(
    "address", ["/contacts/", "/segments/", "/segments/search/", "/saved-criteria/", "/users/", "/find"]
)
@pytest.mark.parametrize("typed", ["e\u0301va\u0301", "mu\u0308"])
def test_a_letter_in_two_pieces_is_that_letter(
    address: str, typed: str, client_for: Any, owner: Any, analyst: Any
) -> None:
    assert not unicodedata.is_normalized("NFC", typed)
    factories.contact(first_name="Évá", last_name="Müller")
    calculated(NAME, now=clock())
    SavedCriteria.objects.create(name=NAME, criteria=SCORED, created_at=NOW, updated_at=NOW)
    User.objects.filter(pk=analyst.pk).update(name=NAME)
    client = client_for(owner)
    for text in (typed, unicodedata.normalize("NFC", typed)):
        assert NAME in client.get(address, {"q": text}).content.decode(), text
    assert NAME not in client.get(address, {"q": "nobody"}).content.decode()
