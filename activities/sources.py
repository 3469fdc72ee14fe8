"""The one rule that says how somebody came: from the address they landed on and the page they came from.

No Django and no database: a function of its arguments. docs/activities.md, "Where a visit came from", is its table.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from activities.known_hosts import is_mail, is_search, without_www

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LONGEST_UTM = 500

# Put on the links of paid ads alone. Not here: fbclid, igshid and srsltid, which unpaid links get as well.
CLICK_IDS = frozenset({
    "gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "yclid", "twclid", "li_fat_id", "rdt_cid", "sccid",
    "gad_campaignid",
})  # fmt: skip
# Media as marketers write them, without spaces, dashes and underscores; whatever begins with "paid" is an ad, too.
AD_MEDIA = frozenset({
    "cpc", "ppc", "cpm", "cpa", "cpv", "cpl", "cpp", "display", "banner", "retargeting", "remarketing", "sem", "ad",
    "ads",
})  # fmt: skip
MAIL_MEDIA = frozenset({"email", "mail", "mailing", "emailing", "newsletter", "newsletters"})

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?=[/\\])", re.IGNORECASE)
OTHER_SCHEME = re.compile(r"(about|blob|chrome|data|file|javascript|mailto|tel|view-source):", re.IGNORECASE)
HOST = re.compile(r"[^/?#\\]*")
PORT = re.compile(r":[0-9]*\Z")
UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]+")
PARTS = re.compile(r"[\s_-]+")
AMP_CACHE = ".cdn.ampproject.org"


@dataclass(frozen=True)
class Source:
    """How somebody came, and the UTM values that say so, given or read from the address."""

    channel: str  # a value of activities.models.Channel
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""


def source_of(landing_url: str = "", referrer: str = "", utm: Mapping[str, str] | None = None) -> Source:
    """The source of a visit or an order. Never fails, whatever the texts are.

    `utm`: values that were given beside the address; each that is not empty counts instead of the address's own.
    The first rule that holds decides: ad, email, utm, search, direct (own site), referral, direct.
    """
    found = parameters(landing_url)
    tags = {name: clean(found.get(name, "")) for name in UTM}
    tags.update({name: value for name, value in (utm or {}).items() if value})
    return Source(_channel(found, tags, host_of(landing_url), host_of(referrer)), **tags)


def _channel(found: Mapping[str, str], tags: Mapping[str, str], landing: str, referrer: str) -> str:
    medium = PARTS.sub("", tags["utm_medium"].casefold())
    if medium in AD_MEDIA or medium.startswith("paid") or not CLICK_IDS.isdisjoint(found):
        return "ad"
    if medium in MAIL_MEDIA or is_mail(referrer):
        return "email"
    if any(tags.values()) or any(name.startswith("utm_") for name in found):
        return "utm"
    if is_search(referrer):
        return "search"
    return "referral" if referrer and not same_site(referrer, landing) else "direct"


def parameters(address: str) -> dict[str, str]:
    """The first value that is not empty of each UTM parameter and click id; those of the query before the fragment's.

    Names in small letters. Broken percent-encoding stays as it is; bytes that are no UTF-8 become U+FFFD.
    """
    if "=" not in address:
        return {}
    before, _sign, fragment = address.partition("#")
    _path, _sign, query = before.partition("?")
    found: dict[str, str] = {}
    # "#utm_source=…" as well as "#/page?utm_source=…".
    for part in (query, fragment.rpartition("?")[2]):
        for pair in part.split("&"):
            name, _sign, value = pair.partition("=")
            name = unquote_plus(name).strip().lower().removeprefix("amp;")  # "&amp;" copied out of HTML
            if value and name not in found and (name.startswith("utm_") or name in CLICK_IDS):
                text = unquote_plus(value).strip()
                if text:
                    found[name] = text
    return found


def clean(text: str) -> str:
    """A value out of an address as it can be kept: composed, one line, cut where the table would not take it."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", UNSEEN.sub(" ", text)).strip()
    return text[:LONGEST_UTM]


def host_of(address: str) -> str:
    """The host in small letters and Unicode, without port and user; "" if the address names none.

    An application's package, where a referrer is one (android-app://…). An AMP cache's host is that of the page in it.
    """
    address = UNSEEN.sub("", address[:4000])
    scheme = SCHEME.match(address)
    if scheme is None and (address[:1] in "/?#." and not address.startswith("//")):
        return ""  # a page of the same site
    if OTHER_SCHEME.match(address):
        return ""
    rest = address[scheme.end() if scheme else 0 :].lstrip("/\\")
    authority = HOST.match(rest)
    host = (authority.group() if authority else "").rpartition("@")[2]
    host = host[1:].partition("]")[0] if host.startswith("[") else PORT.sub("", host).rstrip(".")
    host = unicode_host(host.lower())
    if host.endswith(AMP_CACHE):
        host = host.removesuffix(AMP_CACHE).replace("--", "\0").replace("-", ".").replace("\0", "-")
    # Without a scheme only what looks like a host is one: not "direct", "(none)" or "null".
    return host if scheme or address.startswith("//") or ("." in host and " " not in host) else ""


def unicode_host(host: str) -> str:
    """Punycode and Polish letters made one: "xn--wiea-2cb.pl" is "świeża.pl"."""
    if host.isascii() and "xn--" not in host:
        return host
    labels = []
    for label in host.split("."):
        try:
            labels.append(label.encode("ascii").decode("idna") if label.startswith("xn--") else label)
        except UnicodeError:
            labels.append(label)
    return unicodedata.normalize("NFC", ".".join(labels)).casefold()


def same_site(one: str, other: str) -> bool:
    """Whether two hosts are one site: equal, or one below the other, `www.` and `m.` apart."""
    one, other = without_www(one), without_www(other)
    shorter, longer = sorted((one, other), key=len)
    return one == other or ("." in shorter and longer.endswith(f".{shorter}"))
