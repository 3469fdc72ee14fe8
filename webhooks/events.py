"""What happened, written down for the endpoints that asked for it, in the transaction in which it happened."""

import json
import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connection, transaction

from segmentation.models import Calculation
from webhooks import lane
from webhooks.models import Delivery, Endpoint, Event, EventKind
from webhooks.payload import moment

if TYPE_CHECKING:
    from exports.models import ExportFile

log = logging.getLogger(__name__)

# The endpoints are held until the transaction ends: one deleted meanwhile would let it fail when it commits.
LISTENING = """
SELECT e.id, e.events FROM webhooks_endpoint e
WHERE e.active AND (e.every_segment OR EXISTS (
    SELECT FROM webhooks_endpoint_segments s WHERE s.endpoint_id = e.id AND s.segment_id = %s))
ORDER BY e.id FOR KEY SHARE OF e
"""


def guarded(record: Callable[..., None]) -> Callable[..., None]:
    """A mistake in here must not undo the calculation or the file that it is about.

    What the database itself fails (a deadlock, a lost connection) goes on: the whole work is then done again.
    """

    def tried(thing: Any, now: datetime) -> None:
        try:
            with transaction.atomic():
                record(thing, now)
        except OperationalError:
            raise
        except Exception:
            log.exception("webhooks: nothing could be recorded of %r", thing)

    return tried


def record_calculation(calculation: Calculation, now: datetime) -> None:
    """A calculation is stored: it was calculated, and some joined or left if there are any."""
    kinds = [EventKind.CALCULATED]
    kinds += [EventKind.JOINED] if calculation.joined_count else []
    kinds += [EventKind.LEFT] if calculation.left_count else []
    endpoints = listening(calculation.segment_id, kinds)
    if not endpoints:
        return
    data = {
        "segment": {"id": calculation.segment_id, "name": calculation.segment.name},
        "calculation": {
            "id": calculation.pk,
            "as_of": moment(calculation.as_of or now),
            "reason": calculation.reason,
        },
        "counts": {
            "members": calculation.count,
            "joined": calculation.joined_count,
            "left": calculation.left_count,
        },
    }
    record(endpoints, kinds, data=data, now=now, segment_id=calculation.segment_id, calculation_id=calculation.pk)


def record_file(file: "ExportFile", now: datetime) -> None:
    """An export file is offered. One of picked contacts belongs to no segment: only endpoints for all are told."""
    endpoints = listening(file.segment_id, [EventKind.EXPORT_READY])
    if not endpoints:
        return
    data = {
        "export": {
            "id": file.pk,
            "name": file.name,
            "rows": file.rows,
            "bytes": file.size,
            "created_at": moment(file.created_at),
            "expires_at": moment(file.expires_at),
        },
        "segment": {"id": file.segment_id, "name": file.title} if file.segment_id else None,
    }
    record(endpoints, [EventKind.EXPORT_READY], data=data, now=now, segment_id=file.segment_id)


on_calculated = guarded(record_calculation)
on_ready = guarded(record_file)


def listening(segment: int | None, kinds: list[EventKind]) -> dict[int, list[str]]:
    """The endpoints that are on and asked for any of `kinds`, of this segment: what each asked for, by its id."""
    with connection.cursor() as cursor:
        cursor.execute(LISTENING, [segment])
        rows = cursor.fetchall()
    asked = {pk: loaded(events) for pk, events in rows}
    return {pk: events for pk, events in asked.items() if any(kind in events for kind in kinds)}


def loaded(events: Any) -> list[str]:
    """A JSON column as the raw cursor gives it."""
    return json.loads(events) if isinstance(events, str) else list(events)


def record(
    endpoints: dict[int, list[str]], kinds: list[EventKind], *, data: dict[str, Any], now: datetime, **about: Any
) -> None:
    """An event of each kind that anybody asked for, and its deliveries; what sends them is woken on commit."""
    wanted = [kind for kind in kinds if any(kind in events for events in endpoints.values())]
    made = Event.objects.bulk_create(Event(uid=fresh_id(), kind=kind, at=now, data=data, **about) for kind in wanted)
    Delivery.objects.bulk_create(
        Delivery(endpoint_id=pk, event=event, wanted_at=now, next_at=now)
        for event in made
        for pk, events in endpoints.items()
        if event.kind in events
    )
    # Only then: nothing of a lane or the account may be locked by the transaction of somebody else's work.
    transaction.on_commit(partial(lane.wake_lanes, list(endpoints), now), robust=True)


def ping(endpoint: Endpoint, *, now: datetime) -> Delivery:
    """A test of this endpoint, also of one that is off. One that has not been sent yet is that one."""
    with transaction.atomic():
        Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        waiting = Delivery.objects.filter(endpoint=endpoint, event__kind=EventKind.PING, state="waiting").first()
        if waiting is not None:
            return waiting
        event = Event.objects.create(uid=fresh_id(), kind=EventKind.PING, at=now, data={"endpoint": endpoint.name})
        delivery = Delivery.objects.create(endpoint=endpoint, event=event, wanted_at=now, next_at=now)
        transaction.on_commit(partial(lane.wake_lanes, [endpoint.pk], now), robust=True)
    return delivery


def fresh_id() -> str:
    return f"evt_{uuid.uuid4().hex}"
