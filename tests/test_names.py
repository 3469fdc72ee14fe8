"""Names: one form of each letter, nothing that can't be seen; what is too long or empty is refused at its field."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.names import clean_name
from contacts.models import Attribute, Consent
from contacts.services.consents import create_consent
from contacts.services.definitions import create_attribute
from segmentation.models import SavedCriteria, Segment
from tags.models import Category
from tests.factories import NOW
from tests.support.forms import form_in
from tests.support.segments import SCORED, calculated

GROWING = "\ufb2c"  # three characters once it is composed
SIGNS = "aé e\u0301\u0344\ufb2c\u200b\u200d\u200c\u202e\u2066\ufeff\ufe0f\u3164\u2800\u00ad\u034f\t\n❤🔥👩🏽1\u20e3"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Warm \t leads ", "Warm leads"),
        ("e\u0301va", "éva"),
        ("e\u200b\u0301va", "éva"),
        ("\u202e evil", "evil"),
        ("VIP\u200b", "VIP"),
        ("V\u200dI\u200cP", "VIP"),
        ("\ufeff", ""),
        ("\u200b \u2066\u3164\u2800\u034f\ufe0f", ""),
        ("❤\ufe0f\u200d🔥 and 👩🏽\u200d🔬", "❤\ufe0f\u200d🔥 and 👩🏽\u200d🔬"),
        ("❤\u200d", "❤"),
        ("a\ufe0f\u200d🔥", "a🔥"),
    ],
)
def test_a_name_is_what_is_seen_of_it(typed: str, name: str) -> None:
    assert clean_name(typed) == name


@given(st.text(st.sampled_from(SIGNS), max_size=12) | st.text(max_size=20))
def test_a_clean_name_stays_as_it_is(typed: str) -> None:
    name = clean_name(typed)
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)


# --- wherever something is named ----------------------------------------------------------------------------------
@pytest.fixture
def client(client_for: Any, owner: Any) -> Any:
    return client_for(owner)


@pytest.fixture
def saved(account: Any) -> SavedCriteria:
    return SavedCriteria.objects.create(name="Scored", criteria=SCORED, created_at=NOW, updated_at=NOW)


def addresses(saved: SavedCriteria) -> list[str]:
    pk = calculated("Here already", now=NOW).pk
    return [
        f"/segments/create/?from_saved={saved.pk}",
        f"/segments/{pk}/settings/",
        f"/segments/{pk}/freeze/",
        f"/saved-criteria/{saved.pk}/",
        "/saved-criteria/new/",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("name", [GROWING * 200, GROWING * 150, "\u200b", "\ufeff", "\u2066 \u2069"])
def test_a_name_too_long_once_composed_or_of_nothing_to_see_is_refused(name: str, client: Any, saved: Any) -> None:
    before = named()
    for address in addresses(saved):
        fields = form_in(client.get(address), "/segments/create/") if "create" in address else {}
        response = client.post(address, fields | {"name": name, "then": "create"})
        assert response.status_code == 422, address
        assert ("at most 200" if len(name) > 9 else "This field is required") in response.content.decode(), address
    assert named() == {*before, "Here already"}


def named() -> set[str]:
    return {*Segment.objects.values_list("name", flat=True), *SavedCriteria.objects.values_list("name", flat=True)}


@pytest.mark.django_db
def test_two_names_that_look_the_same_are_one(client: Any, saved: Any) -> None:
    form = form_in(client.get(f"/saved-criteria/{saved.pk}/"), "") | {"name": "Sco\u200bred\u202e"}
    assert client.post(f"/saved-criteria/{saved.pk}/", form).status_code == 302
    assert SavedCriteria.objects.get().name == "Scored"
    form = form_in(client.get(f"/segments/create/?from_saved={saved.pk}"), "/segments/create/")
    calculated("Warm leads", now=NOW)
    answer = client.post("/segments/create/", form | {"name": "Warm\u00ad leads", "then": "create"})
    assert (answer.status_code, Segment.objects.count()) == (422, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [GROWING * 110, "\u200b", "\u3164\u2800"])
def test_what_an_account_declares_is_named_so_too(name: str, client: Any) -> None:
    for address, fields in (
        ("/attributes/new/", {"key": "one", "name": name, "type": "text"}),
        ("/consents/new/", {"key": "one", "name_en": name, "name_pl": name, "channel": "email"}),
        ("/categories/", {"name": name}),
    ):
        assert client.post(address, fields).status_code == 422, address
    assert [model.objects.count() for model in (Attribute, Consent, Category)] == [0, 0, 0]


@pytest.mark.django_db
def test_nothing_that_cannot_be_seen_is_stored(account: Any) -> None:
    assert create_attribute(key="city", name="Ci\u200bty", type="text").name == "City"
    made = create_consent(key="news", name_en="\u202eNews", name_pl="Wieści\ufeff", channel="email")
    assert (made.name_en, made.name_pl) == ("News", "Wieści")
