"""What other apps do when an account comes or goes: explicit lists, filled in their AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import Account


@dataclass(frozen=True)
class Owner:
    """Who will own a new account."""

    email: str
    name: str
    password: str
    language: str


checks: list[Callable[[Owner], None]] = []  # called before anything is made; raise ValidationError
created: list[Callable[[Account, Owner], None]] = []  # called inside the new account, in the transaction that makes it
deleted: list[Callable[[Account], None]] = []  # called before its schema is dropped; must bear being called twice
