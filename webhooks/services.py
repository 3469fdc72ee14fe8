"""Writes: making and changing endpoints, their secrets, sending again, removing what is old."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from contacts.services.errors import LostUpdateError
from jobs.models import JobState
from users.models import User
from webhooks import lane, stopping
from webhooks.models import Delivery, DeliveryState, Endpoint, Event, EventKind, Lane, Why
from webhooks.signing import fresh_secret

OVERLAP = timedelta(hours=24)  # how long the secret before the last still signs
KEPT = timedelta(days=30)  # events and their deliveries
MOST = 20  # endpoints of an account: each may take a worker's time for ten seconds
PER_PURGE = 1000


class EndpointError(Exception):
    """What was asked may not be done; the message is for whoever asked."""


@dataclass(frozen=True)
class Settings:
    """What an endpoint is told, and where. `segments`: ids; None: of every segment."""

    name: str
    url: str
    events: list[str]
    segments: list[int] | None


def create_endpoint(asked: Settings, *, origin: str, now: datetime, by: User | None) -> Endpoint:
    """A new one, on, with a secret of its own. Raises: EndpointError, if there are too many."""
    with transaction.atomic():
        taken = Endpoint.objects.select_for_update(no_key=True).values_list("pk", flat=True)
        if len(taken) >= MOST:
            raise EndpointError(_("There are %(count)s endpoints, and no more are possible.") % {"count": MOST})
        endpoint = Endpoint.objects.create(
            name=asked.name, url=asked.url, events=asked.events, every_segment=asked.segments is None, origin=origin,
            secret=fresh_secret(), created_at=now, created_by=by, changed_at=now, changed_by=by,
        )  # fmt: skip
        endpoint.segments.set(asked.segments or [])
        Lane.objects.create(endpoint=endpoint, state=JobState.DONE, requested_at=now, finished_at=now)
    return endpoint


def edit_endpoint(
    endpoint: Endpoint, asked: Settings, *, seen: int, origin: str, now: datetime, by: User | None
) -> Endpoint:
    """Changes what it is told and where; with another address it begins anew. Raises: LostUpdateError."""
    with transaction.atomic():
        here = locked(endpoint.pk)
        if here.revision != seen:
            raise LostUpdateError
        if here.url != asked.url:
            here.failures, here.failing_since, here.retry_at = 0, None, None
        here.name, here.url, here.events, here.origin = asked.name, asked.url, asked.events, origin
        here.every_segment = asked.segments is None
        changed(here, now=now, by=by)
        here.segments.set(asked.segments or [])
        transaction.on_commit(partial(lane.wake_lanes, [here.pk], now), robust=True)
    return here


def delete_endpoint(endpoint: Endpoint) -> None:
    """With its log. Events that no other endpoint was told of go with the next purge."""
    with transaction.atomic():
        Endpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
        Endpoint.objects.filter(pk=endpoint.pk).delete()


def switch(endpoint: Endpoint, *, on: bool, now: datetime, by: User | None) -> Endpoint:
    """Switches it on or off; as it is already, nothing happens."""
    with transaction.atomic():
        here = locked(endpoint.pk)
        if here.active == on:
            return here
        if on:
            here.active, here.stopped_at, here.stopped_why = True, None, ""
            here.failures, here.failing_since, here.retry_at = 0, None, None
        else:
            stopping.stop(here, Why.HAND, now=now)
        changed(here, now=now, by=by)
    return here


def renew_secret(endpoint: Endpoint, *, now: datetime, by: User | None) -> Endpoint:
    """A new secret; the one before it signs as well for a day, so that the receiver can be changed meanwhile."""
    with transaction.atomic():
        here = locked(endpoint.pk)
        here.renew(fresh_secret(), until=now + OVERLAP)
        changed(here, now=now, by=by)
    return here


def drop_previous(endpoint: Endpoint, *, now: datetime, by: User | None) -> None:
    """The secret before the last signs no more, from the next request on."""
    with transaction.atomic():
        here = locked(endpoint.pk)
        here.drop_previous()
        changed(here, now=now, by=by)


def locked(pk: int) -> Endpoint:
    """Its row, held until the transaction ends. Raises: Endpoint.DoesNotExist."""
    return Endpoint.objects.select_for_update(no_key=True).get(pk=pk)


def changed(here: Endpoint, *, now: datetime, by: User | None) -> None:
    here.changed_at, here.changed_by, here.revision = now, by, here.revision + 1
    here.save()


# --- sending again -------------------------------------------------------------------------------------------------
def replay(delivery: Delivery, *, now: datetime) -> None:
    """Sends it again, delivered or not, at once. Raises: EndpointError."""
    with transaction.atomic():
        endpoint = locked(delivery.endpoint_id)
        refuse_off(endpoint)
        if delivery.event.lost:
            raise EndpointError(_("The segment was deleted since: there is nothing left to tell."))
        again(Delivery.objects.filter(pk=delivery.pk), [endpoint], now=now)


def replay_failed(endpoint: Endpoint, *, since: datetime, now: datetime) -> int:
    """Sends again all that failed of what happened since then; says how many. Raises: EndpointError."""
    with transaction.atomic():
        here = locked(endpoint.pk)
        refuse_off(here)
        return again(failed(here, since=since), [here], now=now)


def failed(endpoint: Endpoint, *, since: datetime) -> QuerySet[Delivery]:
    """What `replay_failed` sends: tests and what there is nothing left to tell of are left out."""
    found = Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.FAILED, event__at__gte=since)
    about_segments = [EventKind.CALCULATED, EventKind.JOINED, EventKind.LEFT]
    lost = found.filter(event__kind__in=about_segments, event__calculation__isnull=True)
    return found.exclude(event__kind=EventKind.PING).exclude(pk__in=lost.values("pk"))


def refuse_off(endpoint: Endpoint) -> None:
    if not endpoint.active:
        raise EndpointError(_("The endpoint is off. Switch it on first."))


def again(deliveries: QuerySet[Delivery], endpoints: Iterable[Endpoint], *, now: datetime) -> int:
    """Has these wait anew, and their endpoints' pause over."""
    count = deliveries.update(state=DeliveryState.WAITING, wanted_at=now, next_at=now, tries=0, problem="")
    pks = [endpoint.pk for endpoint in endpoints]
    Endpoint.objects.filter(pk__in=pks).update(retry_at=None)
    transaction.on_commit(partial(lane.wake_lanes, pks, now), robust=True)
    return count


def remove_old(now: datetime) -> None:
    """Removes events of long ago with their log, and those that nobody is told of any more."""
    old = Event.objects.filter(at__lt=now - KEPT).exclude(deliveries__state=DeliveryState.WAITING)
    Event.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:PER_PURGE])).delete()
    alone = Event.objects.filter(deliveries__isnull=True)
    Event.objects.filter(pk__in=list(alone.values_list("pk", flat=True)[:PER_PURGE])).delete()
