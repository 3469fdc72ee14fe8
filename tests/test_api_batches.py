"""Batches over the API: what is accepted, what is told of each item, and of whom a key may write."""

from typing import Any

import pytest

from activities.models import Activity, Order, OrderLine, Product, Visit
from contacts.models import Contact, ContactConsent, HistoryEntry
from tags.models import Category, ContactCategory, ContactTag
from tests import factories
from tests.support.keys import KeyClient, key_client
from tests.support.people import make_user
from users.models import User

pytestmark = pytest.mark.django_db
AT = "2026-11-20T10:00:00+01:00"


@pytest.fixture
def client() -> KeyClient:
    return key_client(name="Shop")


@pytest.fixture
def restricted() -> User:
    """Sees the contacts of one category."""
    user = make_user("marketer")
    factories.permission_group("Media", users=[user], categories=[factories.category("media")])
    return user


def activity(**more: Any) -> dict[str, Any]:
    return {"contact": {"email": "ala@example.com"}, "type": "page_view", "at": AT, **more}


def order(**more: Any) -> dict[str, Any]:
    return {"contact": {"email": "ala@example.com"}, "at": AT, "total": "12.50", "external_id": "Z1", **more}


def wrong(said: dict[str, Any]) -> list[tuple[Any, str, str]]:
    return [(each["item"], each["field"], each["code"]) for each in said["errors"]]


# --- contacts ------------------------------------------------------------------------------------------------
def test_contacts_are_created_changed_and_left_in_one_batch_with_the_name_of_the_key_in_the_history(client) -> None:
    factories.consent("newsletter")
    known = factories.contact(email="known@example.com", first_name="Ola")
    items = [
        {"email": "ALA@example.com ", "first_name": "Ala", "tags": ["vip"],
         "consents": {"newsletter": {"state": "given", "source": "checkout"}}},
        {"email": "known@example.com", "first_name": "Olga"},
        {"email": "known@example.com", "first_name": "Olga"},
        {"email": "nobody", "lead_score": "many"},
        "text",
    ]  # fmt: skip
    status, said = client.send("post", "/contacts", {"items": items})
    made = Contact.objects.get(email="ala@example.com")
    assert status == 207
    assert said["counts"] == {"created": 1, "updated": 1, "unchanged": 1, "skipped": 0, "rejected": 2}
    assert [(each["item"], each["status"], each.get("id")) for each in said["results"]] == [
        (0, "created", made.pk), (1, "updated", known.pk), (2, "unchanged", known.pk),
        (3, "rejected", None), (4, "rejected", None),
    ]  # fmt: skip
    assert {error["field"] for error in said["results"][3]["errors"]} == {"email", "lead_score"}
    assert ContactTag.objects.get(contact=made).tag.name == "VIP"
    assert ContactConsent.objects.get(contact=made).source == "checkout"
    assert set(HistoryEntry.objects.values_list("by", flat=True)) == {"API: Shop"}
    assert set(HistoryEntry.objects.values_list("user", flat=True)) == {client.key.acts_for_id}


def test_a_batch_with_nothing_right_is_a_problem_that_names_item_and_field(client) -> None:
    status, said = client.send("post", "/contacts", {"items": [{"email": "x"}, {"colour": "red"}]})
    assert (status, said["code"], said["status"]) == (422, "invalid", 422)
    assert wrong(said) == [(0, "email", "invalid_email"), (1, "colour", "unknown")]
    assert not Contact.objects.exists()


def test_whole_writes_all_items_or_none(client) -> None:
    items = [{"email": "ala@example.com"}, {"email": "x"}]
    status, said = client.send("post", "/contacts?whole=true", {"items": items})
    assert (status, wrong(said)) == (422, [(1, "email", "invalid_email")])
    assert not Contact.objects.exists()
    assert client.send("post", "/contacts?whole=true", {"items": items[:1]})[0] == 200


def test_modes_and_matching_are_the_importers_choice(client) -> None:
    factories.contact(email="ala@example.com", external_id="K1")
    items = {"items": [{"email": "ala@example.com", "first_name": "Ala"}]}
    assert client.send("post", "/contacts?mode=create", items)[1]["counts"]["skipped"] == 1
    assert client.send("post", "/contacts?mode=update", items)[1]["counts"]["updated"] == 1
    other = {"items": [{"external_id": "K1", "first_name": "", "last_name": "N"}]}
    client.send("post", "/contacts?match=external_id&empty=clear", other)
    assert Contact.objects.values_list("first_name", "last_name").get() == ("", "N")
    assert client.send("post", "/contacts?match=phone", items)[0] == 422
    assert client.send("post", "/contacts?mode=any", items)[0] == 422


@pytest.mark.parametrize("path", ["/contacts", "/activities", "/visits", "/orders", "/products"])
def test_bodies_that_are_no_batch_are_told_apart(client, path: str) -> None:
    for body in ({"items": {}}, {"items": [{}] * 1001}, {"items": None}):
        status, said = client.send("post", path, body)
        assert (status, said["errors"][0]["field"]) == (422, "items")
    for body in ({}, [], "text", {"items": [], "more": 1}):
        assert client.send("post", path, body)[0] == 422
    assert client.send("post", path, {"items": []}) == (
        200,
        {"results": [], "counts": dict.fromkeys(("created", "updated", "unchanged", "skipped", "rejected"), 0)},
    )


