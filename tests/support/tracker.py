"""Sites that report, and what a browser on one would send."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from contacts.models import Contact
from tracker import services
from tracker.models import TrackedSite
from tracker.tokens import Named

SHOP = "https://shop.example"
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
EVENTS = "/t/events"


def site(*, now: datetime, by: Any = None, **asked: Any) -> TrackedSite:
    given = {"name": "Shop", "origins": [SHOP], "consent": None} | asked
    return services.create_site(services.Settings(**given), now=now, by=by)


def token(where: TrackedSite, contact: Contact | Named, *, now: datetime, lasts: timedelta = timedelta(days=1)) -> str:
    named = contact if isinstance(contact, Named) else Named("id", str(contact.pk))
    return services.token_for(where, named, now=now, lasts=lasts)


def event(now: datetime, kind: str = "page_view", **given: Any) -> dict[str, Any]:
    """An event of `now`, by the browser's clock."""
    return {
        "id": uuid4().hex, "type": kind, "at": int(now.timestamp() * 1000), "url": f"{SHOP}/", "referrer": "",
        "title": "Shop",
    } | given  # fmt: skip


def body(where: TrackedSite, given: str, events: list[Any], *, now: datetime) -> dict[str, Any]:
    return {"site": where.key, "token": given, "sent": int(now.timestamp() * 1000), "events": events}


def send(client: Any, what: Any, *, origin: str | None = SHOP, agent: str = AGENT, **more: Any) -> Any:
    """As a browser does; `what`: the body, or what it is made of."""
    headers = {"User-Agent": agent} | ({"Origin": origin} if origin else {}) | more.pop("headers", {})
    data = what if isinstance(what, bytes | str) else json.dumps(what)
    return client.post(EVENTS, data, content_type=more.pop("content_type", "text/plain"), headers=headers, **more)
