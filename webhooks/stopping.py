"""Switching endpoints off and on. One that is off is told of nothing, and nothing is kept for it."""

from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from users.models import Role, User
from webhooks import tasks
from webhooks.models import Delivery, DeliveryState, Endpoint, EventKind, Problem, Why


def stop(endpoint: Endpoint, why: str, *, now: datetime) -> None:
    """Switches a locked endpoint off. What still waits for it failed, and can be sent again later."""
    endpoint.active, endpoint.stopped_at, endpoint.stopped_why, endpoint.retry_at = False, now, why, None
    endpoint.save(update_fields=["active", "stopped_at", "stopped_why", "retry_at"])
    waiting = Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.WAITING)
    waiting.exclude(event__kind=EventKind.PING).update(state=DeliveryState.FAILED, problem=Problem.OFF)


def stop_by_itself(endpoint: Endpoint, why: str, *, now: datetime) -> None:
    """As `stop`, with a letter to the administrators once it is committed."""
    stop(endpoint, why, now=now)
    schema = connection.schema_name  # type: ignore[attr-defined]
    transaction.on_commit(partial(tasks.send_notice_task.delay, schema, endpoint.pk), robust=True)


def write_notice(endpoint: Endpoint) -> None:
    """Tells every owner and administrator, each in their language, that an endpoint went off by itself."""
    if endpoint.active:
        return  # somebody was quicker than the letter
    path = reverse("webhooks:endpoint", args=[endpoint.pk])
    for user in User.objects.filter(is_active=True, role__in=(Role.OWNER, Role.ADMINISTRATOR)).order_by("pk"):
        with translation.override(user.language):
            context = {"user": user, "endpoint": endpoint, "why": Why(endpoint.stopped_why), "failing": Why.FAILING}
            context |= {"link": f"{endpoint.origin}{path}", "from": settings.DEFAULT_FROM_EMAIL}
            lines = render_to_string("webhooks/mail/stopped.txt", context).strip().splitlines()
        EmailMessage(lines[0], "\n".join(lines[1:]).strip() + "\n", to=[user.email]).send()
