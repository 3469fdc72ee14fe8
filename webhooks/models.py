"""Endpoints, what happened, and its way to them. docs/webhooks.md."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.secrets_renewed import RenewableSecret
from jobs.models import ACTIVE, Job
from segmentation.models import Calculation, Segment


class EventKind(models.TextChoices):
    CALCULATED = "segment.calculated", _("A segment was calculated")
    JOINED = "segment.joined", _("Contacts joined a segment")
    LEFT = "segment.left", _("Contacts left a segment")
    EXPORT_READY = "export.ready", _("An export file is ready")
    PING = "ping", _("Test")


CHOSEN = tuple(kind for kind in EventKind if kind != EventKind.PING)  # what an endpoint can ask for


class Why(models.TextChoices):
    """Why an endpoint is off."""

    HAND = "hand", _("switched off by hand")
    FAILING = "failing", _("switched off by itself: nothing reached it for three days")
    GONE = "gone", _("switched off by itself: it answered 410, Gone")


class Endpoint(RenewableSecret):
    """An address of another system that is told of events. It is the account's, not its maker's."""

    name = models.CharField(pgettext_lazy("webhook", "name"), max_length=120)
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list)  # of EventKind
    every_segment = models.BooleanField(default=True)  # False: `segments` alone, none if these are gone
    segments = models.ManyToManyField(Segment, related_name="+", blank=True)
    origin = models.CharField(max_length=300)  # the account's own address, which links in bodies begin with
    active = models.BooleanField(default=True)
    stopped_at = models.DateTimeField(null=True)
    stopped_why = models.CharField(max_length=8, choices=Why, blank=True, default="")
    failing_since = models.DateTimeField(null=True)  # the first failure after the last success
    failures = models.PositiveIntegerField(default=0)  # since the last success
    retry_at = models.DateTimeField(null=True)  # nothing but a test is sent before this
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    revision = models.PositiveIntegerField(default=1)  # grows with every edit: a form opened before it is refused

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(url="") & ~Q(secret=""), name="endpoint_filled"),
            models.CheckConstraint(
                condition=Q(active=True, stopped_at__isnull=True, stopped_why="")
                | Q(active=False, stopped_at__isnull=False, stopped_why__in=Why.values),
                name="endpoint_off_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True) | Q(failures__gt=0, failing_since__isnull=False),
                name="endpoint_failing_since",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened, told to each endpoint under one id.

    `data` holds no contacts: who joined or left is read from the calculation whenever a body is made.
    """

    uid = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=EventKind)
    at = models.DateTimeField(db_index=True)
    segment = models.ForeignKey(Segment, null=True, on_delete=models.SET_NULL, related_name="+")
    calculation = models.ForeignKey(Calculation, null=True, on_delete=models.SET_NULL, related_name="+")
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"

    @property
    def lost(self) -> bool:
        """Whether its segment was deleted since: there is nothing left to tell."""
        return self.kind in (EventKind.CALCULATED, EventKind.JOINED, EventKind.LEFT) and self.calculation_id is None


class DeliveryState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("delivery", "Waiting")
    DONE = "done", pgettext_lazy("delivery", "Delivered")
    FAILED = "failed", pgettext_lazy("delivery", "Failed")


class Problem(models.TextChoices):
    """Why an attempt, or a delivery without one, came to nothing."""

    ADDRESS = "address", _("The address may not be called: it leads into a private network, or is not allowed here.")
    NAME = "name", _("The host name could not be found.")
    CONNECT = "connect", _("No connection could be made.")
    TLS = "tls", _("The certificate was not accepted, or no secure connection could be made.")
    TIMEOUT = "timeout", _("There was no answer within ten seconds.")
    ANSWER = "answer", _("What came back was no HTTP answer.")
    REDIRECT = "redirect", _("It answered with a redirect. Redirects are not followed: enter the final address.")
    STATUS = "status", _("It answered with an error.")
    OFF = "off", _("The endpoint was switched off before this was delivered.")
    DOWN = "down", _("Nothing could be delivered to this endpoint for a day.")
    LOST = "lost", _("The segment was deleted before this was delivered.")


class Delivery(models.Model):
    """The way of one event to one endpoint."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.WAITING)
    wanted_at = models.DateTimeField()  # when it was asked for, last: it is given up a day later
    next_at = models.DateTimeField()  # not before this
    tries = models.PositiveSmallIntegerField(default=0)  # since `wanted_at`
    last_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the last attempt: HTTP's
    ms = models.PositiveIntegerField(null=True)
    problem = models.CharField(max_length=8, choices=Problem, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["next_at"], condition=Q(state=DeliveryState.WAITING), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}: {self.state}"


class Attempt(models.Model):
    """One request, and what came back."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    ms = models.PositiveIntegerField()
    problem = models.CharField(max_length=8, choices=Problem, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")  # as the machine put it, in English
    answer = models.TextField(blank=True, default="")  # the first bytes of its body

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.at}: {self.status or self.problem}"


class Lane(Job):
    """The work of sending to one endpoint: its lease is why there is never more than one request to it at a time."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="lane")

    class Meta:
        indexes = [models.Index(fields=["lease_until"], condition=Q(state__in=ACTIVE), name="lane_active")]

    def __str__(self) -> str:
        return f"lane {self.endpoint_id}"
