"""Programs of customers at a server that really runs: the client, and ways to it that fail."""

import json
import socket
import struct
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from sito_client import Sito

from api.models import Scope
from api.services import create_key
from tests.support.people import make_user
from tests.support.receiver import Receiver
from users.models import User


def sito_at(site: str, *scopes: str, by: User | None = None, through: str = "", **more: Any) -> Sito:
    """The client at a live site, with a new key; `through`: another address that leads there."""
    made = create_key(name="Shop", scopes=scopes or Scope.values, acts_for=by or make_user("owner"), now=timezone.now())
    parts = urlsplit(site)
    assert parts.hostname
    client = Sito(
        through or f"http://localhost:{parts.port}",
        made.token,
        headers={"Host": parts.netloc},  # what the account's name leads to is left to DNS
        **more,
    )
    client.sleep = lambda _seconds: None
    return client


def cut(handler: Any) -> None:
    """Ends the connection without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def said(status: int, body: Any = None, **headers: str) -> Callable[[Any], None]:
    """An answer with a body, as JSON unless it is bytes. `Retry_After="1"` is a header."""

    def saying(handler: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return saying


def passed_on(site: str, receiver: Receiver, *, lose: bool = False) -> Callable[[Any], None]:
    """Sends a request on to the site, as a proxy does; the answer comes back, or is lost on the way."""

    def passing(handler: Any) -> None:
        url = f"http://localhost:{urlsplit(site).port}{handler.path}"
        request = urllib.request.Request(url, data=receiver.got[-1].body, method=handler.command)
        for name, value in handler.headers.items():
            request.add_header(name, value)
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, body = answer.status, answer.read()
        if lose:
            cut(handler)
            return
        said(status, body)(handler)

    return passing
