"""Sending what waits for one endpoint, one request at a time, with growing pauses after failures.

The lease of the lane keeps a second worker away; each attempt is stored before the next begins. A worker killed between
a request and that leaves the delivery waiting, and it is sent again under the same id: at least once, never lost.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Greatest

from jobs import services as jobs
from jobs.models import ACTIVE, JobState
from webhooks import sending, stopping
from webhooks.models import Attempt, Delivery, DeliveryState, Endpoint, EventKind, Lane, Problem
from webhooks.payload import LostError, body_of
from webhooks.sending import Answer
from webhooks.signing import HEADER, signature

DAY = timedelta(days=1)  # how long a delivery is tried
# Of one delivery, after its first failure, its second …: ten tries in a day.
PAUSES = [timedelta(minutes=m) for m in (0.5, 2, 10, 30, 60, 120, 240, 360, 600)]
# Of the whole endpoint, by failures since the last success: one alone may be the event's fault, and holds nothing up.
REST = [timedelta(minutes=m) for m in (0, 0.5, 2, 10, 30)]
SPREAD = 0.2  # each pause is up to so much longer, by chance: what failed at once does not come back at once
LONG_FAILURE, FAILURES = timedelta(days=3), 10  # both: then the endpoint is switched off
GONE = 410
ERRORED_REST = timedelta(minutes=10)  # before a lane that stopped its workers is tried again
ENDED = tuple(state for state in JobState if state not in ACTIVE)
TURN = timedelta(seconds=15)  # of a worker's time at once: a slow endpoint gives it up after an attempt or two
AGENT = "Sito-Webhooks/1"


# --- waking ---------------------------------------------------------------------------------------------------------
def wake_lanes(endpoints: Iterable[int], now: datetime) -> None:
    """Has what waits for these endpoints sent. Outside the transaction that made it: see `events.record`."""
    for lane in Lane.objects.filter(endpoint_id__in=list(endpoints)).order_by("pk"):
        jobs.retry(lane, now=now, ended=ENDED)


def look(now: datetime) -> datetime | None:
    """Wakes the lanes in which something is due; returns when the next delivery will be."""
    with transaction.atomic():
        lanes = Lane.objects.select_for_update(skip_locked=True, no_key=True).exclude(state__in=ACTIVE)
        recent = Q(state=JobState.ERRORED, finished_at__gt=now - ERRORED_REST)
        for lane in list(lanes.filter(endpoint_id__in=due(now).values("endpoint_id")).exclude(recent).order_by("pk")):
            jobs.retry(lane, now=now, ended=ENDED)
    return first_due(Delivery.objects.all())


def sendable() -> Q:
    """Deliveries that wait, and may be sent: of an endpoint that is on, or a test."""
    return Q(state=DeliveryState.WAITING) & (Q(endpoint__active=True) | Q(event__kind=EventKind.PING))


def due(now: datetime) -> QuerySet[Delivery]:
    """Those to be sent now. A test passes over the endpoint's pause."""
    rested = Q(endpoint__retry_at__isnull=True) | Q(endpoint__retry_at__lte=now) | Q(event__kind=EventKind.PING)
    return Delivery.objects.filter(sendable(), rested, next_at__lte=now)


def first_due(deliveries: QuerySet[Delivery]) -> datetime | None:
    """When the next of them will be due."""
    at = Greatest(F("next_at"), F("endpoint__retry_at"))  # PostgreSQL's passes over nulls
    return deliveries.filter(sendable()).aggregate(first=Min(at))["first"]


# --- the job ----------------------------------------------------------------------------------------------------------
def carry_out(lane: Lane, now: datetime) -> bool:
    """One attempt, or the end if nothing is due. The request is made outside every transaction."""
    waiting = (
        due(now).filter(endpoint_id=lane.endpoint_id).select_related("endpoint", "event").order_by("next_at", "pk")
    )
    delivery = waiting.first()
    if delivery is None:
        return rest(lane, now)
    try:
        answer = send(delivery, now)
    except LostError:
        answer = Answer(0, problem=Problem.LOST)
    after = lane.lease.clock() if lane.lease else now
    with jobs.chunk(lane, now=after):
        settle(delivery, answer, at=now, now=after)
    return True


