"""Permission groups: making, changing, deleting them; who would see everybody is agreed to; what moves change."""

from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import ProtectedError
from pyroaring import BitMap

from contacts.services import LostUpdateError
from contacts.sight import sees
from permissions import selectors, services
from permissions.models import GroupChange, PermissionGroup
from permissions.services import Doer, FreedError
from permissions.words import lines
from tags import categories
from tags.hooks import said_of_move
from tags.models import Category
from tags.usage import InUseError, uses_of
from tests import factories
from tests.factories import NOW
from tests.support.people import make_user
from users.models import Role

pytestmark = pytest.mark.django_db
DOER = Doer(NOW, "Ola")


@pytest.fixture
def tree():
    people = [factories.contact() for _n in range(6)]
    return {
        "media": factories.category("media", *people[:1]),
        "press": factories.category("media/press", *people[1:3]),
        "local": factories.category("media/press/local", people[3]),
        "shop": factories.category("shop", people[4], people[1]),
    }, [each.pk for each in people]


def edited(group, **given):
    """The group with these things changed and the rest as it is."""
    now = {
        "name": group.name,
        "users": list(group.users.values_list("pk", flat=True)),
        "categories": selectors.categories_named(group),
        "seen": PermissionGroup.objects.get(pk=group.pk).revision,
        "doer": DOER,
    }
    return services.edit_group(group, **{**now, **given})


# --- making, changing, deleting -----------------------------------------------------------------------------------
def test_a_new_group_is_in_force_at_once_and_noted(tree):
    places, people = tree
    ewa = make_user(name="Ewa")
    group = services.create_group(
        "  Media  team ", users=[ewa.pk], categories=[places["press"].pk], doer=Doer(NOW, "Ola", make_user("owner"))
    )
    assert group.name == "Media team"
    assert sees(ewa) == BitMap(people[1:4])
    [line] = lines(GroupChange.objects.all())
    assert (line.by, line.title) == ("Ola", "The group “Media team” was created.")
    assert line.sentences == ["Users put in: Ewa", "Categories added: Media / Press"]


@pytest.mark.parametrize("name", ["", "  ", "\u202e", "x" * 121, "MEDIA", " media "])
def test_a_name_is_needed_and_free_whatever_its_case(name):
    factories.permission_group("Media")
    with pytest.raises(ValidationError) as refused:
        services.create_group(name, users=[], categories=[], doer=DOER)
    assert "name" in refused.value.error_dict


@pytest.mark.parametrize(("what", "ids"), [("users", {"users": [10**9]}), ("categories", {"categories": [10**9]})])
def test_who_or_what_is_gone_is_refused(what, ids):
    with pytest.raises(ValidationError) as refused:
        services.create_group("Media", **{"users": [], "categories": [], **ids}, doer=DOER)
    assert what in refused.value.error_dict
    assert not PermissionGroup.objects.exists()


def test_a_change_is_noted_with_what_it_changed_and_nothing_else(tree):
    places, _people = tree
    ewa, jan = make_user(name="Ewa"), make_user(name="Jan")
    group = factories.permission_group("Media", users=[ewa, jan], categories=[places["media"]])
    factories.permission_group("Other", users=[jan])
    edited(group, name="Press", users=[ewa.pk], categories=[places["press"].pk])
    [line] = lines(GroupChange.objects.all())
    assert line.sentences == [
        "Name: Media → Press", "Users taken out: Jan", "Categories added: Media / Press", "Categories taken off: Media"
    ]  # fmt: skip
    assert PermissionGroup.objects.get(pk=group.pk).revision == 2


def test_nothing_changed_is_nothing_noted_and_no_lost_update_for_others():
    group = factories.permission_group("Media", users=[make_user()])
    edited(group)
    assert not GroupChange.objects.exists()
    assert PermissionGroup.objects.get(pk=group.pk).revision == 1


def test_what_somebody_else_changed_meanwhile_is_not_overwritten():
    group = factories.permission_group("Media")
    edited(group, name="Theirs")
    with pytest.raises(LostUpdateError):
        edited(group, name="Mine", seen=1)
    assert PermissionGroup.objects.get().name == "Theirs"


def test_a_user_put_into_a_group_elsewhere_is_such_a_change():
    group = factories.permission_group("Media")
    services.set_groups_of(make_user(), [group.pk], seen=[], doer=DOER)
    with pytest.raises(LostUpdateError):
        edited(group, name="Mine", seen=1)


def test_who_would_be_in_no_group_has_to_be_agreed_to():
    ewa, jan, owner = make_user(), make_user(), make_user("owner")
    group = factories.permission_group("Media", users=[ewa, jan, owner])
    factories.permission_group("Other", users=[jan])
    with pytest.raises(FreedError) as refused:
        edited(group, users=[])
    assert refused.value.users == [ewa]
    assert sees(ewa) is not None
    edited(group, users=[], freed=[ewa.pk])
    assert sees(ewa) is None
    assert sees(jan) == BitMap()
    assert GroupChange.objects.get().detail["freed"] == [str(ewa)]


def test_agreeing_to_one_is_not_agreeing_to_another():
    ewa, jan = make_user(), make_user()
    group = factories.permission_group("Media", users=[ewa, jan])
    with pytest.raises(FreedError):
        edited(group, users=[], freed=[ewa.pk])


def test_deleting_frees_those_of_the_group_alone_and_leaves_a_line():
    ewa, jan = make_user(name="Ewa"), make_user(name="Jan")
    group = factories.permission_group("Media", users=[ewa, jan])
    factories.permission_group("Other", users=[jan])
    with pytest.raises(FreedError):
        services.delete_group(group, doer=DOER)
    services.delete_group(group, freed=[ewa.pk], doer=DOER)
    [line] = lines(selectors.changes())
    assert line.title == "The group “Media” was deleted."
    assert "See every contact from then on: Ewa" in line.sentences


