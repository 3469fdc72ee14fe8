"""Whom one area is open to."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any

PLACES = 1000  # an account's place is one of so many: tenths of a per cent


class Mode(StrEnum):
    EVERYBODY = "everybody"
    SOME = "some"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Setting:
    """What an operator decides of an area. Accounts are named by their schema.

    Nobody is nobody, the named ones too; who is left out is left out of everything else.
    """

    mode: Mode = Mode.EVERYBODY
    share: Decimal = Decimal(0)  # per cent of accounts, in tenths
    named: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()

    def admits(self, key: str, schema: str) -> bool:
        """Whether the area `key` is open to the account."""
        if self.mode is Mode.NOBODY or schema in self.left_out:
            return False
        return self.mode is Mode.EVERYBODY or schema in self.named or place_of(key, schema) < self.share * 10

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> "Setting":
        """As the log kept it."""
        share = Decimal(str(kept["share"]))
        return Setting(Mode(kept["mode"]), share, frozenset(kept["named"]), frozenset(kept["left_out"]))

    def as_json(self) -> dict[str, object]:
        """As the log keeps it."""
        return {
            "mode": self.mode.value,
            "share": float(self.share),
            "named": sorted(self.named),
            "left_out": sorted(self.left_out),
        }


@cache
def place_of(key: str, schema: str) -> int:
    """Where the account stands in the line for this area, from 0: a larger share only lets more of the line in.

    By name, so that it stays what it is; with the area's, so that it is not always the same accounts that come first.
    """
    return int.from_bytes(sha256(f"{key}:{schema}".encode()).digest()[:8]) % PLACES
