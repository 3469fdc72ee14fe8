"""Who asks: the address of a request's other end."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The IP address. Behind the proxy that `SITO_HTTPS` speaks of, what it saw: the last of those forwarded."""
    direct = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.HTTPS else ""
    try:
        return str(ip_address(forwarded.rsplit(",", 1)[-1].strip())) if forwarded else direct
    except ValueError:
        return direct
