"""Emptying a group of its categories: whoever would see nobody afterwards has to be agreed to."""

import re

import pytest
from django.urls import reverse

from permissions.models import PermissionGroup
from tests import factories
from tests.support.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for):
    return client_for(make_user("owner", name="Olga"))


@pytest.fixture
def ewa():
    return make_user(name="Ewa")


@pytest.fixture
def media(ewa):
    return factories.permission_group(
        "Media", users=[ewa], categories=[factories.category("media", factories.contact())]
    )


def send(client, group, **given):
    now = {
        "name": group.name,
        "users": list(group.users.values_list("pk", flat=True)),
        "categories": list(group.categories.values_list("pk", flat=True)),
        "seen": PermissionGroup.objects.get(pk=group.pk).revision,
    }
    sent = {name: value for name, value in {**now, **given}.items() if value is not None}
    return client.post(reverse("permissions:group", args=[group.pk]), sent)


def test_taking_the_only_category_from_a_group_has_to_be_ticked(client, media, ewa):
    answer = send(client, media, categories=None)
    assert answer.status_code == 422
    assert media.categories.count() == 1
    box = re.search(r'name="blinded" value="([\d,]+)"', answer.content.decode())
    assert box
    assert box[1] == str(ewa.pk)
    assert send(client, media, categories=None, blinded="999999").status_code == 422
    assert send(client, media, categories=None, blinded=box[1]).status_code == 302
    assert media.categories.count() == 0


def test_who_is_shown_contacts_by_another_group_is_not_asked_about(client, media, ewa):
    factories.permission_group("Press", users=[ewa], categories=[factories.category("press")])
    assert send(client, media, categories=None).status_code == 302


def test_who_sees_everybody_by_their_role_is_not_asked_about(client):
    media = factories.permission_group(
        "Media", users=[make_user("administrator", name="Adam")], categories=[factories.category("media")]
    )
    assert send(client, media, categories=None).status_code == 302


def test_an_empty_group_is_saved_without_being_asked_again(client, ewa):
    empty = factories.permission_group("Empty", users=[ewa], categories=[])
    assert send(client, empty, name="Nobody").status_code == 302


def test_who_sees_everybody_so_far_is_asked_about_when_put_into_an_empty_group(client):
    empty = factories.permission_group("Empty", users=[], categories=[])
    jan = make_user(name="Jan")
    assert send(client, empty, users=[jan.pk]).status_code == 422
    assert send(client, empty, users=[jan.pk], blinded=str(jan.pk)).status_code == 302


def test_both_kinds_of_change_at_once_are_both_agreed_to(client, media, ewa):
    jan = make_user(name="Jan")
    media.users.add(jan)
    agreed = {"users": [ewa.pk], "categories": None}
    first = send(client, media, **agreed).content.decode()
    assert f'name="freed" value="{jan.pk}"' in first
    second = send(client, media, **agreed, freed=str(jan.pk)).content.decode()
    assert f'<input type="hidden" name="freed" value="{jan.pk}">' in second
    assert f'name="blinded" value="{ewa.pk}"' in second
    assert send(client, media, **agreed, freed=str(jan.pk), blinded=str(ewa.pk)).status_code == 302
