"""The promises of conftest.py."""

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from users.models import User


@pytest.mark.parametrize("run", [1, 2])
def test_a_test_begins_in_acme_and_leaves_nothing(run, db, make_user):
    assert connection.schema_name == "acme"
    assert User.objects.count() == 0
    make_user("owner")


@pytest.mark.parametrize("run", [1, 2])
def test_commits_are_cleaned_up(run, committed, make_user, other_account):
    assert User.objects.count() == 0
    make_user("owner")
    with tenant_context(other_account):
        make_user("owner")
    assert not connection.in_atomic_block


@pytest.mark.django_db
def test_the_marker_alone_enters_the_account():
    assert connection.schema_name == "acme"


@pytest.mark.django_db
def test_the_marker_gives_way_to_commits(committed):
    assert connection.schema_name == "acme"
    assert not connection.in_atomic_block


def test_other_account_sees_nothing_of_ours(user, other_account):
    with tenant_context(other_account):
        assert User.objects.count() == 0
    assert User.objects.count() == 1


def test_the_application_is_no_superuser(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        superuser, creates_databases = cursor.fetchone()
    assert not superuser
    assert creates_databases
