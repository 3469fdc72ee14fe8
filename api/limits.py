"""How many requests a key may send in a minute, counted in Valkey; while that is away, by each process for itself."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Lock

import redis
from django.conf import settings
from django.db import connection
from django.utils.translation import ngettext

from api.models import ApiKey
from api.problems import Problem

WINDOW_S = 60
TIMEOUT_S = 0.25  # a request waits no longer for the counting
AWAY_S = 10  # after a failure, so long without asking again
logger = logging.getLogger(__name__)


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


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


class Counters:
    """Counts per key and minute. A process's own counts are a fair share at worst times its number, never no limit."""

    def __init__(self) -> None:
        self.own: dict[str, int] = {}
        self.minute = 0
        self.away_until = 0.0
        self.lock = Lock()

    def count(self, name: str, *, minute: int, at: float) -> int:
        """One more of `name` in this minute; how many that makes."""
        if at >= self.away_until:
            try:
                counting = client().pipeline(transaction=False)
                counting.incr(f"api:{name}:{minute}")
                counting.expire(f"api:{name}:{minute}", 2 * WINDOW_S)
                return int(counting.execute()[0])
            except (redis.RedisError, OSError) as problem:
                self.away_until = at + AWAY_S
                logger.warning("API: requests are counted by each process alone for now: %s", problem)
        with self.lock:
            if minute != self.minute:
                self.minute, self.own = minute, {}
            self.own[name] = self.own.get(name, 0) + 1
            return self.own[name]


counters = Counters()


def take(key: ApiKey, *, now: datetime) -> Allowance:
    """One request of the key's minute. Every answer bears what is left as headers: `Allowance.headers`."""
    minute, second = divmod(int(now.timestamp()), WINDOW_S)
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    used = counters.count(f"{schema}:{key.prefix}", minute=minute, at=now.timestamp())
    return Allowance(key.limit, used, WINDOW_S - second)


def refuse_beyond(allowance: Allowance) -> None:
    """Raises: Problem (429), when the minute is used up; nothing of the request has been looked at."""
    if allowance.used > allowance.limit:
        detail = ngettext(
            "The key's %(limit)s request of this minute is used up.",
            "The key's %(limit)s requests of this minute are used up.",
            allowance.limit,
        ) % {"limit": allowance.limit}
        raise Problem("too_many_requests", detail, headers={"Retry-After": str(allowance.reset_s)})
