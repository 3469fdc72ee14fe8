"""Labels over the API: their lists, new ones, and putting them on many contacts and taking them off."""

from typing import Any

import pytest

from contacts.models import Attribute, Consent, ContactConsent, HistoryEntry
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests import factories
from tests.support.keys import KeyClient, key_client
from tests.support.people import make_user
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> KeyClient:
    return key_client(name="Shop")


@pytest.fixture
def restricted() -> User:
    """Sees the contacts of the category Media."""
    user = make_user("marketer")
    factories.permission_group("Media", users=[user], categories=[factories.category("media")])
    return user


def items(*contacts: dict[str, Any], **field: Any) -> dict[str, Any]:
    return {"items": [{"contact": contact, **field} for contact in contacts]}


def wrongs(said: dict[str, Any]) -> list[tuple[Any, str, str]]:
    return [(each["item"], each["field"], each["code"]) for each in said["errors"]]


def outcomes(said: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["status"], each.get("errors", [{"code": ""}])[0]["code"]) for each in said["results"]]


# --- tags ----------------------------------------------------------------------------------------------------
def test_a_new_tag_passes_the_gate_and_a_comma_makes_two(client) -> None:
    status, said = client.send("post", "/tags", {"name": "klient żółty, vip"})
    assert status == 201
    assert [item["name"] for item in said["items"]] == ["KLIENT ZOLTY", "VIP"]
    assert client.send("post", "/tags", {"name": "vip"})[1]["items"][0]["id"] == said["items"][1]["id"]
    status, said = client.send("post", "/tags", {"name": " , "})
    assert (status, said["errors"][0]["field"]) == (422, "name")


def test_tags_are_listed_by_cursor_and_searched(client) -> None:
    made = [factories.tag(name) for name in ("ALFA", "BETA", "ALFONS")]
    status, first = client.send("get", "/tags?limit=2")
    second = client.send("get", f"/tags?limit=2&cursor={first['next_cursor']}")[1]
    assert status == 200
    assert [each["id"] for each in first["items"] + second["items"]] == [tag.pk for tag in made]
    assert second["next_cursor"] is None
    assert [each["name"] for each in client.send("get", "/tags?q=alf")[1]["items"]] == ["ALFA", "ALFONS"]


def test_renaming_to_a_taken_name_is_refused_and_merges_nothing(client) -> None:
    tag, other = factories.tag("VIP"), factories.tag("GOLD")
    assert client.send("patch", f"/tags/{tag.pk}", {"name": "very important"})[1]["name"] == "VERY IMPORTANT"
    status, said = client.send("patch", f"/tags/{tag.pk}", {"name": "gold"})
    assert (status, wrongs(said)) == (422, [(None, "name", "taken")])
    assert set(Tag.objects.values_list("pk", flat=True)) == {tag.pk, other.pk}
    assert client.send("patch", "/tags/99999999999999999999", {"name": "x"})[0] == 404


def test_tags_are_put_on_contacts_item_by_item(client) -> None:
    known = factories.contact(email="ala@example.com", external_id="K1")
    had = factories.contact(email="had@example.com")
    factories.tag("VIP", had)
    body = items({"email": "ala@example.com"}, {"id": had.pk}, {"email": "nobody@example.com"}, tags=["vip", "new"])
    body["items"] += [{"contact": {"external_id": "K1"}}, {"contact": {}, "tags": ["x"], "colour": 1}, "text"]
    status, said = client.send("post", "/tags/assign", body)
    assert status == 207
    assert outcomes(said) == [
        ("updated", ""), ("updated", ""), ("rejected", "no_contact"), ("rejected", "required"),
        ("rejected", "unknown"), ("rejected", "not_object"),
    ]  # fmt: skip
    assert set(ContactTag.objects.filter(contact=known).values_list("tag__name", flat=True)) == {"VIP", "NEW"}
    assert client.send("post", "/tags/assign", items({"id": known.pk}, tags=["vip"]))[1]["counts"]["unchanged"] == 1


