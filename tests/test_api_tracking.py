"""Tokens for the tracker over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django_tenants.utils import tenant_context

from activities.models import Activity
from api.models import IdempotentRequest
from contacts.erasing.services import erase_contact
from contacts.merging import merge_contacts
from tests import factories
from tests.support.keys import KeyClient, key_client
from tests.support.people import client_for, make_user
from tests.support.tracker import body, event, send, site
from tracker import tokens
from tracker.models import TrackedSite

pytestmark = pytest.mark.django_db
PATH = "/tracking/tokens"
NOW = datetime(2026, 11, 21, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def shop() -> TrackedSite:
    return site(now=NOW)


@pytest.fixture
def client(owner: Any) -> KeyClient:
    return key_client(owner)


def named(shop: TrackedSite, token: str, *, now: datetime = NOW) -> tokens.Named:
    return tokens.read(token, key=shop.key, keys=shop.secrets_at(now), now=now)


def test_what_is_done_with_a_token_is_stored_of_its_contact(client: KeyClient, shop: TrackedSite) -> None:
    ala = factories.contact(email="ala@example.com", external_id="K-17")
    names = [{"id": ala.pk}, {"email": "Ala@Example.com"}, {"external_id": "K-17"}]
    made = [client.send("post", PATH, {"site": shop.key, "contact": name}) for name in names]
    assert {status for status, _said in made} == {200}
    assert {said["token"] for _status, said in made} == {made[0][1]["token"]}
    said = made[0][1]
    assert (said["site"], said["contact"], said["expires_at"]) == (shop.key, ala.pk, "2026-12-21T12:00:00Z")
    send(client_for(None), body(shop, said["token"], [event(NOW)], now=NOW))
    assert Activity.objects.get().contact_id == ala.pk


def test_a_token_holds_as_long_as_was_asked_and_not_a_second_more(client: KeyClient, shop: TrackedSite) -> None:
    ala = factories.contact()
    _status, said = client.send("post", PATH, {"site": shop.key, "contact": {"id": ala.pk}, "days": 1})
    over = datetime.fromisoformat(said["expires_at"])
    assert over == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert named(shop, said["token"], now=over - timedelta(seconds=1)) == ("id", str(ala.pk))
    with pytest.raises(tokens.TokenError, match="expired"):
        named(shop, said["token"], now=over)


def test_whoever_was_merged_is_the_contact_they_are_now(client: KeyClient, shop: TrackedSite) -> None:
    kept, other = factories.contact(email="ala@example.com"), factories.contact(email="old@example.com")
    was = other.pk
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={}, now=NOW, by="t")
    for name in ({"id": was}, {"email": "old@example.com"}):
        _status, said = client.send("post", PATH, {"site": shop.key, "contact": name})
        assert named(shop, said["token"]) == ("id", str(kept.pk))


def test_a_contact_out_of_sight_is_refused_as_one_that_is_not_there(shop: TrackedSite) -> None:
    factories.contact(email="out@example.com", external_id="K-9")
    user = make_user("marketer")
    factories.permission_group("Media", users=[user], categories=[factories.category("media")])
    client = key_client(user)
    for way, there, absent in (("email", "out@example.com", "not@example.com"), ("external_id", "K-9", "K-0")):
        answers = [client.ask("post", PATH, {"site": shop.key, "contact": {way: value}}) for value in (there, absent)]
        assert {(each.status_code, each.content) for each in answers} == {(422, answers[1].content)}
        assert answers[0].json()["errors"][0]["code"] == "no_contact"


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"site": "abcdefghijkl"}, "site", "no_site"),
        ({"site": "x" * 5000}, "site", "no_site"),
        ({"contact": {}}, "contact", "contact"),
        ({"contact": {"id": 1, "email": "ala@example.com"}}, "contact", "contact"),
        ({"contact": {"email": None}}, "contact", "required"),
        ({"contact": {"id": 0}}, "contact.id", "no_contact"),
        ({"contact": {"id": 10**30}}, "contact.id", "no_contact"),
        ({"contact": {"external_id": "a\0b"}}, "contact", "control_signs"),
        ({"days": 0}, "days", "greater_than_equal"),
        ({"days": 401}, "days", "less_than_equal"),
        ({"way": "id"}, "way", "extra_forbidden"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: KeyClient, shop: TrackedSite, given: dict[str, Any], field: str, code: str
) -> None:
    status, said = client.send("post", PATH, {"site": shop.key, "contact": {"email": "ala@example.com"}} | given)
    assert (status, [(each["field"], each["code"]) for each in said["errors"]]) == (422, [(field, code)])


def test_the_kept_answer_goes_with_the_contact(client: KeyClient, shop: TrackedSite) -> None:
    ala = factories.contact(email="ala@example.com")
    asked = {"site": shop.key, "contact": {"email": "ala@example.com"}}
    client.send("post", PATH, asked, Idempotency_Key="once")
    assert IdempotentRequest.objects.get().about == ala.pk
    erase_contact(ala, reason="asked", now=NOW, by="t")
    assert not IdempotentRequest.objects.exists()


def test_keys_of_another_account_have_no_token_of_this_ones_site(shop: TrackedSite, other_account: Any) -> None:
    with tenant_context(other_account):
        factories.contact(email="ala@example.com")
        stranger = key_client(make_user("owner"))
        status, said = stranger.send("post", PATH, {"site": shop.key, "contact": {"email": "ala@example.com"}})
    assert (status, said["errors"][0]["code"]) == (422, "no_site")
