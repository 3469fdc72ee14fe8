"""Accounts: made whole or not at all, settings, deleted without a trace; the command."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django_tenants.utils import schema_context, tenant_context

from accounts import hooks, services
from accounts.models import Account, Domain
from accounts.services import create_account, delete_account
from accounts.timezones import timezone_names
from tests.support.accounts import bare_account
from users.models import Role, User

PASSWORD = "correct horse battery"


@pytest.fixture
def public(committed, account):
    """Outside any account, where accounts are made."""
    connection.set_schema_to_public()


@pytest.fixture
def files(tmp_path, settings, monkeypatch):
    """Files and mirror in a folder of this test."""
    settings.VAR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path


def made(schema: str = "fresh", **fields):
    given = {"name": "Fresh", "owner_email": "ala@example.com", "owner_password": PASSWORD}
    return create_account(schema=schema, **{**given, **fields})


@pytest.fixture
def bare(public):
    return bare_account("fresh")


def schemas() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace")
        return {name for (name,) in cursor.fetchall()}


# --- making ------------------------------------------------------------------------------------------------------
def test_a_new_account_has_its_schema_hosts_and_an_owner_who_signs_in(committed, account, settings):
    account = made(domains=["Segments.Example.com"], timezone="America/New_York", currency="USD", language="pl")
    hosts = account.domains.order_by("-is_primary", "pk").values_list("domain", flat=True)
    assert list(hosts) == [f"fresh.{settings.SITE_DOMAIN}", "segments.example.com"]
    assert "fresh" in schemas()
    assert (account.timezone, account.currency, account.language) == ("America/New_York", "USD", "pl")
    with tenant_context(account):
        owner = User.objects.get()
        assert (owner.email, owner.role, owner.language) == ("ala@example.com", Role.OWNER, "pl")
        assert owner.check_password(PASSWORD)
    assert connection.schema_name == "acme", "making leaves the caller where it was"
    client = Client(headers={"host": f"fresh.{settings.SITE_DOMAIN}"})
    assert client.post("/login/", {"username": "ALA@example.com", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    "name",
    ["", "a", "Acme", "my-shop", "my_shop", "1shop", "shop ", "żółw", "a" * 41, "shop;drop", "shop.pl", "sho\np"],
)
def test_a_name_that_is_no_host_label_and_schema_is_refused(public, name):
    with pytest.raises(ValidationError, match="small letters and digits"):
        made(name)


@pytest.mark.parametrize("name", ["public", "www", "admin", "static", "pgcatalog", "pg1", "api"])
def test_a_reserved_name_is_refused(public, name):
    with pytest.raises(ValidationError, match="reserved"):
        made(name)


def test_a_taken_name_is_refused(public):
    with pytest.raises(ValidationError, match="already an account “acme”"):
        made("acme")


def test_a_schema_of_nobody_is_not_taken_over(public):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA leftover")
    with pytest.raises(ValidationError, match="belongs to no account"):
        made("leftover")


def test_a_taken_host_is_refused_and_nothing_is_made(public):
    with pytest.raises(ValidationError, match="leads to another account"):
        made(domains=["acme.testserver"])
    assert "fresh" not in schemas()


@pytest.mark.parametrize("host", ["no spaces", "http://x.pl", "x.pl:80", "-x.pl", ""])
def test_what_is_no_host_is_refused(public, host):
    with pytest.raises(ValidationError, match="not a host name"):
        made(domains=[host])


@pytest.mark.parametrize(
    "fields",
    [
        {"owner_email": "not an address"},
        {"owner_password": "short"},
        {"timezone": "Mars/Olympus"},
        {"currency": "zł"},
        {"language": "de"},
        {"name": ""},
    ],
)
def test_bad_data_leaves_nothing_behind(public, fields):
    with pytest.raises(ValidationError):
        made(**fields)
    assert "fresh" not in schemas()
    assert not Account.objects.filter(schema_name="fresh").exists()
    assert not Domain.objects.filter(domain__startswith="fresh").exists()


def test_a_failure_at_the_very_end_leaves_nothing_behind(public, monkeypatch):
    def fail(account, owner):
        raise RuntimeError

    monkeypatch.setattr(hooks, "created", [*hooks.created, fail])
    with pytest.raises(RuntimeError):
        made()
    assert "fresh" not in schemas()
    assert not Account.objects.filter(schema_name="fresh").exists()
    services.refuse_taken("fresh", ["fresh.localhost"])  # and the name is free


@pytest.mark.parametrize(("email", "password"), [("nobody", PASSWORD), ("ala@example.com", "short")])
def test_an_owner_who_could_not_be_one_is_refused_before_anything_is_made(public, monkeypatch, email, password):
    monkeypatch.setattr(Account, "save", lambda *_given, **_more: pytest.fail("made"))
    with pytest.raises(ValidationError):
        made(owner_email=email, owner_password=password)


# --- the database's own checks -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "fields", [{"engagement_days": 0}, {"engagement_days": 4000}, {"currency": "pln"}, {"language": "de"}]
)
def test_the_database_refuses_bad_settings(public, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(schema_name="acme").update(**fields)


# --- deleting ----------------------------------------------------------------------------------------------------
def test_deleting_removes_schema_hosts_files_and_mirror(bare, files):
    for folder in (files / "files" / "fresh", files / "mirror" / "fresh", files / "files" / "acme"):
        folder.mkdir(parents=True)
        (folder / "kept.csv").write_text("1")
    delete_account(bare)
    assert "fresh" not in schemas()
    assert not Account.objects.filter(schema_name="fresh").exists()
    assert not Domain.objects.filter(domain__startswith="fresh").exists()
    assert not (files / "files" / "fresh").exists()
    assert not (files / "mirror" / "fresh").exists()
    assert (files / "files" / "acme" / "kept.csv").exists()


def test_deleting_that_failed_half_way_is_finished_by_the_next_call(bare, files, monkeypatch):
    (files / "files" / "fresh").mkdir(parents=True)

    def fail(folder):
        raise OSError("busy")

    monkeypatch.setattr(services.shutil, "rmtree", fail)
    with pytest.raises(OSError, match="busy"):
        delete_account(bare)
    assert Client(headers={"host": "fresh.localhost"}).get("/login/").status_code == 404  # closed at once
    monkeypatch.undo()
    delete_account(Account.objects.get(schema_name="fresh"))
    assert "fresh" not in schemas()
    assert not (files / "files" / "fresh").exists()


# --- files -------------------------------------------------------------------------------------------------------
def test_each_account_has_a_folder_of_its_own(account, other_account, files):
    name = default_storage.save("exports/a.csv", ContentFile(b"1"))
    assert Path(default_storage.path(name)) == files / "files" / "acme" / "exports" / "a.csv"
    with tenant_context(other_account):
        assert not default_storage.exists("exports/a.csv")


@pytest.mark.parametrize("name", ["../other/a.csv", "/etc/passwd", "exports/../../other/a.csv"])
def test_a_file_never_leaves_the_accounts_folder(account, files, name):
    with pytest.raises(SuspiciousFileOperation):
        default_storage.open(name)


def test_outside_an_account_there_are_no_files(account, files):
    with schema_context("public"), pytest.raises(SuspiciousFileOperation):
        default_storage.exists("a.csv")


# --- the command -------------------------------------------------------------------------------------------------
def run(*arguments: str) -> str:
    out = StringIO()
    call_command("account", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_makes_an_account_and_prints_a_password_that_works(public):
    said = run("create", "fresh", "--name", "Świeża", "--owner-email", "ala@example.com", "--domain", "x.example")
    assert "Hosts: fresh.localhost, x.example" in said
    password = said.split("Password: ")[1].strip()
    with tenant_context(Account.objects.get(schema_name="fresh")):
        assert User.objects.get().check_password(password)


def test_the_command_does_not_print_a_password_that_was_given(public):
    said = run("create", "fresh", "--owner-email", "ala@example.com", "--password", PASSWORD)
    assert PASSWORD not in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["acme", "--owner-email", "a@example.com"], "already an account"),
        (["fresh", "--owner-email", "nobody"], "email: Enter a valid email address."),
        (["fresh", "--owner-email", "a@example.com", "--timezone", "Mars"], "timezone: There is no time zone “Mars”"),
    ],
)
def test_the_command_refuses_in_one_sentence(public, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run("create", *arguments)


def test_the_command_lists_accounts_a_line_each(public):
    lines = run("list").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["acme", "other"]
    assert "acme.localhost,acme.testserver" in lines[0]


def test_the_command_deletes_only_when_the_name_is_typed(bare, files, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: "fersh")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        run("delete", "fresh")
    assert "fresh" in schemas()
    monkeypatch.setattr("builtins.input", lambda _question: "fresh")
    assert "is deleted" in run("delete", "fresh")
    assert "fresh" not in schemas()


def test_the_command_deletes_without_asking_when_confirmed(bare, files, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: pytest.fail("asked"))
    with pytest.raises(CommandError, match="Nothing was deleted"):
        run("delete", "fresh", "--confirm", "other")
    run("delete", "fresh", "--confirm", "fresh")
    assert "fresh" not in schemas()


def test_the_command_deletes_nothing_when_nobody_can_type(bare, files, monkeypatch):
    def nobody(_question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(CommandError, match="Nothing was deleted"):
        run("delete", "fresh")


def test_the_command_says_that_there_is_no_such_account(public):
    with pytest.raises(CommandError, match="There is no account “nobody”"):
        run("delete", "nobody")


# --- settings ----------------------------------------------------------------------------------------------------
GOOD = {"name": "Optyk", "timezone": "Asia/Tokyo", "currency": "eur", "language": "pl", "engagement_days": 60}


def test_an_administrator_changes_the_settings(client_for, administrator, account):
    response = client_for(administrator).post("/account/", GOOD)
    assert (response.status_code, response["Location"]) == (302, "/account/")
    saved = Account.objects.get(pk=account.pk)
    assert (saved.name, saved.timezone, saved.currency, saved.engagement_days) == ("Optyk", "Asia/Tokyo", "EUR", 60)


def test_times_are_shown_in_the_new_zone_at_once(client_for, owner):
    client = client_for(owner)
    client.post("/account/", GOOD)
    assert 'value="Asia/Tokyo"' in client.get("/account/").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "There is no time zone “Mars/Olympus”"),
        ("timezone", "Europe/Warsaw\x00", "Null characters"),
        ("currency", "złoty", "three capital letters"),
        ("currency", "12A", "three capital letters"),
        ("engagement_days", "0", "from 1 to 3650"),
        ("engagement_days", "99999", "from 1 to 3650"),
        ("engagement_days", "ninety", "whole number"),
        ("name", " ", "Type the account&#x27;s name."),
        ("language", "de", "valid choice"),
    ],
)
def test_bad_settings_are_refused_at_the_field(client_for, owner, account, field, value, said):
    response = client_for(owner).post("/account/", {**GOOD, field: value})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert '<form method="post" novalidate>' in response.content.decode(), "the browser's language is another"
    assert Account.objects.get(pk=account.pk).name == "Acme"


@pytest.mark.parametrize("role", ["marketer", "analyst"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_others_neither_see_nor_change_settings(client_for, make_user, role, method):
    assert getattr(client_for(make_user(role)), method)("/account/", GOOD).status_code == 403


def test_every_zone_is_offered(client_for, owner):
    html = client_for(owner).get("/account/").content.decode()
    assert 'list="id_timezone_zones"' in html
    assert html.count("<option value=") >= len(timezone_names())
    assert "Europe/Warsaw" in timezone_names()
    assert "UTC" in timezone_names()
