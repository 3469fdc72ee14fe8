"""Counting requests by the minute in Valkey; while that is away, by each process for itself."""

import logging
from collections.abc import Sequence
from functools import cache
from threading import Lock

import redis
from django.conf import settings

WINDOW_S = 60
TIMEOUT_S = 0.25  # a request waits no longer for the counting
AWAY_S = 10  # after a failure, so long without asking again
logger = logging.getLogger(__name__)


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


class Counters:
    """Counts per name and minute. A process's own counts are a fair share at worst times its number, never no limit."""

    def __init__(self, kind: str) -> None:
        self.kind = kind  # what the keys in Valkey begin with
        self.own: dict[str, int] = {}
        self.minute = 0
        self.away_until = 0.0
        self.lock = Lock()

    def count(self, names: Sequence[str], *, at: float) -> list[int]:
        """One more of each name in the minute of `at` (seconds since 1970); how many that makes of each."""
        minute = int(at) // WINDOW_S
        if at >= self.away_until:
            try:
                counting = client().pipeline(transaction=False)
                for name in names:
                    counting.incr(f"{self.kind}:{name}:{minute}")
                    counting.expire(f"{self.kind}:{name}:{minute}", 2 * WINDOW_S)
                return [int(number) for number in counting.execute()[::2]]
            except (redis.RedisError, OSError) as problem:
                self.away_until = at + AWAY_S
                logger.warning("%s: requests are counted by each process alone for now: %s", self.kind, problem)
        with self.lock:
            if minute != self.minute:
                self.minute, self.own = minute, {}
            for name in names:
                self.own[name] = self.own.get(name, 0) + 1
            return [self.own[name] for name in names]