def test_tags_are_taken_off_contacts_and_one_that_there_is_not_is_refused(client) -> None:
    one, other = factories.contact(email="ala@example.com"), factories.contact(email="ola@example.com")
    factories.tag("VIP", one)
    body = items({"id": one.pk}, {"id": other.pk}, tags=["vip"])
    body["items"].append({"contact": {"id": one.pk}, "tags": ["nothing"]})
    status, said = client.send("post", "/tags/remove", body)
    assert (status, outcomes(said)) == (207, [("updated", ""), ("unchanged", ""), ("rejected", "no_tag")])
    assert not ContactTag.objects.exists()


def test_whole_takes_off_all_or_nothing(client) -> None:
    one = factories.contact(email="ala@example.com")
    factories.tag("VIP", one)
    body = items({"id": one.pk}, {"email": "nobody@example.com"}, tags=["VIP"])
    status, said = client.send("post", "/tags/remove?whole=true", body)
    assert (status, wrongs(said)) == (422, [(1, "contact.email", "no_contact")])
    assert ContactTag.objects.count() == 1


# --- categories ----------------------------------------------------------------------------------------------
def test_the_tree_grows_below_a_path(client) -> None:
    assert client.send("post", "/categories", {"name": "Klient"})[1]["path"] == "klient"
    status, made = client.send("post", "/categories", {"name": "Media", "below": "klient"})
    assert (status, made["path"], made["below"], made["depth"]) == (201, "klient/media", "klient", 1)
    assert [item["path"] for item in client.send("get", "/categories")[1]["items"]] == ["klient", "klient/media"]
    for nowhere in ("nowhere", "a\0b"):
        status, said = client.send("post", "/categories", {"name": "Media", "below": nowhere})
        assert (status, wrongs(said)) == (422, [(None, "below", "no_category")])
    assert wrongs(client.send("post", "/categories", {"name": "media", "below": "klient"})[1]) == [
        (None, "name", "taken")
    ]


def test_contacts_go_into_categories_and_out_with_a_lasting_entry(client) -> None:
    one = factories.contact(email="ala@example.com")
    factories.category("media")
    assert client.send("post", "/categories/assign", items({"id": one.pk}, categories=["media"]))[0] == 200
    assert ContactCategory.objects.get().contact_id == one.pk
    assert client.send("post", "/categories/remove", items({"id": one.pk}, categories=["media"]))[0] == 200
    kinds = HistoryEntry.objects.filter(by="API: Shop").values_list("kind", flat=True)
    assert sorted(kinds) == ["category_added", "category_removed"]
    status, said = client.send("post", "/categories/remove", items({"id": one.pk}, categories=["no"]))
    assert (status, wrongs(said)) == (422, [(0, "categories", "no_category")])


def test_a_restricted_key_uses_only_the_categories_that_show_it_contacts(restricted) -> None:
    media, vault = Category.objects.get(), factories.category("vault")
    mine = factories.contact(email="mine@example.com")
    outside = factories.contact(email="outside@example.com")
    ContactCategory.objects.create(category=media, contact=mine, assigned_at=mine.created_at)
    ContactCategory.objects.create(category=vault, contact=outside, assigned_at=mine.created_at)
    client = key_client(restricted)
    status, said = client.send("post", "/categories/assign", items({"id": mine.pk}, categories=["vault"]))
    assert (status, wrongs(said)) == (422, [(0, "categories", "not_allowed")])
    for path in ("/categories/assign", "/categories/remove"):
        status, said = client.send("post", path, items({"id": outside.pk}, categories=["media"]))
        assert (status, said["errors"][0]["code"]) == (422, "no_contact")
    status, said = client.send("post", "/categories/remove", items({"id": mine.pk}, categories=["media"]))
    assert (status, wrongs(said)) == (422, [(0, "categories", "out_of_sight")])
    status, said = client.send(
        "post", "/categories/remove?out_of_sight=true", items({"id": mine.pk}, categories=["media"])
    )
    assert (status, ContactCategory.objects.get().category_id) == (200, vault.pk)


