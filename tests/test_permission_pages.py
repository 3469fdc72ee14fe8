"""The pages of permission groups, and what the pages about users say of sight."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse

from permissions.models import GroupChange, PermissionGroup
from tests import factories
from tests.support.people import make_user
from users.models import User

pytestmark = pytest.mark.django_db
GROUPS = "/permission-groups/"
HUGE = "9" * 40


@pytest.fixture
def owner():
    return make_user("owner", name="Olga")


@pytest.fixture
def client(client_for, owner):
    return client_for(owner)


@pytest.fixture
def media():
    return factories.category("media", factories.contact(), factories.contact())


@pytest.fixture
def group(media):
    factories.contact()
    return factories.permission_group("Media", users=[make_user(name="Ewa")], categories=[media])


def page_of(group, *more):
    return reverse("permissions:group", args=[group.pk, *more])


def sent(group, **given):
    """The form as it is opened, with these things changed; None is not sent."""
    now = {
        "name": group.name,
        "users": list(group.users.values_list("pk", flat=True)),
        "categories": list(group.categories.values_list("pk", flat=True)),
        "seen": group.revision,
    }
    return {name: value for name, value in {**now, **given}.items() if value is not None}


# --- the list ----------------------------------------------------------------------------------------------------
def test_the_list_shows_who_sees_how_many_and_when_that_was(client, group):
    text = client.get(GROUPS).content.decode()
    assert "Ewa" in text
    assert re.search(r'class="r num"><b>2</b>', text)
    assert re.search(r"at \d\d:\d\d:\d\d\.", text)


def test_without_groups_the_page_says_what_they_are_for(client):
    assert "No permission groups yet" in client.get(GROUPS).content.decode()


def test_the_list_takes_the_same_number_of_queries_for_any_number_of_groups(
    client, media, django_assert_max_num_queries
):
    for n in range(15):
        factories.permission_group(f"G{n}", users=[make_user()], categories=[media])
    client.get(GROUPS)
    with django_assert_max_num_queries(15):
        client.get(GROUPS)


@pytest.mark.parametrize("role", ["marketer", "analyst"])
@pytest.mark.parametrize("name", ["groups", "create", "group", "delete", "groups_of"])
def test_only_owners_and_administrators_open_them(client_for, role, name, group):
    args = {"group": [group.pk], "delete": [group.pk], "groups_of": [make_user().pk]}.get(name, [])
    address = reverse(f"permissions:{name}", args=args)
    assert client_for(make_user(role)).get(address).status_code == 403
    assert client_for(make_user(role)).post(address, {"name": "X"}).status_code in (403, 405)
    assert client_for(make_user("administrator")).get(address).status_code == 200


@pytest.mark.parametrize("name", ["group", "delete", "look", "groups_of"])
@pytest.mark.parametrize("pk", [10**6, 10**30])
def test_an_id_of_nobody_is_not_found(client, name, pk):
    address = reverse(f"permissions:{name}", args=[pk])
    answer = client.post(address) if name == "look" else client.get(address)
    assert answer.status_code == 404


# --- the form ----------------------------------------------------------------------------------------------------
def test_a_group_is_made(client, media):
    ewa = make_user()
    answer = client.post(f"{GROUPS}new/", {"name": "Press", "users": [ewa.pk], "categories": [media.pk]})
    assert answer.status_code == 302
    made = PermissionGroup.objects.get()
    assert (made.name, list(made.users.all()), list(made.categories.all())) == ("Press", [ewa], [media])
    assert (GroupChange.objects.get().by, GroupChange.objects.get().user.name) == ("Olga", "Olga")


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""}, {"name": "\x00"}, {"name": "x" * 5000}, {"name": "Media"}, {"users": HUGE}, {"users": "x"},
        {"categories": HUGE}, {"categories": ["", "-1"]}, {"seen": HUGE}, {"seen": "x"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_the_form(client, group, bad):
    other = factories.permission_group("Other")
    assert client.post(page_of(other), sent(other, **bad)).status_code == 422
    other.refresh_from_db()
    assert (other.name, other.revision) == ("Other", 1)


def test_the_form_says_what_its_users_will_see_while_it_is_filled_in(client, group):
    address = reverse("permissions:look", args=[group.pk])
    text = client.post(address, sent(group, users=None), headers={"HX-Request": "true"}).content.decode()
    assert "Its users will see 2 of 3 contacts" in text
    assert "see every contact" in text
    assert "Ewa" in text
    assert "<main" not in text
    assert PermissionGroup.objects.get().users.count() == 1


def test_without_scripts_a_button_says_the_same_and_saves_nothing(client, group):
    answer = client.post(page_of(group), sent(group, categories=None, look="yes"))
    assert answer.status_code == 200
    assert "its users see nobody through this group" in answer.content.decode()
    assert group.categories.count() == 1


def test_a_look_at_anything_is_no_error(client):
    for given in ({}, {"users": [HUGE, "x", "\x00"], "categories": ["\x00", "-5"], "name": "\x00"}):
        assert client.post(reverse("permissions:look_new"), given).status_code == 200


def test_what_somebody_else_changed_is_not_overwritten(client, group):
    opened = sent(group, name="Mine")
    client.post(page_of(group), sent(group, name="Theirs"))
    answer = client.post(page_of(group), opened)
    assert answer.status_code == 409
    assert "Somebody else changed this group" in answer.content.decode()
    assert PermissionGroup.objects.get().name == "Theirs"


def test_a_form_without_its_state_changes_nothing(client, group):
    assert client.post(page_of(group), sent(group, name="Mine", seen=None)).status_code == 409


def test_taking_a_user_out_of_their_last_group_has_to_be_ticked(client, group):
    ewa = group.users.get()
    answer = client.post(page_of(group), sent(group, users=None))
    assert answer.status_code == 422
    text = answer.content.decode()
    box = re.search(r'name="freed" value="([\d,]+)"', text)
    assert box
    assert box[1] == str(ewa.pk)
    assert "contact of the account (3)" in text
    assert client.post(page_of(group), sent(group, users=None, freed=box[1])).status_code == 302
    assert not group.users.exists()


def test_the_form_shows_what_was_done_to_the_group(client, group):
    client.post(page_of(group), sent(group, name="Press"))
    text = client.get(page_of(group)).content.decode()
    assert "Name: Media → Press" in text
    assert "Olga" in text


# --- deleting ----------------------------------------------------------------------------------------------------
def test_deleting_asks_with_who_would_see_everybody(client, group):
    address = reverse("permissions:delete", args=[group.pk])
    question = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "1 user is in it, and sees 2 contacts through it." in question
    assert "Ewa" in question
    assert "<main" not in question
    assert client.post(address).status_code == 422
    assert PermissionGroup.objects.exists()
    assert client.post(address, {"freed": str(group.users.get().pk)}).status_code == 302
    assert not PermissionGroup.objects.exists()
    assert "was deleted" in client.get(GROUPS).content.decode()


def test_a_group_that_frees_nobody_is_deleted_by_one_click(client):
    group = factories.permission_group("Empty")
    assert client.post(reverse("permissions:delete", args=[group.pk])).status_code == 302


# --- users -------------------------------------------------------------------------------------------------------
def test_the_list_of_users_marks_who_sees_part(client, group):
    make_user(name="Zbigniew")
    rows = client.get("/users/").content.decode().split("<tr>")
    assert ["sees part" in row for row in rows if "Ewa" in row or "Zbigniew" in row] == [True, False]


def test_the_list_of_users_takes_the_same_number_of_queries_for_any_number(
    client, group, django_assert_max_num_queries
):
    group.users.add(*(make_user() for _n in range(20)))
    with django_assert_max_num_queries(10):
        client.get("/users/")


def test_a_users_page_says_what_they_see_and_by_which_groups(client, group):
    text = client.get(reverse("users:edit", args=[group.users.get().pk])).content.decode()
    assert "Sees 2 of 3 contacts." in text
    assert page_of(group) in text
    text = client.get(reverse("users:edit", args=[make_user().pk])).content.decode()
    assert "Sees all 3 contacts." in text


def test_an_administrators_page_says_what_they_would_see_as_a_marketer(client, media):
    factories.contact()
    person = make_user("administrator")
    address = reverse("users:edit", args=[person.pk])
    assert "would go on seeing every contact: they are in no group" in client.get(address).content.decode()
    factories.permission_group("Media", users=[person], categories=[media])
    factories.permission_group("Same", users=[person], categories=[media])
    assert "would see 2 contacts, by their groups" in client.get(address).content.decode()
    person.permission_groups.all()[1].delete()
    person.permission_groups.get().categories.clear()
    assert "would see 0 contacts, by their groups" in client.get(address).content.decode()
    client.post(address, {"email": person.email, "name": person.name, "role": "marketer"})
    assert "Sees 0 of 3 contacts." in client.get(address).content.decode()


def test_the_groups_of_a_user_are_chosen_and_leaving_the_last_is_ticked(client, group):
    ewa = group.users.get()
    address = reverse("permissions:groups_of", args=[ewa.pk])
    other = factories.permission_group("Other")
    assert client.post(address, {"groups": [group.pk, other.pk], "seen": str(group.pk)}).status_code == 302
    assert other.users.get() == ewa
    opened = {"seen": f"{group.pk},{other.pk}"}
    answer = client.post(address, opened)
    assert answer.status_code == 422
    assert "let this user see every contact" in answer.content.decode()
    assert client.post(address, {"freed": str(ewa.pk), **opened}).status_code == 302
    assert not ewa.permission_groups.exists()


def seen_in(answer):
    return re.search(r'name="seen" value="([\d,-]+)"', answer.content.decode())[1]


@pytest.mark.parametrize("before", [True, False])
def test_groups_of_a_user_that_somebody_else_changed_are_not_overwritten(client, client_for, group, before):
    ewa, other = group.users.get() if before else make_user(), factories.permission_group("Other")
    address = reverse("permissions:groups_of", args=[ewa.pk])
    mine = {"groups": [group.pk], "seen": seen_in(client.get(address))}
    theirs = {"groups": [other.pk], "seen": mine["seen"]}
    assert client_for(make_user("administrator")).post(address, theirs).status_code == 302
    answer = client.post(address, mine)
    assert answer.status_code == 409
    assert "Somebody else changed the groups of this user" in answer.content.decode()
    assert list(ewa.permission_groups.all()) == [other]
    again = {"groups": [group.pk], "seen": seen_in(client.get(address))}
    assert client.post(address, again).status_code == 302
    assert list(ewa.permission_groups.all()) == [group]


@pytest.mark.parametrize("seen", [None, "", "x", HUGE, "\x00", "1,2"])
def test_groups_chosen_on_nobody_knows_what_are_not_set(client, group, seen):
    given = {"groups": [], "freed": str(group.users.get().pk), "seen": seen}
    given = {name: value for name, value in given.items() if value is not None}
    address = reverse("permissions:groups_of", args=[group.users.get().pk])
    assert client.post(address, given).status_code == 409
    assert group.users.exists()


@pytest.mark.parametrize("groups", [HUGE, "x", "\x00", "-1"])
def test_a_group_of_nobody_is_refused(client, group, groups):
    answer = client.post(reverse("permissions:groups_of", args=[make_user().pk]), {"groups": groups, "seen": "-"})
    assert answer.status_code == 422


def test_a_new_user_is_in_the_groups_chosen_from_the_start(client, group, account):
    given = {"email": "new@example.com", "name": "New", "role": "marketer", "language": "en", "groups": [group.pk]}
    assert client.post("/users/new/", given).status_code == 302
    assert list(User.objects.get(email="new@example.com").permission_groups.all()) == [group]
    assert GroupChange.objects.get().detail == {"users_in": ["New"]}
    assert len(mail.outbox) <= 1


def test_a_new_user_whose_group_has_just_gone_is_not_made(client, group, monkeypatch):
    given = {"email": "new@example.com", "name": "New", "role": "marketer", "language": "en", "groups": [10**6]}
    assert client.post("/users/new/", given).status_code == 422
    assert not User.objects.filter(email="new@example.com").exists()


def test_ones_own_profile_says_what_one_sees_without_telling_of_the_rest(client_for, group):
    text = client_for(group.users.get()).get("/profile/").content.decode()
    assert "You see 2 contacts." in text
    assert "Media" in text
    assert not re.search(r"\b3 contacts", text)
    assert page_of(group) not in text


def test_the_frame_says_that_one_sees_part(client_for, group):
    text = client_for(group.users.get()).get("/contacts/").content.decode()
    assert "Part of the contacts: Media" in text
    assert "Part of the contacts" not in client_for(make_user()).get("/contacts/").content.decode()


def test_a_category_below_another_named_one_is_not_named_besides(client_for, media):
    below = factories.category("media/press")
    group = factories.permission_group("Both", users=[make_user()], categories=[media, below])
    assert "Part of the contacts: Media<" in client_for(group.users.get()).get("/tags/").content.decode()


def test_what_changes_holds_at_the_next_request(client, client_for, group):
    ewa = group.users.get()
    browser = client_for(ewa)
    [hidden] = [pk for pk in contacts_of() if browser.get(f"/contacts/{pk}/").status_code == 404]
    factories.permission_group("More", users=[ewa], categories=[factories.category("more")])
    category = factories.category("more")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tags_contactcategory (category_id, contact_id, assigned_at) VALUES (%s, %s, now())",
            [category.pk, hidden],
        )
    assert browser.get(f"/contacts/{hidden}/").status_code == 200
    seen = ",".join(map(str, ewa.permission_groups.values_list("pk", flat=True)))
    address = reverse("permissions:groups_of", args=[ewa.pk])
    assert client.post(address, {"groups": [group.pk], "seen": seen}).status_code == 302
    assert browser.get(f"/contacts/{hidden}/").status_code == 404


def contacts_of():
    from contacts.models import Contact

    return list(Contact.objects.values_list("pk", flat=True))
