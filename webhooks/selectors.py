"""Reading endpoints and the log of their deliveries."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404

from webhooks.models import Attempt, Delivery, DeliveryState, Endpoint, EventKind

SOON = timedelta(minutes=1)  # what is due by then is watched by the page
DAY = timedelta(days=1)


def listed(now: datetime) -> QuerySet[Any]:
    """Every endpoint, with what waits, what failed within a day and when something last arrived."""
    real = ~Q(deliveries__event__kind=EventKind.PING)
    failed = Q(deliveries__state=DeliveryState.FAILED, deliveries__event__at__gt=now - DAY) & real
    return Endpoint.objects.prefetch_related("segments").annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=DeliveryState.WAITING)),
        failed=Count("deliveries", filter=failed),
        arrived=Max("deliveries__last_at", filter=Q(deliveries__state=DeliveryState.DONE)),
    )


def endpoint_for(pk: int) -> Endpoint:
    """The door; 404 for any other."""
    found = Endpoint.objects.select_related("created_by", "changed_by").filter(pk=pk).first()
    if found is None:
        raise Http404(f"no endpoint {pk}")
    return found


def delivery_for(pk: int) -> Delivery:
    """The door; 404 for any other."""
    found = Delivery.objects.select_related("endpoint", "event__segment").filter(pk=pk).first()
    if found is None:
        raise Http404(f"no delivery {pk}")
    return found


def log_of(endpoint: Endpoint, *, state: str = "", event: str = "") -> QuerySet[Delivery]:
    """Its deliveries, the newest first."""
    found = Delivery.objects.filter(endpoint=endpoint).select_related("event__segment")
    if state:
        found = found.filter(state=state)
    if event:
        found = found.filter(event__kind=event)
    return found.order_by("-pk")


def counts(endpoint: Endpoint) -> dict[str, int]:
    """How many deliveries there are of each state."""
    rows = Delivery.objects.filter(endpoint=endpoint).order_by().values_list("state").annotate(n=Count("pk"))
    return {state.value: 0 for state in DeliveryState} | dict(rows)


def moving(deliveries: QuerySet[Delivery], now: datetime) -> bool:
    """Whether something of these is about to be sent: worth looking again in a moment."""
    soon = now + SOON
    asked = Q(endpoint__retry_at__isnull=True) | Q(endpoint__retry_at__lte=soon) | Q(event__kind=EventKind.PING)
    return deliveries.filter(asked, state=DeliveryState.WAITING, next_at__lte=soon).exists()


def attempts_of(delivery: Delivery) -> QuerySet[Attempt]:
    return Attempt.objects.filter(delivery=delivery).order_by("-pk")
