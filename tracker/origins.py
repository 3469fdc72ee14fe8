"""Origins of pages as browsers name them: "https://shop.example", with a port where it is not the usual one."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

USUAL = {"http": 80, "https": 443}
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
OPAQUE = "null"  # what browsers call a page that has no origin: a file, a frame shut off; never a host
LONGEST = 300


def origin_of(given: str) -> str:
    """The origin of an address, of which scheme and path may be left out. Raises: ValidationError."""
    text = given.strip()
    refused = ValidationError(
        _("“%(given)s” is not the address of a site; write it as https://shop.example."),
        code="not_origin",
        params={"given": text[:80]},
    )
    if not text or len(text) > LONGEST or not text.isprintable() or " " in text:
        raise refused
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        scheme, port, name = parts.scheme.lower(), parts.port, parts.hostname or ""
        host = name if name.isascii() else name.encode("idna").decode()
    except ValueError as error:
        raise refused from error
    if scheme not in USUAL or parts.username is not None or host == OPAQUE:
        raise refused
    if not HOST.fullmatch(host) or len(host) > 253:
        raise refused
    return f"{scheme}://{host}" + (f":{port}" if port not in (None, USUAL[scheme]) else "")