# --- facts ---------------------------------------------------------------------------------------------------
def test_the_wrong_activities_are_told_and_the_right_ones_written(client) -> None:
    factories.contact(email="ala@example.com")
    items = [
        activity(params={"url": "/a"}), activity(type="nothing"), activity(contact={"id": 10**30}),
        activity(params={"price": 1}), activity(at="yesterday", more=1), activity(),
    ]  # fmt: skip
    status, said = client.send("post", "/activities", {"items": items})
    assert (status, said["counts"]["created"], said["counts"]["rejected"]) == (207, 2, 4)
    found = {
        (each["item"], error["field"], error["code"]) for each in said["results"] for error in each.get("errors", [])
    }
    assert found == {
        (1, "type", "no_type"), (2, "contact.id", "no_contact"), (3, "params.price", "no_parameter"),
        (4, "at", "not_datetime"), (4, "more", "unknown"),
    }  # fmt: skip
    assert Activity.objects.count() == 2


def test_visits_are_recorded_with_their_channel(client) -> None:
    factories.contact(email="ala@example.com")
    item = {"contact": {"email": "ala@example.com"}, "at": AT, "landing_url": "https://s.pl/?gclid=1"}
    assert client.send("post", "/visits", {"items": [item, {**item, "contact": {}}]})[0] == 207
    assert [visit.channel for visit in Visit.objects.all()] == ["ad"]


def test_an_order_sent_again_is_changed_and_stays_one(client) -> None:
    factories.contact(email="ala@example.com")
    line = {"product": "P1", "quantity": 2, "price": 3}
    first = client.send("post", "/orders", {"items": [order(lines=[line]), order(external_id="Z2", total="-1")]})
    again = client.send("post", "/orders", {"items": [order(status="paid", lines=[line, line])]})
    kept = Order.objects.get()
    assert (first[0], first[1]["results"][0]) == (207, {"item": 0, "status": "created", "id": kept.pk})
    assert again[1]["results"] == [{"item": 0, "status": "updated", "id": kept.pk}]
    assert (kept.status, OrderLine.objects.count()) == ("paid", 2)


def test_of_each_item_so_many_errors_are_told_and_of_every_item_some(client) -> None:
    factories.contact(email="ala@example.com")
    bad = [order(external_id=f"W{n}", lines=[{"price": "x"}] * 30) for n in range(3)]
    _, said = client.send("post", "/orders", {"items": [*bad, order()]})
    assert [len(each.get("errors", [])) for each in said["results"]] == [20, 20, 20, 0]


def test_two_orders_of_one_number_in_a_batch_the_first_counts(client) -> None:
    factories.contact(email="ala@example.com")
    _, said = client.send("post", "/orders", {"items": [order(total=1), order(total=2)]})
    assert [each["status"] for each in said["results"]] == ["created", "rejected"]
    assert Order.objects.get().total == 1


def test_whole_undoes_the_facts_too(client) -> None:
    factories.contact(email="ala@example.com")
    for path, item in (
        ("/activities", activity()),
        ("/orders", order()),
        ("/visits", {"contact": {"id": 1}, "at": AT}),
    ):
        status, said = client.send("post", f"{path}?whole=true", {"items": [item, {**item, "at": "never"}]})
        assert (status, {each["item"] for each in said["errors"]} - {0}) == (422, {1})
    assert not Activity.objects.exists()
    assert not Order.objects.exists()


def test_products_say_what_they_are_called(client) -> None:
    items = [{"key": "P1", "name": "Żel"}, {"key": "P1", "name": "Other"}, {"name": "no key"}]
    assert [each["status"] for each in client.send("post", "/products", {"items": items})[1]["results"]] == [
        "created", "rejected", "rejected",
    ]  # fmt: skip
    assert client.send("post", "/products", {"items": items[:1]})[1]["counts"]["unchanged"] == 1
    assert client.send("post", "/products", {"items": [{"key": "P1", "brand": "B"}]})[1]["counts"]["updated"] == 1
    assert Product.objects.values_list("name", "brand").get() == ("Żel", "B")
    assert client.send("get", "/products")[1]["items"] == [{"key": "P1", "name": "Żel", "category": "", "brand": "B"}]


# --- a key that sees part ------------------------------------------------------------------------------------
def test_facts_of_a_contact_outside_answer_as_of_none(restricted) -> None:
    hidden = factories.contact(email="hidden@example.com")
    client = key_client(restricted)
    for path, item in (("/activities", activity()), ("/orders", order()), ("/visits", {"at": AT})):
        said = [
            client.send("post", path, {"items": [{**item, "contact": contact}]})[1]["errors"]
            for contact in (
                {"id": hidden.pk},
                {"id": 10**9},
                {"email": "hidden@example.com"},
                {"email": "no@example.com"},
            )
        ]
        assert said[0] == said[1]
        assert said[2] == said[3]
    assert not Activity.objects.exists()
    assert not Order.objects.exists()


def test_the_number_of_an_order_outside_takes_it_from_nobody(restricted) -> None:
    mine, hidden = factories.contact(email="ala@example.com"), factories.contact()
    ContactCategory.objects.create(contact=mine, category=Category.objects.get(), assigned_at=factories.NOW)
    kept = factories.order(hidden, external_id="Z1")
    status, said = key_client(restricted).send("post", "/orders", {"items": [order()]})
    assert (status, wrong(said)) == (422, [(0, "external_id", "taken")])
    kept.refresh_from_db()
    assert kept.contact_id == hidden.pk


def test_products_are_the_accounts_and_only_for_keys_that_see_everybody(restricted) -> None:
    client = key_client(restricted)
    assert client.send("get", "/products")[0] == 403
    assert client.send("post", "/products", {"items": [{"key": "P1"}]})[0] == 403
