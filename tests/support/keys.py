"""Keys of the API, and clients that bear them."""

import json
from itertools import count
from typing import Any

from django.db import connection
from django.utils import timezone

from api.models import ApiKey, Scope
from api.services import create_key
from tests.support.people import AccountClient, make_user
from users.models import User

_numbers = count(1)


class KeyClient(AccountClient):
    """Sends a key and JSON: `client.send("post", "/contacts", {"items": []})` answers with status and what was said."""

    def __init__(self, token: str, key: ApiKey, *, host: str | None = None) -> None:
        self.token, self.key = token, key
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        super().__init__(headers={"host": host or f"{connection.tenant.schema_name}.testserver", **bearer})
        self.raise_request_exception = False

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response; `body` is sent as JSON, bytes as they are. `Idempotency_Key="x"` is a header."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = given.pop("Content-Type", "application/json")
        return self.generic(method.upper(), f"/api/v1{path}", data, content_type=kind, headers=given)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        response = self.ask(method, path, body, **headers)
        return response.status_code, response.json() if response.content else None


def key_client(user: User | None = None, *scopes: str, host: str | None = None, **fields: Any) -> KeyClient:
    """A client with a new key of the user (an owner, if none is given), with all scopes unless some are named."""
    made = create_key(
        name=fields.pop("name", f"Key {next(_numbers)}"),
        scopes=scopes or Scope.values,
        acts_for=user or make_user("owner"),
        now=fields.pop("now", timezone.now()),
        **fields,
    )
    return KeyClient(made.token, made.key, host=host)
