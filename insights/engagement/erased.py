"""Contacts erased since a day of the past: numbers without names, by what their proofs say.

When somebody is erased the proof notes whether they were engaged within a few windows, one bit each: their facts are
gone with them, and without it nobody could say what became of a group. docs/engagement.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils.dateparse import parse_datetime

from accounts.models import Account
from activities.selectors import engagement, window_start
from contacts.erasing.models import Erasure
from contacts.models import Contact

NAME, ALL = "engaged", "all"
EPOCH, US = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
WINDOWS = (30, 60, 90)  # and the account's
ENGAGED, UNENGAGED = "engaged", "unengaged"


def witness(contact: Contact, now: datetime) -> dict[str, bool]:
    """Whether the contact is engaged within each window, by its length in days."""
    account = Account.objects.get(schema_name=connection.schema_name)  # type: ignore[attr-defined]
    windows = sorted({*WINDOWS, account.engagement_days})
    last = engagement(contact, days=windows[0], now=now, zone=account.zone).last
    return {
        str(days): last is not None and last.row.at >= window_start(days, now=now, zone=account.zone)
        for days in windows
    }


def state_of(bits: dict[str, bool], days: int) -> str | None:
    """The group in a window, by what is known of others: engaged in a longer one is who was in a shorter one."""
    told = {int(window): engaged for window, engaged in bits.items()}
    if any(engaged and window <= days for window, engaged in told.items()):
        return ENGAGED
    return UNENGAGED if any(not engaged and window >= days for window, engaged in told.items()) else None


@dataclass(frozen=True)
class Erased:
    """Those erased whose proofs say in which group they were; arrays of one length. Units: moments in µs since 1970.

    unknown: when the others were erased, of whom no proof says it.
    """

    since: np.ndarray
    at: np.ndarray
    engaged: np.ndarray
    status: np.ndarray
    unknown: np.ndarray

    def there(self, at: datetime) -> np.ndarray:
        """Which of them were contacts at a moment."""
        return (self.since <= microseconds(at)) & (self.at > microseconds(at))

    def of(self, population: str, state: str) -> np.ndarray:
        """Which of them had a status, and were in a group; `all`: any."""
        own = np.ones(len(self.at), bool) if population == ALL else self.status == population
        return own if state == ALL else own & (self.engaged == (state == ENGAGED))


def erased_since(moment: datetime, *, days: int) -> Erased:
    """Those erased after a moment, in groups by windows of `days`. For who sees all contacts: of others not even the
    number is theirs to know."""
    rows = list(Erasure.objects.filter(at__gt=moment).order_by("pk").values_list("at", "told"))
    return erased_of(rows, days=days)


def erased_of(rows: Sequence[tuple[datetime, dict[str, Any]]], *, days: int) -> Erased:
    known, unknown = [], []
    for at, told in rows:
        since = parse_datetime(told.get("since", ""))
        state = state_of(told.get(NAME, {}), days)
        if since is None or state is None or "status" not in told:
            unknown.append(microseconds(at))
        else:
            known.append((microseconds(since), microseconds(at), state == ENGAGED, told["status"]))
    since_, at_, engaged, status = zip(*known, strict=True) if known else ((), (), (), ())
    return Erased(
        np.array(since_, np.int64), np.array(at_, np.int64), np.array(engaged, bool), np.array(status, "U20"),
        np.array(unknown, np.int64),
    )  # fmt: skip


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // US
