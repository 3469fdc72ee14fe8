"""Secrets of endpoints, and the signature by which a receiver knows that a request is ours and of now."""

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

HEADER = "Sito-Signature"


def fresh_secret() -> str:
    """A new one: 256 bits by chance."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def signature(body: bytes, *, keys: Iterable[str], at: datetime) -> str:
    """The header's value: the moment, and for each secret in force HMAC-SHA-256 over `moment.body`."""
    moment = int(at.timestamp())
    signed = b"%d.%s" % (moment, body)
    marks = [hmac.new(key.encode(), signed, sha256).hexdigest() for key in keys]
    return ",".join([f"t={moment}", *(f"v1={mark}" for mark in marks)])
