"""The body of a request, made anew whenever it is sent.

Contacts are not kept in events: their ids are read from the calculation, so that whoever was erased meanwhile is in no
body any more. Everything else of an event stays as it was.
"""

import json
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from pyroaring import BitMap

from segmentation.models import Calculation, bitmap_of
from webhooks.models import Endpoint, Event, EventKind

IDS = 1000  # contacts named in a body; the rest is read from the address in it
API = "/api/v1"
ORDER = ("endpoint", "export", "segment", "calculation", "counts")  # to be read by people; the database keeps none
LISTS = {EventKind.JOINED.value: "joined", EventKind.LEFT.value: "left"}


class LostError(Exception):
    """The segment was deleted since: there is nothing left to tell."""


def body_of(event: Event, endpoint: Endpoint) -> bytes:
    """The bytes to be sent. Raises: LostError."""
    if event.lost:
        raise LostError
    content = {
        "id": event.uid,
        "type": event.kind,
        "created_at": moment(event.at),
        "account": connection.schema_name,  # type: ignore[attr-defined]
        "data": {name: event.data[name] for name in ORDER if name in event.data} | added(event, endpoint.origin),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def added(event: Event, origin: str) -> dict[str, Any]:
    """Addresses, and whose ids there are."""
    if event.kind == EventKind.EXPORT_READY:
        return {"url": f"{origin}{API}/exports/{event.data['export']['id']}"}
    if event.calculation_id is None:
        return {}
    lists = f"{origin}{API}/segments/{event.data['segment']['id']}/calculations/{event.calculation_id}"
    if event.kind not in LISTS:
        return {"urls": {name: f"{lists}/{name}" for name in ("members", *LISTS.values())}}
    name = LISTS[event.kind]
    ids = moved(event.calculation_id, name)
    return {"contact_ids": list(ids[:IDS]), "complete": len(ids) <= IDS, "url": f"{lists}/{name}"}


def moved(calculation: int, name: str) -> BitMap:
    """Who joined, or left. Raises: LostError, if the calculation is gone this instant."""
    row = Calculation.objects.filter(pk=calculation).values_list(name).first()
    if row is None:
        raise LostError
    return bitmap_of(row[0])


def moment(when: datetime) -> str:
    """As bodies have it: UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
