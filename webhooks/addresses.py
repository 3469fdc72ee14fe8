"""Which addresses may be called: written so that they can be read in one way only, and leading to the public internet.

What is judged is what the name resolves to, and the very addresses judged are those connected to (`sending`): a name
that changes its answer between the two gains nothing.
"""

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

LONGEST = 2000
NAME_SECONDS = 5.0  # for finding a host; the system's own limit is longer, and its call cannot be cut short
PORTS = {"https": 443, "http": 80}
HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
# What browsers refuse as well: services that could be made to read a request as their own commands.
# Source: fetch.spec.whatwg.org, "bad port"; those below 1024 are refused altogether, but for HTTP's two.
BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
     10080, 11211}
)  # fmt: skip

# Everything that is not one host of the public internet. Source: IANA's special-purpose address registries.
CLOSED_4 = [
    ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # the metadata service of one cloud stands among public addresses
    )
]  # fmt: skip
OPEN_6 = ip_network("2000::/3")  # outside it: loopback, private, link-local, multicast, IPv4-mapped, NAT64 …
CLOSED_6 = [
    ip_network(net)
    for net in (
        "2001::/23",  # Teredo, which carries an IPv4 address, and other protocols
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address
        "2620:4f:8000::/48",
    )
]  # fmt: skip

Resolver = Callable[[str, int], list[str]]


class AddressError(Exception):
    """The address may not be called; the message is for whoever entered it."""


class NameUnknownError(Exception):
    """The host was not found, or not in time."""


@dataclass(frozen=True)
class Target:
    """An address taken apart: what to connect to, and what to ask for there."""

    scheme: str
    host: str  # without brackets, in ASCII
    port: int
    path: str  # with its query, encoded

    @property
    def netloc(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address in the one form it is kept in."""
        return f"{self.scheme}://{self.netloc}{self.path}"


def target_of(url: str) -> Target:
    """`url` taken apart. Raises: AddressError, if it could be read in two ways or is of a kind not allowed."""
    if not url or len(url) > LONGEST or any(letter <= " " or letter in "\\\x7f" for letter in url):
        raise AddressError(_("Enter a whole address, like https://shop.example/sito, without blanks."))
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise AddressError(_("This is not a whole address: the part with the host cannot be read.")) from error
    if parts.scheme not in PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        if settings.WEBHOOKS_HTTP:
            raise AddressError(_("The address must begin with https:// or http://."))
        raise AddressError(_("The address must begin with https://."))
    if parts.scheme == "http" and not settings.WEBHOOKS_HTTP:
        raise AddressError(_("The address must begin with https://: what is sent must not be readable on its way."))
    if "@" in parts.netloc:
        raise AddressError(_("No user name or password in the address: the signature tells you that it is Sito."))
    if "#" in url:
        raise AddressError(_("Leave out the part after #: it is never sent."))
    port = PORTS[parts.scheme] if port is None else port
    if port in BAD_PORTS or (port < 1024 and port not in PORTS.values()):
        raise AddressError(_("Port %(port)s may not be used: 443, 80 and most from 1024 may.") % {"port": port})
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return Target(parts.scheme, plain_host(host), port, path)


def plain_host(host: str) -> str:
    """The host in ASCII. Raises: AddressError."""
    if ":" in host and "%" not in host:
        try:
            return str(IPv6Address(host))
        except ValueError:
            host = ""
    try:
        name = host.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    if len(name) > 253 or not HOST.fullmatch(name):
        raise AddressError(_("This is not a whole address: the part with the host cannot be read."))
    return name


def allowed(address: str) -> bool:
    """Whether this IP address may be called: it is of the public internet, or in a network the setting names."""
    try:
        ip = ip_address(address)
    except ValueError:  # "fe80::1%eth0"
        return False
    if any(ip in net for net in settings.WEBHOOKS_ALLOW if net.version == ip.version):
        return True
    if isinstance(ip, IPv4Address):
        return not any(ip in net for net in CLOSED_4)
    return ip in OPEN_6 and not any(ip in net for net in CLOSED_6)


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a host, as the machine finds them, each once. Raises: NameUnknownError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnknownError(str(error)) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolved(target: Target, *, resolver: Resolver = system_resolver, seconds: float = NAME_SECONDS) -> list[str]:
    """The addresses to connect to.

    Raises: AddressError, if any of them may not be called; NameUnknownError, also when finding them takes too long.
    """
    found: list[list[str] | Exception] = []

    def look() -> None:
        try:
            found.append(resolver(target.host, target.port))
        except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
            found.append(error)

    # A thread of its own: nothing else limits how long the system looks for a name.
    looking = threading.Thread(target=look, daemon=True, name="webhooks-resolver")
    looking.start()
    looking.join(seconds)
    answer = found[0] if found else NameUnknownError("not found in time")
    if isinstance(answer, Exception):
        raise answer
    if not answer:
        raise NameUnknownError("no address")
    if not all(allowed(address) for address in answer):
        raise AddressError(_("This host leads into a private network. Only addresses of the internet may be called."))
    return answer
