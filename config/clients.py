"""Who asks: the address of a request's other end."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The IP address, or "". Behind the proxy that `SITO_HTTPS` speaks of, what it saw: the last of those forwarded."""
    direct = without_zone(str(request.META.get("REMOTE_ADDR", "")))
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.HTTPS else ""
    return without_zone(forwarded.rsplit(",", 1)[-1].strip()) or direct


def without_zone(text: str) -> str:
    """The address as it is stored; "" where it is none. The zone of a link ("%eth0") means something there alone."""
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return ""
