"""What users see of the contacts: as a set of ids and as rows, by their permission groups."""

import pytest
from django.contrib.auth.models import AnonymousUser
from pyroaring import BitMap

from contacts.selectors import ids_of, visible
from contacts.sight import sees, sees_all
from tags.models import ContactCategory
from tests import factories
from tests.support.people import make_user
from users.models import Role


def seen(user) -> BitMap:
    """What both ways say; they say the same."""
    ids = sees(user)
    listed = ids_of(visible(user))
    assert listed == (ids_of(visible(make_user(Role.OWNER))) if ids is None else ids)
    return listed


@pytest.fixture
def tree(db):
    people = {name: factories.contact() for name in ("media", "press", "shop", "both", "none")}
    media = factories.category("Media", people["media"])
    press = factories.category("Media/Press", people["press"], people["both"])
    shop = factories.category("Shop", people["shop"], people["both"])
    return {"media": media, "press": press, "shop": shop}, {name: each.pk for name, each in people.items()}


def test_who_is_in_no_group_sees_everybody(tree):
    user = make_user()
    assert sees(user) is None
    assert seen(user) == BitMap(tree[1].values())


def test_a_group_shows_its_categories_with_everything_below(tree):
    categories, people = tree
    user = make_user(Role.ANALYST)
    factories.permission_group("Media", users=[user], categories=[categories["media"]])
    assert seen(user) == BitMap([people["media"], people["press"], people["both"]])


def test_several_groups_show_what_any_of_them_shows(tree):
    categories, people = tree
    user = make_user()
    factories.permission_group("Press", users=[user], categories=[categories["press"]])
    factories.permission_group("Shop", users=[user], categories=[categories["shop"]])
    assert seen(user) == BitMap([people["press"], people["both"], people["shop"]])


def test_a_group_without_categories_shows_nobody_and_takes_nothing_from_another(tree):
    categories, people = tree
    user = make_user()
    factories.permission_group("Empty", users=[user])
    assert not sees_all(user)
    assert seen(user) == BitMap()
    factories.permission_group("Shop", users=[user], categories=[categories["shop"]])
    assert seen(user) == BitMap([people["shop"], people["both"]])


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMINISTRATOR])
def test_owners_and_administrators_see_everybody_whatever_their_groups(tree, role):
    categories, _people = tree
    user = make_user(role)
    factories.permission_group("Shop", users=[user], categories=[categories["shop"]])
    assert sees_all(user)


def test_nobody_signed_in_sees_nobody(tree):
    assert seen(AnonymousUser()) == BitMap()


def test_a_contact_that_moves_is_seen_or_not_at_once(tree):
    categories, people = tree
    user = make_user()
    factories.permission_group("Shop", users=[user], categories=[categories["shop"]])
    assert people["none"] not in seen(user)
    ContactCategory.objects.create(category=categories["shop"], contact_id=people["none"], assigned_at=factories.NOW)
    assert people["none"] in seen(user)
