"""Requests that are sent again under one idempotency key."""

from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from pyroaring import BitMap

from activities.models import Activity
from api.models import IdempotentRequest
from api.repeats import hold, purge_kept
from contacts.erasing.cleaners import cleaners
from contacts.erasing.services import erase_contact
from contacts.models import Contact
from tests import factories
from tests.support.keys import KeyClient, key_client
from tests.support.people import make_user
from users.models import User

pytestmark = pytest.mark.django_db
BATCH = {"items": [{"contact": {"email": "ala@example.com"}, "type": "login", "at": "2026-11-20T10:00:00Z"}, {}]}


@pytest.fixture
def client() -> KeyClient:
    factories.contact(email="ala@example.com")
    return key_client()


def test_the_same_request_again_changes_nothing_and_is_answered_byte_for_byte(client) -> None:
    first = client.ask("post", "/activities", BATCH, Idempotency_Key="a1")
    again = client.ask("post", "/activities", BATCH, Idempotency_Key="a1")
    assert (first.status_code, again.status_code, again.content) == (207, 207, first.content)
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert Activity.objects.count() == 1


def test_without_a_key_or_with_another_it_is_another_request(client) -> None:
    for headers in ({}, {}, {"Idempotency_Key": "a1"}, {"Idempotency_Key": "a2"}):
        client.ask("post", "/activities", BATCH, **headers)
    assert Activity.objects.count() == 4


def test_two_keys_of_the_api_do_not_share_their_names(client) -> None:
    for each in (client, key_client()):
        each.ask("post", "/activities", BATCH, Idempotency_Key="a1")
    assert Activity.objects.count() == 2


def test_the_same_name_with_another_body_or_address_is_refused(client) -> None:
    client.ask("post", "/activities", BATCH, Idempotency_Key="a1")
    for path, body in (
        ("/activities", {"items": BATCH["items"][:1]}),
        ("/activities?whole=true", BATCH),
        ("/visits", BATCH),
    ):
        status, said = client.send("post", path, body, Idempotency_Key="a1")
        assert (status, said["code"]) == (422, "key_reused")
    assert Activity.objects.count() == 1


def test_a_refused_request_is_not_kept_and_may_be_mended(client) -> None:
    assert (
        client.send(
            "post", "/contacts?whole=true", {"items": [{"email": "b@example.com"}, {}, 1]}, Idempotency_Key="a1"
        )[0]
        == 422
    )
    assert not IdempotentRequest.objects.exists()
    assert client.send("post", "/contacts", {"items": [{"email": "b@example.com"}]}, Idempotency_Key="a1")[0] == 200
    assert Contact.objects.count() == 2


def test_an_answer_without_a_body_is_repeated_too(client) -> None:
    path = f"/contacts/{Contact.objects.get().pk}"
    assert [client.send("delete", path, Idempotency_Key="a1") for _ in range(2)] == [(204, None), (204, None)]
    assert client.send("delete", path, Idempotency_Key="a2")[0] == 404


def test_an_answer_that_tells_of_a_contact_goes_when_the_contact_is_erased(client) -> None:
    path = f"/contacts/{Contact.objects.get().pk}"
    assert client.send("patch", path, {"first_name": "Ala"}, Idempotency_Key="a1")[0] == 200
    assert client.send("post", "/activities", BATCH, Idempotency_Key="a2")[0] == 207
    client.send("delete", path)
    assert IdempotentRequest.objects.values_list("name", flat=True).get() == "a2"


def test_an_answer_is_repeated_only_to_a_key_that_may_still_have_it() -> None:
    user = make_user("marketer")
    client, person = key_client(user), factories.contact(email="ala@example.com")
    path = f"/contacts/{person.pk}"
    assert client.send("patch", path, {}, Idempotency_Key="a1")[0] == 200
    group = factories.permission_group("Nobody", users=[user], categories=[])
    status, said = client.send("patch", path, {}, Idempotency_Key="a1")
    assert (status, said["code"]) == (404, "not_found")
    group.delete()
    assert client.send("patch", path, {}, Idempotency_Key="a1")[0] == 200
    User.objects.filter(pk=user.pk).update(role="analyst")
    status, said = client.send("patch", path, {}, Idempotency_Key="a1")
    assert (status, said["code"]) == (403, "read_only")


def test_reading_takes_no_notice_of_the_header(client) -> None:
    assert client.send("get", "/contacts", Idempotency_Key="a1")[0] == 200
    assert not IdempotentRequest.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "x" * 256, "ż"])
def test_a_name_that_is_none_is_refused(client, name: str) -> None:
    status, said = client.send("post", "/activities", BATCH, Idempotency_Key=name)
    assert (status, said["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert said["errors"][0]["message"] in said["detail"]


def test_after_a_day_the_name_is_free_again_and_the_answer_is_purged(client, time_machine) -> None:
    at = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    time_machine.move_to(at, tick=False)
    client.ask("post", "/activities", BATCH, Idempotency_Key="a1")
    time_machine.move_to(at + timedelta(hours=24), tick=False)
    client.ask("post", "/activities", BATCH, Idempotency_Key="a1")
    assert Activity.objects.count() == 2
    purge_kept(at + timedelta(hours=47))
    assert IdempotentRequest.objects.count() == 1
    purge_kept(at + timedelta(hours=48))
    assert IdempotentRequest.objects.count() == 0


def test_while_the_first_is_worked_on_the_second_is_told_to_wait(client) -> None:
    tenant, held, enough = connection.tenant, Event(), Event()

    def first() -> None:
        connection.set_tenant(tenant)
        with transaction.atomic():
            hold(client.key, "a1")
            held.set()
            enough.wait(20)
        connection.close()

    thread = Thread(target=first)
    thread.start()
    assert held.wait(20)
    try:
        response = client.ask("post", "/activities", BATCH, Idempotency_Key="a1")
    finally:
        enough.set()
        thread.join()
    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (409, "in_progress", "1")
    assert client.send("post", "/activities", BATCH, Idempotency_Key="a1")[0] == 207


def test_after_an_erasure_a_kept_answer_quotes_nothing_that_was_typed(client) -> None:
    batch = {"items": [{"email": "new@example.com"}, {"phone": "of ola@example.com"}]}
    first = client.ask("post", "/contacts", batch, Idempotency_Key="a1")
    assert (first.status_code, b"ola@" in first.content) == (207, True)
    gone = factories.contact(email="ola@example.com")
    erase_contact(gone, now=datetime.now(UTC), by="Ola")
    assert cleaners["api.kept"].clean(BitMap([gone.pk]), 0) is None
    again = client.ask("post", "/contacts", batch, Idempotency_Key="a1")
    assert (again.status_code, again.headers["Idempotent-Replayed"], b"ola@" in again.content) == (207, "true", False)
    told, before = again.json(), first.json()
    for error in before["results"][1]["errors"]:
        error["message"] = "…"
    assert told == before
