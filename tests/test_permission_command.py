"""`manage.py permissions`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from contacts.sight import sees
from permissions.models import GroupChange, PermissionGroup
from tests import factories
from tests.support.people import make_user

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = StringIO()
    call_command("permissions", args[0], "--account", "acme", *args[1:], stdout=out)
    return out.getvalue()


@pytest.fixture
def ewa():
    factories.category("media/press", factories.contact())
    factories.category("shop", factories.contact(), factories.contact())
    return make_user(email="ewa@example.com")


def test_a_group_is_made_and_listed(ewa):
    run("create", "Media", "--category", "media", "--user", "EWA@example.com")
    assert run("list") == "Media: 1 contacts\n  categories: media\n  users: ewa@example.com\n"
    assert GroupChange.objects.get().by == "manage.py permissions"


def test_a_group_is_changed(ewa):
    run("create", "Media", "--category", "media", "--user", "ewa@example.com")
    run("edit", "media", "--add-category", "shop", "--remove-category", "media")
    assert len(sees(ewa)) == 2


def test_nobody_is_freed_unasked(ewa):
    run("create", "Media", "--user", "ewa@example.com")
    for args in (["edit", "Media", "--remove-user", "ewa@example.com"], ["delete", "Media"]):
        with pytest.raises(CommandError, match=r"ewa@example\.com.*--free"):
            run(*args)
    run("delete", "Media", "--free")
    assert not PermissionGroup.objects.exists()


@pytest.mark.parametrize(
    "args",
    [
        ["create", "Media", "--user", "nobody@example.com"],
        ["create", "Media", "--category", "nowhere"],
        ["create", ""],
        ["edit", "Nothing"],
        ["delete", "Nothing"],
    ],
)
def test_what_is_not_there_is_refused(account, args):
    with pytest.raises(CommandError):
        run(*args)


def test_an_account_that_is_not_there_is_refused(account):
    with pytest.raises(CommandError, match="no account"):
        call_command("permissions", "list", "--account", "public")
