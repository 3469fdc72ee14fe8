"""Contact tokens: who a visitor of the customer's site is, signed, so that no page can pass for somebody else.

    v1.KEY.BODY.SIGNATURE
    BODY       base64url of "EXPIRES:WAY:VALUE": seconds since 1970; "id", "external_id" or "email"; the contact's
    SIGNATURE  base64url of HMAC-SHA-256, by the site's secret, over "v1.KEY.BODY"

A shop makes them itself (docs/tracker.md has the code); the API and `manage.py tracker token` do, too.
"""

import hmac
import re
import secrets
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

VERSION = "v1"
WAYS = ("id", "external_id", "email")
TEST = "test"  # of the test page: everything is checked, nothing stored
DAYS = 30  # unless told otherwise
LONGEST_LIFE = timedelta(days=400)  # a token that never ends would outlive every mail it was ever sent in
LONGEST = 1200
TOKEN = re.compile(r"v1\.([a-z]{12})\.([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{43})")
BODY = re.compile(r"([0-9]{1,12}):(id|external_id|email|test):(.{0,254})", re.DOTALL)


class TokenError(Exception):
    """It is no token of this site, or its time is over (`expired`)."""

    def __init__(self, *, expired: bool = False) -> None:
        self.expired = expired
        super().__init__("expired" if expired else "not of this site")


class Named(NamedTuple):
    """Whom a token names: by `id`, `external_id` or `email`; or `test`."""

    way: str
    value: str


def fresh_key() -> str:
    """A site's public name: letters by chance, so that sites can't be counted through."""
    return "".join(secrets.choice(string.ascii_lowercase) for _letter in range(12))


def fresh_secret() -> str:
    """256 bits by chance, as text: its UTF-8 bytes are the key of the HMAC."""
    return f"track_{secrets.token_urlsafe(32)}"


def signed(named: Named, *, key: str, secret: str, expires: datetime) -> str:
    """The token."""
    body = f"{int(expires.timestamp())}:{named.way}:{named.value}"
    head = f"{VERSION}.{key}.{encoded(body.encode())}"
    return f"{head}.{mark(head, secret)}"


def read(token: object, *, key: str, keys: Sequence[str], now: datetime) -> Named:
    """Whom it names. `keys`: the secrets that hold at `now`. Raises: TokenError."""
    found = TOKEN.fullmatch(token) if isinstance(token, str) and len(token) <= LONGEST else None
    if found is None or found[1] != key:
        raise TokenError
    head = f"{VERSION}.{key}.{found[2]}"
    if not any(hmac.compare_digest(mark(head, secret), found[3]) for secret in keys):
        raise TokenError
    try:
        body = BODY.fullmatch(decoded(found[2]).decode())
    except ValueError as error:
        raise TokenError from error
    if body is None:
        raise TokenError
    left = int(body[1]) - now.timestamp()
    if left <= 0:
        raise TokenError(expired=True)
    if left > LONGEST_LIFE.total_seconds():
        raise TokenError
    return Named(body[2], body[3])


def mark(head: str, secret: str) -> str:
    return encoded(hmac.new(secret.encode(), head.encode(), sha256).digest())


def encoded(given: bytes) -> str:
    return urlsafe_b64encode(given).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
