"""The rounds of the network signal, and the key that each has of its own.

Rounds have numbers that follow from the clock, so that nothing has to be agreed on. A round's key follows from the
installation's secret, which is in no database; fingerprints of two rounds have nothing in common.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta

from django.conf import settings

from pool.models import DIGEST


def length() -> timedelta:
    return timedelta(hours=settings.NETWORK_ROUND_H)


def round_at(now: datetime) -> int:
    return int(now.timestamp() // length().total_seconds())


def begins(number: int) -> datetime:
    return datetime.fromtimestamp(number * length().total_seconds(), tz=UTC)


def some_moment(number: int) -> datetime:
    """At random in the round, so that when an account gives and asks tells nothing.

    In its first three quarters, so that whoever asks is through before others remove what is asked about.
    """
    return begins(number) + timedelta(seconds=secrets.randbelow(int(length().total_seconds() * 0.75)))


def key_of(number: int) -> bytes:
    secret = (settings.NETWORK_KEY or f"network signal {settings.SECRET_KEY}").encode()
    return hmac.digest(secret, f"round {number}".encode(), "sha256")


def digest(key: bytes, email: str) -> bytes:
    """Of an address as contacts have it: trimmed, lower case, NFC. A million take 1 s."""
    return hmac.digest(key, email.encode(), "sha256")[:DIGEST]
