"""One contact over the API: found, read, changed, erased, handed over; lists by cursor."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts.erasing.models import Erasure
from contacts.merging import merge_contacts
from contacts.models import Contact, EntryKind, HistoryEntry
from tests import factories
from tests.factories import NOW
from tests.support.keys import KeyClient, key_client
from tests.support.people import make_user
from tests.test_activities_races import elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> KeyClient:
    return key_client(name="Shop")


def walked(client: KeyClient, path: str, limit: int) -> list[Any]:
    """Everything of a list, page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        status, said = client.send("get", f"{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert status == 200, said
        found += said["items"]
        cursor = said["next_cursor"]
        if cursor is None:
            return found
        assert len(said["items"]) == limit


def test_a_contact_is_told_with_its_labels_and_answers(client) -> None:
    factories.attribute("size", "number")
    factories.attribute("seen", "datetime")
    factories.attribute("note")
    moment = "2026-11-20T08:00:00+00:00"
    attributes = {"size": 4.5, "seen": moment, "note": moment}
    person = factories.contact(email="ala@example.com", first_name="Ala", attributes=attributes)
    factories.tag("VIP", person)
    factories.category("klient/media", person)
    factories.answer(person, factories.consent("newsletter"))
    status, said = client.send("get", f"/contacts/{person.pk}")
    assert status == 200
    expected = {
        "id": person.pk, "email": "ala@example.com", "first_name": "Ala", "phone": None,
        "attributes": {"size": 4.5, "seen": "2026-11-20T08:00:00Z", "note": moment},
        "tags": ["VIP"], "categories": ["klient/media"],
    }  # fmt: skip
    assert {name: said[name] for name in expected} == expected
    assert said["consents"]["newsletter"]["state"] == "given"
    assert said["created_at"] == "2026-11-21T12:00:00Z"


def test_a_contact_is_found_by_its_names_as_people_write_them(client) -> None:
    person = factories.contact(email="ala@example.com", external_id="K/1 ż")
    assert client.send("get", "/contacts/find?email=%20ALA@example.com")[1]["id"] == person.pk
    assert client.send("get", "/contacts/find?external_id=K/1%20%C5%BC")[1]["id"] == person.pk
    for missing in ("email=no@example.com", "email=x", "external_id=", "external_id=K"):
        assert client.send("get", f"/contacts/find?{missing}")[0] == 404, missing
    for odd in ("", "?email=a@b.pl&external_id=1", "?phone=1"):
        assert client.send("get", f"/contacts/find{odd}")[0] == 422, odd


def test_a_merged_contact_is_found_under_what_it_was_called_and_is_not_erased_by_its_old_id(client) -> None:
    kept, other = factories.contact(), factories.contact(email="old@example.com", external_id="K1")
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={}, now=NOW, by="x")
    assert client.send("get", f"/contacts/{other.pk}")[1]["id"] == kept.pk
    assert client.send("get", "/contacts/find?external_id=K1")[1]["id"] == kept.pk
    status, said = client.send("delete", f"/contacts/{other.pk}")
    assert (status, said["code"], said["merged_into"]) == (409, "conflict", kept.pk)
    assert Contact.objects.exists()


def test_a_change_keeps_what_it_leaves_out_and_clears_what_is_null(client) -> None:
    factories.attribute("size", "number")
    person = factories.contact(first_name="Ala", last_name="N", phone="+48600100200", attributes={"size": 4})
    body = {"first_name": "Ola", "phone": None, "attributes": {"size": None}}
    status, said = client.send("patch", f"/contacts/{person.pk}", body)
    assert (status, said["first_name"], said["last_name"], said["phone"], said["attributes"]) == (
        200,
        "Ola",
        "N",
        None,
        {},
    )
    assert HistoryEntry.objects.get().by == "API: Shop"


def test_a_bad_change_names_its_fields_and_changes_nothing(client) -> None:
    factories.contact(email="taken@example.com")
    person = factories.contact()
    body = {"email": "taken@example.com"}
    status, said = client.send("patch", f"/contacts/{person.pk}", body)
    assert (status, [each["field"] for each in said["errors"]]) == (422, ["email"])
    assert client.send("patch", f"/contacts/{person.pk}", {"id": 7})[0] == 422
    assert client.send("patch", f"/contacts/{person.pk}", {"lead_score": "many"})[0] == 422
    assert client.send("patch", "/contacts/999999", {})[0] == 404


def test_a_key_that_may_not_read_learns_nothing_by_writing() -> None:
    person = factories.contact(email="ala@example.com")
    writer = key_client(make_user("owner"), "contacts:write")
    status, said = writer.send("patch", f"/contacts/{person.pk}", {"first_name": "Ala"})
    assert (status, said.keys(), said["id"]) == (200, {"id", "updated_at"}, person.pk)
    status, said = writer.send("get", f"/contacts/{person.pk}/archive")
    assert (status, said["code"]) == (403, "scope_missing")
    assert Contact.objects.get().first_name == "Ala"


def test_a_contact_that_is_erased_while_it_is_changed_is_not_found(committed: None, account: Any) -> None:
    person = factories.contact(email="ala@example.com")
    writer, eraser = key_client(), key_client()
    answers: list[tuple[int, Any]] = []
    with transaction.atomic():
        assert eraser.send("delete", f"/contacts/{person.pk}")[0] == 204
        thread = elsewhere(
            account, lambda: answers.append(writer.send("patch", f"/contacts/{person.pk}", {"first_name": "Ala"}))
        )
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert [(status, said["code"]) for status, said in answers] == [(404, "not_found")]