def test_the_groups_of_one_user_are_set_together_each_with_its_line():
    ewa = make_user(name="Ewa")
    old, kept, new = (factories.permission_group(name) for name in ("Old", "Kept", "New"))
    for group in (old, kept):
        group.users.add(ewa)
    services.set_groups_of(ewa, [kept.pk, new.pk], seen=[old.pk, kept.pk], doer=DOER)
    assert {group.name for group in PermissionGroup.objects.filter(users=ewa)} == {"Kept", "New"}
    assert {(change.name, *change.detail) for change in GroupChange.objects.all()} == {
        ("Old", "users_out"),
        ("New", "users_in"),
    }


def test_taking_somebody_out_of_all_groups_has_to_be_agreed_to():
    ewa = make_user()
    media = factories.permission_group("Media", users=[ewa])
    with pytest.raises(FreedError):
        services.set_groups_of(ewa, [], seen=[media.pk], doer=DOER)
    services.set_groups_of(ewa, [], seen=[media.pk], freed=[ewa.pk], doer=DOER)
    assert sees(ewa) is None


def test_an_owner_is_freed_by_nothing():
    owner = make_user(Role.OWNER)
    group = factories.permission_group("Media", users=[owner])
    services.delete_group(group, doer=DOER)
    assert not PermissionGroup.objects.exists()


def test_two_who_take_somebody_out_of_two_groups_at_once_free_nobody_unasked(committed):
    ewa = make_user()
    groups = [factories.permission_group(name, users=[ewa]) for name in ("One", "Two")]
    tenant, refused = connection.tenant, []

    def leave(group) -> None:
        connection.set_tenant(tenant)
        try:
            services.edit_group(group, name=group.name, users=[], categories=[], seen=1, doer=DOER)
        except FreedError:
            refused.append(group)
        finally:
            connection.close()

    threads = [Thread(target=leave, args=[group]) for group in groups]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert sees(ewa) is not None


# --- what groups show -----------------------------------------------------------------------------------------------
def test_the_list_counts_each_groups_contacts_once(tree):
    places, _people = tree
    factories.permission_group("A", categories=[places["press"], places["shop"], places["local"]])
    factories.permission_group("B")
    assert [(row.group.name, row.contacts) for row in selectors.listed()] == [("A", 4), ("B", 0)]


def test_the_list_takes_the_same_number_of_queries_for_any_number_of_groups(tree, django_assert_max_num_queries):
    places, _people = tree
    for n in range(12):
        factories.permission_group(f"G{n}", users=[make_user(), make_user()], categories=list(places.values())[: n % 4])
    selectors.listed()
    with django_assert_max_num_queries(7):
        assert len(selectors.listed()) == 12


def test_what_a_group_would_show_says_whom_it_narrows_and_frees(tree):
    places, _people = tree
    ewa, jan, ola, boss = (make_user(role, name=name) for role, name in [
        ("marketer", "Ewa"), ("marketer", "Jan"), ("analyst", "Ola"), ("administrator", "Boss")
    ])  # fmt: skip
    group = factories.permission_group("Media", users=[ewa])
    factories.permission_group("Other", users=[ola])
    reach = selectors.reach([places["press"].pk], [jan.pk, ola.pk, boss.pk], group=group)
    assert (reach.contacts, reach.total) == (3, 6)
    assert (reach.narrowed, reach.freed, reach.unbound) == ([jan], [ewa], [boss])


# --- the tree of categories -----------------------------------------------------------------------------------------
def test_a_category_that_a_group_names_cannot_be_deleted():
    empty = factories.category("empty")
    group = factories.permission_group("Media", categories=[empty])
    assert [(use.name, use.administrators) for use in uses_of(empty)] == [("Media", True)]
    with pytest.raises(InUseError):
        categories.delete_category(Category.objects.get(pk=empty.pk))
    with pytest.raises(ProtectedError):
        Category.objects.filter(pk=empty.pk).delete()
    group.categories.clear()
    assert uses_of(empty) == []


def test_a_move_out_of_sight_says_whom_it_takes_contacts_from(tree):
    places, _people = tree
    factories.permission_group("Media", categories=[places["media"]])
    factories.permission_group("Shop too", categories=[places["media"], places["shop"]])
    assert said_of_move(places["press"], places["shop"]) == [
        "The permission group “Media” no longer shows this category: its users lose 3 contacts.",
    ]
    assert said_of_move(places["press"], None)[1] == (
        "The permission group “Shop too” no longer shows this category: its users lose 2 contacts."
    )


def test_a_move_into_sight_says_whom_it_gives_contacts(tree):
    places, _people = tree
    factories.permission_group("Shop", categories=[places["shop"]])
    assert said_of_move(places["press"], places["shop"]) == [
        "The permission group “Shop” will show this category: its users see 2 more contacts."
    ]


@pytest.mark.parametrize("below", ["shop", None])
def test_a_category_that_a_group_names_itself_is_shown_wherever_it_stands(tree, below):
    places, _people = tree
    factories.permission_group("Press", categories=[places["press"]])
    assert said_of_move(places["press"], below and places[below]) == []


def test_what_a_group_names_within_the_moved_branch_it_keeps(tree):
    places, _people = tree
    factories.permission_group("Media", categories=[places["media"], places["local"]])
    assert said_of_move(places["press"], places["shop"]) == [
        "The permission group “Media” no longer shows this category: its users lose 2 contacts.",
    ]