def rest(lane: Lane, now: datetime) -> bool:
    """Ends the lane's work until something is due again. What came this instant is seen: the row is locked here."""
    mine = Delivery.objects.filter(endpoint_id=lane.endpoint_id)
    with jobs.chunk(lane, now=now):
        if due(now).filter(endpoint_id=lane.endpoint_id).exists():
            return True
        jobs.finish(lane, now=now)
        following = first_due(mine)
        if following is not None:
            jobs.due_later(following)
    return False


def send(delivery: Delivery, now: datetime) -> Answer:
    """The request. Raises: LostError."""
    endpoint, event = delivery.endpoint, delivery.event
    body = body_of(event, endpoint)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "Sito-Event": event.kind,
        "Sito-Event-Id": event.uid,
        HEADER: signature(body, keys=endpoint.secrets_at(now), at=now),
    }
    return sending.post(endpoint.url, body, headers)


# --- what follows an attempt --------------------------------------------------------------------------------------
def settle(delivery: Delivery, answer: Answer, *, at: datetime, now: datetime) -> None:
    """Stores the attempt and what follows from it, for the delivery and for the endpoint."""
    endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=delivery.endpoint_id)
    row = Delivery.objects.select_for_update(no_key=True).get(pk=delivery.pk)
    Attempt.objects.create(
        delivery=row, at=at, status=answer.status, ms=answer.ms, problem=answer.problem, detail=answer.detail,
        answer=answer.text,
    )  # fmt: skip
    row.last_at, row.status, row.ms, row.problem = now, answer.status, answer.ms, answer.problem
    row.tries += 1
    test = delivery.event.kind == EventKind.PING
    if answer.ok:
        row.state = DeliveryState.DONE
        reached(endpoint, now=now)
    elif row.state == DeliveryState.WAITING:  # not if the endpoint was switched off meanwhile
        given_up = test or answer.problem == Problem.LOST or now >= row.wanted_at + DAY
        pause = max(spread(PAUSES[min(row.tries, len(PAUSES)) - 1]), timedelta(seconds=answer.retry_after))
        row.state = DeliveryState.FAILED if given_up else DeliveryState.WAITING
        row.next_at = min(now + pause, row.wanted_at + DAY)
    row.save()
    if not answer.ok and not test and answer.problem != Problem.LOST:
        missed(endpoint, answer, now=now)


def reached(endpoint: Endpoint, *, now: datetime) -> None:
    """It answers: what failed while it did not is tried at once."""
    if endpoint.failures >= 2:
        Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.WAITING, next_at__gt=now).update(next_at=now)
    endpoint.failures, endpoint.failing_since, endpoint.retry_at = 0, None, None
    endpoint.save(update_fields=["failures", "failing_since", "retry_at"])


def missed(endpoint: Endpoint, answer: Answer, *, now: datetime) -> None:
    """One more failure: the endpoint rests for longer, or is switched off."""
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    pause = spread(REST[min(endpoint.failures, len(REST)) - 1])
    endpoint.retry_at = now + max(pause, timedelta(seconds=answer.retry_after))
    endpoint.save(update_fields=["failures", "failing_since", "retry_at"])
    stale = Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.WAITING, wanted_at__lte=now - DAY)
    stale.update(state=DeliveryState.FAILED, problem=Problem.DOWN)
    if not endpoint.active:
        return
    if answer.status == GONE:
        stopping.stop_by_itself(endpoint, "gone", now=now)
    elif endpoint.failures >= FAILURES and now - endpoint.failing_since >= LONG_FAILURE:
        stopping.stop_by_itself(endpoint, "failing", now=now)


def spread(pause: timedelta) -> timedelta:
    return pause * (1 + SPREAD * secrets.randbelow(1000) / 1000)
