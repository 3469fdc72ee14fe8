"""What other apps do when an account comes or goes: explicit lists, filled in their AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account


@dataclass(frozen=True)
class Owner:
    """Who will own a new account."""

    email: str
    name: str
    password: str
    language: str


@dataclass(frozen=True)
class Consequence:
    """What new settings would do to something that stands, in words; `url`: that."""

    text: str
    url: str


checks: list[Callable[[Owner], None]] = []  # called before anything is made; raise ValidationError
created: list[Callable[[Account, Owner], None]] = []  # called inside the new account, in the transaction that makes it
deleted: list[Callable[[Account, datetime], None]] = []  # before its schema is dropped; must bear being called twice
# Called with the account as it is and, unsaved, as it would be: what its administrators have to agree to first.
settings_consequences: list[Callable[[Account, Account], list[Consequence]]] = []


def consequences_of(before: Account, after: Account) -> list[Consequence]:
    """All that the settings of `after` would do."""
    return [each for told in settings_consequences for each in told(before, after)]
