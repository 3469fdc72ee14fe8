"""Whether the database and the broker we were given answer, and are what we need."""

import sys
from urllib.parse import urlsplit

import psycopg
import redis

from config.embedded.errors import ServiceError

OLDEST_POSTGRES = 18  # casefold()


def require_database(url: str) -> str:
    """The server's version, like "18.6"."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            major, minor = divmod(connection.info.server_version, 10000)
            superuser = connection.info.parameter_status("is_superuser") == "on"
    except psycopg.Error as error:
        reason = str(error).splitlines()[0].rpartition("failed: ")[2].rstrip(".")
        raise ServiceError(f"The database of DATABASE_URL ({_place(url)}) can't be used: {reason}.") from error
    if major < OLDEST_POSTGRES:
        raise ServiceError(f"PostgreSQL {OLDEST_POSTGRES} or newer is needed; DATABASE_URL leads to {major}.{minor}.")
    if superuser:
        print("Warning: DATABASE_URL names a superuser; give Sito a role of its own.", file=sys.stderr)
    return f"{major}.{minor}"


def require_broker(url: str) -> str:
    """The server's name and version, like "Valkey 9.1.2"."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
            told = client.info("server")
    except (redis.RedisError, ValueError) as error:
        raise ServiceError(
            f"The broker of REDIS_URL ({_place(url)}) can't be used: {str(error).rstrip('.')}."
        ) from error
    return f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {told['redis_version']}"


def _place(url: str) -> str:
    """The address without its password."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path
