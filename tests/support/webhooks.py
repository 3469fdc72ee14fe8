"""Endpoints to test with, and the work that a worker does for them."""

from datetime import datetime
from typing import Any

from jobs.services import run
from tests.support.audiences import NOW
from webhooks import events, lane
from webhooks.models import CHOSEN, Delivery, Endpoint, Event, Lane
from webhooks.services import Settings, create_endpoint

PUBLIC = "https://93.184.216.34/hook"  # an address whose host needs no looking up; nothing is ever sent there
ALL = [kind.value for kind in CHOSEN]


def endpoint(
    url: str = PUBLIC,
    *,
    name: str = "Shop",
    events: Any = None,
    segments: Any = None,
    now: datetime = NOW,
    by: Any = None,
) -> Endpoint:
    """One of every segment, unless `segments` (their ids) are given."""
    asked = Settings(name, url, ALL if events is None else events, segments)
    return create_endpoint(asked, origin="https://acme.example", now=now, by=by)


def work(here: Endpoint, *, now: datetime = NOW) -> Lane:
    """What the scheduler and a worker do for it at `now`."""
    lane.look(now)
    run("webhooks", here.lane.pk, now=now)
    here.refresh_from_db()
    return Lane.objects.get(endpoint=here)


def of(here: Endpoint) -> list[Any]:
    """Its deliveries, the oldest first."""
    return list(Delivery.objects.filter(endpoint=here).select_related("event").order_by("pk"))


def happen(here: Endpoint, count: int = 1, *, now: datetime = NOW) -> None:
    """Something to tell this endpoint of."""
    for n in range(count):
        event = Event.objects.create(
            uid=events.fresh_id(), kind="export.ready", at=now, data={"export": {"id": n}, "segment": None}
        )
        Delivery.objects.create(endpoint=here, event=event, wanted_at=now, next_at=now)
