"""How many requests a key may send in a minute."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import ngettext

from api.models import ApiKey
from api.problems import Problem
from config.counting import WINDOW_S, Counters


@dataclass(frozen=True)
class Allowance:
    """What a key has left of its minute."""

    limit: int
    used: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset_s),
        }


counters = Counters("api")


def take(key: ApiKey, *, now: datetime) -> Allowance:
    """One request of the key's minute. Every answer bears what is left as headers: `Allowance.headers`."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    at = now.timestamp()
    [used] = counters.count([f"{schema}:{key.prefix}"], at=at)
    return Allowance(key.limit, used, WINDOW_S - int(at) % WINDOW_S)


def refuse_beyond(allowance: Allowance) -> None:
    """Raises: Problem (429), when the minute is used up; nothing of the request has been looked at."""
    if allowance.used > allowance.limit:
        detail = ngettext(
            "The key's %(limit)s request of this minute is used up.",
            "The key's %(limit)s requests of this minute are used up.",
            allowance.limit,
        ) % {"limit": allowance.limit}
        raise Problem("too_many_requests", detail, headers={"Retry-After": str(allowance.reset_s)})
