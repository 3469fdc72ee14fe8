"""The two accounts every test run has."""

from django.db import connection

from accounts.models import Account, Domain

ACCOUNTS: dict[str, Account] = {}


def make_accounts() -> None:
    """Make those missing; with `--reuse-db` they are there, and migrated anew where they need it."""
    for name in ("acme", "other"):
        ACCOUNTS[name] = Account.objects.filter(schema_name=name).first() or _made(name)


def _made(name: str) -> Account:
    account = Account(schema_name=name, name=name.title())
    account.save(verbosity=0)
    Domain.objects.create(tenant=account, domain=f"{name}.testserver", is_primary=True)
    Domain.objects.create(tenant=account, domain=f"{name}.localhost", is_primary=False)  # for browsers
    return account


def bare_account(name: str) -> Account:
    """An account with a schema that holds next to nothing: enough to be deleted, and made in no time."""
    account = Account(schema_name=name, name=name.title())
    account.auto_create_schema = False
    account.save()
    Domain.objects.create(tenant=account, domain=f"{name}.localhost", is_primary=True)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {name} CREATE TABLE held (id int)")
    return account
