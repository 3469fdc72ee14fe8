"""`/healthz`: is this process fit to serve? For load balancers and container checks, on any host name."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

PATH = "/healthz"
TIMEOUT_S = 2
Handler = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger(__name__)


class HealthMiddleware:
    """Answers `/healthz` before anything looks at the host: 200 when database and broker answer, else 503."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != PATH:
            return self.get_response(request)
        state = {"database": database_answers(), "broker": broker_answers()}
        response = JsonResponse(state, status=200 if all(state.values()) else 503)
        response["Cache-Control"] = "no-store"
        return response


def database_answers() -> bool:
    """One trivial query; the reason of a failure goes to the log, not to whoever asks."""
    try:
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as problem:
        logger.warning("Health: the database does not answer: %s", problem)
        return False
    return True


def broker_answers() -> bool:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        with client:
            return bool(client.ping())
    except (redis.RedisError, ValueError) as problem:
        logger.warning("Health: the broker does not answer: %s", problem)
        return False