def test_erasing_leaves_a_proof_by_the_key(client) -> None:
    person = factories.contact()
    assert client.send("delete", f"/contacts/{person.pk}?reason=why")[0] == 422
    assert client.send("delete", f"/contacts/{person.pk}?reason=not_needed") == (204, None)
    assert not Contact.objects.exists()
    assert Erasure.objects.values_list("by", "reason").get() == ("API: Shop", "not_needed")
    assert client.send("delete", f"/contacts/{person.pk}")[0] == 404


def test_the_archive_is_a_zip_and_is_noted(client) -> None:
    person = factories.contact(email="ala@example.com")
    response = client.ask("get", f"/contacts/{person.pk}/archive")
    assert response.headers["Content-Type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))).namelist()
    assert HistoryEntry.objects.values_list("kind", "by").get() == (EntryKind.HANDED_OVER, "API: Shop")


def test_contacts_are_listed_by_cursor_each_once(client) -> None:
    made = [factories.contact().pk for _ in range(7)]
    assert [each["id"] for each in walked(client, "/contacts", 3)] == made
    for odd in ("cursor=x", "cursor=WzFd", "limit=0", "limit=1001", "limit=x", "cursor=", "limit=1&limit=x"):
        assert client.send("get", f"/contacts?{odd}")[0] == 422, odd


def test_a_list_takes_the_same_number_of_queries_whatever_its_length(client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.send("get", "/contacts")[0] == 200
        return len(queries)

    factories.tag("VIP", factories.contact())
    client.send("get", "/contacts")
    few = asked()
    factories.tag("OTHER", *[factories.contact() for _ in range(20)])
    assert asked() == few <= 14


def test_moments_among_the_details_of_an_activity_are_told_as_all_others(client) -> None:
    moment = "2026-11-20T08:00:00+00:00"
    factories.activity_type("webinar", begins="datetime", topic="text")
    factories.activity_type("course", begins="text")
    person = factories.contact()
    factories.activity(person, "webinar", at=NOW, begins=moment, topic=moment)
    factories.activity(person, "course", at=NOW - timedelta(hours=1), begins=moment)
    items = client.send("get", f"/contacts/{person.pk}/activities")[1]["items"]
    assert [each["params"] for each in items] == [
        {"begins": "2026-11-20T08:00:00Z", "topic": moment},
        {"begins": moment},
    ]


def test_what_a_contact_did_is_listed_newest_first_by_cursor(client) -> None:
    person, other = factories.contact(), factories.contact()
    for hours in (0, 0, 0, 1, 2):
        factories.activity(person, at=NOW - timedelta(hours=hours), url="/a")
        factories.visit(person, at=NOW - timedelta(hours=hours))
        factories.order(person, at=NOW - timedelta(hours=hours), lines=[{"product": "P1", "amount": 5}])
    factories.activity(person, "search", at=NOW)
    factories.activity(other)
    for kind, number in (("activities", 6), ("visits", 5), ("orders", 5)):
        found = walked(client, f"/contacts/{person.pk}/{kind}", 2)
        keys = [(each["at"], each["id"]) for each in found]
        assert len(set(keys)) == number
        assert keys == sorted(keys, reverse=True)
    assert [a["type"] for a in client.send("get", f"/contacts/{person.pk}/activities?type=search")[1]["items"]] == [
        "search"
    ]
    assert client.send("get", f"/contacts/{person.pk}/visits?cursor={'A' * 40}")[0] == 422


def test_an_order_and_what_a_contact_bought(client) -> None:
    person = factories.contact()
    kept = factories.order(person, external_id="Z1", lines=[{"product": "P1", "amount": 5, "quantity": 2}])
    factories.order(person, status="cancelled", lines=[{"product": "P9", "amount": 5}])
    told = client.send("get", "/orders/find?external_id=Z1")[1]
    assert client.send("get", f"/orders/{kept.pk}")[1] == told
    assert [(line["product"], line["amount"]) for line in told["lines"]] == [("P1", "5.0000")]
    bought = client.send("get", f"/contacts/{person.pk}/products")[1]["items"]
    assert [(each["product"], each["orders"], each["quantity"]) for each in bought] == [("P1", 1, "2.000")]


def test_what_is_outside_a_keys_sight_answers_as_what_there_is_not() -> None:
    user = make_user("marketer")
    mine, hidden = factories.contact(), factories.contact(email="hidden@example.com", external_id="H1")
    factories.permission_group("Media", users=[user], categories=[factories.category("media", mine)])
    order = factories.order(hidden, external_id="Z1")
    client = key_client(user)
    assert [each["id"] for each in client.send("get", "/contacts")[1]["items"]] == [mine.pk]
    nobody = client.send("get", "/contacts/99999")
    for path in ("", "/activities", "/visits", "/orders", "/products", "/archive"):
        assert client.send("get", f"/contacts/{hidden.pk}{path}") == nobody
    found = ("/contacts/find?email=hidden@example.com", "/contacts/find?external_id=H1")
    for path in (*found, "/orders/find?external_id=Z1", f"/orders/{order.pk}"):
        assert client.send("get", path) == nobody
    for method in ("patch", "delete"):
        assert client.send(method, f"/contacts/{hidden.pk}", {} if method == "patch" else None) == nobody
    assert Contact.objects.count() == 2
