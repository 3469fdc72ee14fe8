"""Addresses that browsers send along in headers: anybody can write anything there."""

from urllib.parse import urlsplit


def way_back(address: str, *, host: str | None = None) -> str:
    """Path and query of `address`, on this host; "/" if it is malformed or, where `host` is given, of another one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    if host is not None and parts.netloc != host:
        return "/"
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