def test_what_changes_contacts_all_over_the_account_is_not_for_a_restricted_key(restricted) -> None:
    tag, client = factories.tag("VIP"), key_client(restricted)
    assert client.send("patch", f"/tags/{tag.pk}", {"name": "gold"})[0] == 403
    assert client.send("post", "/categories", {"name": "New"})[0] == 403


def test_a_restricted_key_is_told_its_own_numbers(restricted) -> None:
    mine, outside = factories.contact(email="mine@example.com"), factories.contact(email="outside@example.com")
    ContactCategory.objects.create(category=Category.objects.get(), contact=mine, assigned_at=mine.created_at)
    factories.tag("VIP", mine, outside)
    client = key_client(restricted)
    assert client.send("get", "/tags")[1]["items"][0]["contacts"] == 1
    [media] = client.send("get", "/categories")[1]["items"]
    assert (media["contacts"], media["contacts_below"]) == (1, 1)


# --- attributes and consents ---------------------------------------------------------------------------------
def test_attributes_are_declared_by_administrators(client) -> None:
    body = {"key": "plan", "name": "Plan", "type": "choice", "options": ["free", "pro"]}
    status, said = client.send("post", "/attributes", body)
    assert (status, said["options"]) == (201, ["free", "pro"])
    assert client.send("get", "/attributes")[1]["items"] == [said]
    assert wrongs(client.send("post", "/attributes", body)[1]) == [(None, "key", "taken")]
    assert key_client(make_user("marketer")).send("post", "/attributes", body | {"key": "other"})[0] == 403
    assert Attribute.objects.count() == 1


def test_consents_are_declared_and_answered_with_a_source(client) -> None:
    body = {"key": "newsletter", "name_en": "Newsletter", "name_pl": "Biuletyn", "text_en": "Yes.", "text_pl": "Tak."}
    status, said = client.send("post", "/consents", body)
    assert (status, said["wording_version"], said["text_pl"]) == (201, 1, "Tak.")
    assert client.send("get", "/consents")[1]["items"] == [said]
    one = factories.contact(email="ala@example.com")
    given = {"newsletter": {"state": "given", "source": "checkout"}}
    status, said = client.send("post", "/consents/answers", items({"id": one.pk}, consents=given))
    assert (status, ContactConsent.objects.get().source) == (200, "checkout")
    status, said = client.send("post", "/consents/answers", items({"id": one.pk}, consents={"no": given["newsletter"]}))
    assert (status, said["errors"][0]["field"].split(".")[0]) == (422, "consents")
    sourceless = {"newsletter": {"state": "withdrawn"}}
    assert client.send("post", "/consents/answers", items({"id": one.pk}, consents=sourceless))[0] == 422
    assert key_client(make_user("marketer")).send("post", "/consents", body | {"key": "other"})[0] == 403
    assert Consent.objects.count() == 1


# --- what is refused leaves nothing ------------------------------------------------------------------------------
def test_tags_that_only_refused_items_name_are_not_made(client, restricted) -> None:
    factories.contact(email="ala@example.com")
    nobody = items({"email": "nobody@example.com"}, tags=["NEW"])
    assert client.send("post", "/tags/assign", nobody)[0] == 422
    new = {"items": [{"email": "b@example.com", "tags": ["NEW"]}]}
    assert key_client(restricted).send("post", "/contacts", new)[0] == 422  # no category
    assert client.send("post", "/contacts?mode=update", new)[1]["counts"]["skipped"] == 1
    assert not Tag.objects.exists()
    some = {"items": [*items({"email": "ala@example.com"}, tags=["Kept", "Both"])["items"], *nobody["items"]]}
    some["items"][1]["tags"] = ["NEW", "Both"]
    assert client.send("post", "/tags/assign", some)[0] == 207
    assert list(Tag.objects.values_list("name", flat=True)) == ["BOTH", "KEPT"]
