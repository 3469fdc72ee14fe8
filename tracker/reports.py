"""What a browser reports, read: nothing here trusts a word of it.

    {"site": KEY, "token": TOKEN, "sent": MS, "events": [
        {"id": 32 hex digits, "type": "page_view", "at": MS, "url": …, "referrer": …, "title": …, "params": {…}}]}

`at` and `sent` are of the browser's clock, whichever it shows: what counts is how long ago an event was.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

LARGEST = 64 * 1024  # what sendBeacon lets through; the script's batches are smaller
MOST_EVENTS = 50
OLDEST = timedelta(days=1)  # kept by a browser that was offline
# The types that a page may report, and the parameters of each; others would let it pass for a mail programme.
TYPES: dict[str, tuple[str, ...]] = {
    "page_view": (),
    "product_view": ("product", "name", "category", "brand", "price"),
    "add_to_cart": ("product", "name", "category", "brand", "price", "quantity"),
    "search": ("query", "results"),
}
LONGEST_ADDRESS = 2000
LONGEST_TEXT = 500
UID = re.compile(r"[0-9a-f]{32}")
# The parameter by which a link names a contact: a token in a stored address could be used by whoever reads it.
IN_LINK = re.compile(r"(?<=[?&#;])sito=[^&#;]*[&;]?", re.IGNORECASE)
# A token wherever else it stands, also in an address within an address, or cut short.
SIGNED = re.compile(
    r"(?:sito%(?:25)*3d)?v1(?:\.|%(?:25)*2e)[a-z]{12}(?:\.|%(?:25)*2e)[a-z0-9_-]{16,}(?:(?:\.|%(?:25)*2e)[a-z0-9_-]*)?",
    re.IGNORECASE,
)
LEFT = re.compile(r"[?&#;]+(#|$)")  # of the signs around it


class ReportError(Exception):
    """It is no report; the message is for the developer of the page."""


@dataclass(frozen=True)
class Told:
    """One event that can be stored as it stands."""

    uid: UUID
    type: str
    at: datetime
    url: str
    referrer: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """`wrong`: how many events were left out, because they are badly written or too old."""

    site: str
    token: str
    events: list[Told]
    wrong: int


def read(body: bytes, *, now: datetime) -> Report:
    """Raises: ReportError."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ReportError("The body is not JSON.") from error
    if not isinstance(given, dict) or not isinstance(given.get("events"), list):
        raise ReportError("Give an object with a list of events.")
    site, token, sent, rows = given.get("site"), given.get("token"), moment(given.get("sent")), given["events"]
    if not isinstance(site, str) or not isinstance(token, str) or sent is None:
        raise ReportError("Give site, token and sent.")
    if len(rows) > MOST_EVENTS:
        raise ReportError(f"At most {MOST_EVENTS} events at once.")
    events = [told for told in (event(row, sent=sent, now=now) for row in rows) if told is not None]
    return Report(site, token, sorted(events, key=lambda told: told.at), len(rows) - len(events))


def event(row: Any, *, sent: float, now: datetime) -> Told | None:
    """One event, if it is one of the last day."""
    kind = row.get("type") if isinstance(row, dict) else None
    if not isinstance(kind, str) or kind not in TYPES:
        return None
    uid, at, params = row.get("id"), moment(row.get("at")), row.get("params") or {}
    if not isinstance(uid, str) or not UID.fullmatch(uid) or at is None or not isinstance(params, dict):
        return None
    ago = timedelta(milliseconds=max(0.0, sent - at))
    if ago > OLDEST:
        return None
    url, referrer = address(row.get("url")), address(row.get("referrer"))
    known = {name: params[name] for name in TYPES[kind] if params.get(name) is not None}
    if kind == "page_view":
        known = {"url": url, "title": words(row.get("title"))}
    elif kind == "product_view":
        known["url"] = url
    cut = {name: words(value) if isinstance(value, str) else value for name, value in known.items() if name != "url"}
    return Told(UUID(uid), kind, now - ago, url, referrer, known | cut)


def moment(raw: Any) -> float | None:
    """Milliseconds since 1970, if it is a number of a clock."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        value = float(raw)
    except OverflowError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e14 else None


def words(raw: Any) -> str:
    """A text of which so much is kept; titles of pages know no bounds."""
    return clean(raw)[:LONGEST_TEXT]


def address(raw: Any) -> str:
    """An address without the token that came with it."""
    text = clean(raw)
    found = IN_LINK.sub("", text)
    return (found if found == text else LEFT.sub(r"\1", found))[:LONGEST_ADDRESS]


def clean(raw: Any) -> str:
    """One line, without what no text holds, and without tokens."""
    if not isinstance(raw, str):
        return ""
    line = "".join(sign if sign.isprintable() else " " for sign in raw[: LONGEST_ADDRESS * 2])
    return SIGNED.sub("", " ".join(line.split()))
