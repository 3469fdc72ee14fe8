"""What a user who sees some contacts only is shown and may do: labels, definitions, finding, selecting, one contact."""

import re

import pytest
from django.urls import reverse
from pyroaring import BitMap

from contacts.models import Contact
from contacts.selecting import change_selection, selected
from contacts.sight import sees
from tags.models import Category, ContactCategory, Tag
from tests import factories
from tests.factories import NOW
from tests.support.people import make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def world():
    """Ewa sees two of five contacts: those of Media, of which one is in Press below it."""
    people = [factories.contact(first_name=f"P{n}", email=f"p{n}@example.com") for n in range(5)]
    media = factories.category("media", people[0])
    press = factories.category("media/press", people[1])
    shop = factories.category("shop", people[1], people[2], people[3])
    factories.tag("VIP", *people[1:])
    factories.tag("ONE", people[0])
    ewa = make_user(name="Ewa")
    factories.permission_group("Media", users=[ewa], categories=[media])
    return {"people": people, "media": media, "press": press, "shop": shop, "ewa": ewa}


@pytest.fixture
def ewa(client_for, world):
    return client_for(world["ewa"])


@pytest.fixture
def wide(client_for, world):
    return client_for(make_user(name="Jan"))


def cells(text: str, name: str) -> list[str]:
    """The numbers in the row that names this."""
    text = text.partition("<main")[2]
    row = next(row for row in re.split(r"<(?:tr|li)\b", text) if f">{name}<" in row)
    return re.findall(r">(\d+)<", row)


# --- tags ----------------------------------------------------------------------------------------------------------
def test_tags_are_shown_with_the_readers_own_numbers(ewa, wide):
    for client, number in ((ewa, "1"), (wide, "4")):
        client.post(reverse("tags:count_tag", args=[Tag.objects.get(name="VIP").pk]))
        assert number in cells(client.get("/tags/").content.decode(), "VIP")
    assert "4" not in cells(ewa.get("/tags/").content.decode(), "VIP")


def test_counting_a_tag_anew_answers_with_the_readers_own_number(ewa):
    answer = ewa.post(reverse("tags:count_tag", args=[Tag.objects.get(name="VIP").pk]), headers=HTMX)
    assert "<b>1</b>" in answer.content.decode()
    assert Tag.objects.get(name="VIP").contacts_count == 4


def test_tags_are_sorted_by_the_readers_own_numbers(ewa, world):
    more = [factories.contact() for _n in range(3)]
    factories.tag("LOTS", *more)
    Tag.objects.update(contacts_count=3)
    Tag.objects.filter(name="LOTS").update(contacts_count=9)
    text = ewa.get("/tags/?sort=-contacts_count").content.decode()
    assert text.index(">ONE<") < text.index(">VIP<") < text.index(">LOTS<")


def test_suggestions_tell_nothing_of_others(ewa, world):
    Tag.objects.filter(name="VIP").update(contacts_count=4)
    text = ewa.get("/tags/suggestions/").content.decode()
    assert "VIP" in text
    assert "4" not in text


@pytest.mark.parametrize("name", ["rename_tag", "delete_tag"])
def test_what_changes_a_tag_for_all_needs_whole_sight(ewa, wide, name):
    address = reverse(f"tags:{name}", args=[Tag.objects.get(name="VIP").pk])
    assert (ewa.get(address).status_code, ewa.post(address, {"name": "X"}).status_code) == (403, 403)
    assert wide.get(address).status_code == 200
    assert address not in ewa.get("/tags/").content.decode()


# --- categories ----------------------------------------------------------------------------------------------------
def test_categories_are_shown_with_the_readers_own_numbers(ewa, world):
    text = ewa.get("/categories/").content.decode()
    assert cells(text, "Shop") == ["1", "1"]
    assert cells(text, "Media") == ["1", "2"]


def test_the_tree_is_changed_with_whole_sight_only(ewa, world):
    assert ewa.post("/categories/", {"name": "New"}).status_code == 403
    for name in ("rename_category", "delete_category"):
        address = reverse(f"tags:{name}", args=[world["press"].pk])
        assert (ewa.get(address).status_code, ewa.post(address, {"name": "X"}).status_code) == (403, 403)
        assert address not in ewa.get("/categories/").content.decode()
    assert Category.objects.count() == 3


def test_contacts_go_only_into_categories_that_show_them(ewa, world):
    person, add = world["people"][0], reverse("tags:add_category", args=[world["people"][0].pk])
    panel = ewa.get(f"/contacts/{person.pk}/").content.decode().partition('id="categories-panel"')[2]
    offered = panel.partition("</select>")[0]
    assert f'value="{world["press"].pk}"' in offered
    assert f'value="{world["shop"].pk}"' not in offered
    assert ewa.post(add, {"category": world["shop"].pk}, headers=HTMX).status_code == 422
    assert ewa.post(add, {"category": world["press"].pk}, headers=HTMX).status_code == 200
    assert set(person.category_links.values_list("category_id", flat=True)) == {world["media"].pk, world["press"].pk}


def test_a_contact_stays_in_categories_of_others(ewa, world):
    person = world["people"][1]
    address = reverse("tags:remove_category", args=[person.pk, world["shop"].pk])
    assert address not in ewa.get(f"/contacts/{person.pk}/").content.decode()
    assert ewa.post(address).status_code == 403
    assert ContactCategory.objects.filter(contact=person, category=world["shop"]).exists()


