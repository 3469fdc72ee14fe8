"""Users, and browsers they are signed in with."""

from itertools import count
from typing import Any

from django.db import connection
from django.test import Client

from users.models import User

PASSWORD = "correct horse battery"
_numbers = count(1)


def make_user(role: str = "marketer", **fields: Any) -> User:
    fields.setdefault("email", f"{role}{next(_numbers)}@example.com")
    fields.setdefault("name", role.title())
    password = fields.pop("password", PASSWORD)
    user = User(role=role, **fields)
    user.set_password(password)
    user.save()
    return user


class AccountClient(Client):
    """Sends the account's host name, and leaves the test in the account it was in."""

    def request(self, **request: Any) -> Any:
        before = connection.tenant
        try:
            return super().request(**request)
        finally:
            connection.set_tenant(before)


def client_for(user: User | None, *, host: str | None = None) -> AccountClient:
    """A client of the account the test is in now, unless `host` names another."""
    client = AccountClient(headers={"host": host or f"{connection.tenant.schema_name}.testserver"})
    if user is not None:
        client.force_login(user, backend="users.backends.EmailBackend")
    return client