def test_taking_a_contact_out_of_sight_is_asked_first(ewa, world):
    person = world["people"][0]
    address = reverse("tags:remove_category", args=[person.pk, world["media"].pk])
    asked = ewa.post(address, headers=HTMX)
    assert (asked.status_code, asked["HX-Retarget"]) == (200, "#dialog")
    assert "you will not see the contact any more" in asked.content.decode()
    assert sees(world["ewa"]) == BitMap([person.pk, world["people"][1].pk])
    assert ewa.post(address, {"sure": "yes"})["Location"] == "/contacts/"
    assert ewa.get(f"/contacts/{person.pk}/").status_code == 404
    assert person.history.get().kind == "category_removed"


def test_a_contact_still_seen_by_another_category_is_taken_out_unasked(ewa, world):
    person = world["people"][0]
    ContactCategory.objects.create(category=world["press"], contact=person, assigned_at=NOW)
    address = reverse("tags:remove_category", args=[person.pk, world["media"].pk])
    assert ewa.post(address).status_code == 302
    assert ewa.get(f"/contacts/{person.pk}/").status_code == 200


# --- attributes, consents, activity types -----------------------------------------------------------------------------
def test_definitions_are_shown_with_the_readers_own_numbers(ewa, wide, world):
    factories.attribute("city")
    consent = factories.consent("newsletter")
    for person in world["people"]:
        person.attributes = {"city": "Lublin"}
        person.save()
        factories.answer(person, consent)
        factories.activity(person)
    for client, number, other in ((ewa, "2", "5"), (wide, "5", "2")):
        for address, name in (
            ("/attributes/", "City"),
            ("/consents/", "Consent newsletter"),
            ("/activity-types/", "Page view"),
        ):
            text = client.get(address).content.decode()
            row = next(row for row in re.split(r"<(?:tr|li)\b", text) if name in row)
            found = set(re.findall(r">\s*(\d+)\s*<", row))
            assert number in found, (address, found)
            assert other not in found, (address, found)


# --- finding and selecting ------------------------------------------------------------------------------------
def test_the_find_box_finds_visible_contacts_with_the_readers_own_numbers(ewa, world):
    Tag.objects.filter(name="VIP").update(contacts_count=4)
    text = ewa.get("/find?q=example.com").content.decode()
    assert ("P1" in text, "P2" in text) == (True, False)
    assert "1 contact" in ewa.get("/find?q=vip").content.decode()
    assert "2 contacts" in ewa.get("/find?q=media").content.decode()


def test_the_selection_holds_visible_contacts_only(ewa, world):
    hidden, seen = world["people"][2].pk, world["people"][0].pk
    user = world["ewa"]
    assert change_selection(user, add=[hidden, seen], now=NOW) == BitMap([seen])
    group = user.permission_groups.get()
    group.categories.add(world["shop"])
    change_selection(user, add=[hidden, seen], now=NOW)
    group.categories.remove(world["shop"])
    assert selected(user) == BitMap([seen])
    assert change_selection(user, now=NOW) == BitMap([seen])


# --- one contact ----------------------------------------------------------------------------------------------
def test_a_new_contact_is_in_a_category_of_ones_own_at_once(ewa, world):
    given = {"email": "new@example.com", "status": "subscribed", "lead_score": "0"}
    for wrong in ({}, {"category": world["shop"].pk}, {"category": "9" * 30}, {"category": "\x00"}):
        answer = ewa.post("/contacts/new/", {**given, **wrong})
        assert answer.status_code == 422
        assert not Contact.objects.filter(email="new@example.com").exists()
    assert ewa.post("/contacts/new/", {**given, "category": world["press"].pk}).status_code == 302
    made = Contact.objects.get(email="new@example.com")
    assert [entry.kind for entry in made.history.order_by("id")] == ["created", "category_added"]
    assert ewa.get(f"/contacts/{made.pk}/").status_code == 200


def test_who_sees_everybody_is_not_asked_for_a_category(wide, world):
    assert 'name="category"' not in wide.get("/contacts/new/").content.decode()


def test_who_sees_nobody_is_told_that_there_is_no_category(client_for):
    user = make_user()
    factories.permission_group("Empty", users=[user])
    text = client_for(user).get("/contacts/new/").content.decode()
    assert "ask an administrator" in text


@pytest.mark.parametrize(("field", "value"), [("email", "p{n}@example.com"), ("external_id", "E{n}")])
def test_of_a_contact_out_of_sight_it_is_not_said_that_there_is_one(ewa, world, field, value):
    for n, person in enumerate(world["people"]):
        person.external_id = f"E{n}"
        person.save()
    said = {}
    for n in (0, 3):
        given = {"status": "subscribed", "lead_score": "0", "category": world["media"].pk, field: value.format(n=n)}
        text = ewa.post("/contacts/new/", given).content.decode()
        said[n] = re.findall(r'<ul class="errors"[^>]*>(.*?)</ul>', text, re.DOTALL)
    assert "Another contact has this" in said[0][0]
    assert "can&#x27;t be used here: ask an administrator" in said[3][0]


def shown(answer) -> str:
    """What the page says, without what every request has of its own."""
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("name", ["contact", "edit", "delete"])
def test_a_contact_out_of_sight_is_as_one_that_is_not_there(ewa, world, name):
    hidden = reverse(f"contacts:{name}", args=[world["people"][4].pk])
    absent = reverse(f"contacts:{name}", args=[10**8])
    assert ewa.get(hidden).status_code == ewa.get(absent).status_code == 404
    assert shown(ewa.get(hidden)) == shown(ewa.get(absent))
    assert Contact.objects.filter(pk=world["people"][4].pk).exists()


def test_the_manager_lists_and_counts_visible_contacts(ewa, world):
    text = ewa.get("/contacts/").content.decode()
    assert "2 contacts" in text
    assert ("P0" in text, "P2" in text) == (True, False)
    assert "1 contact" in ewa.get(f"/contacts/?category={world['shop'].pk}").content.decode()
