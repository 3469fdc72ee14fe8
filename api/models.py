"""Keys of the HTTP API, and the answers kept for requests that are repeated."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from segmentation.models import Segment
from users.models import User


class Scope(models.TextChoices):
    """What a key may be used for, as far as the role of whom it acts for allows it."""

    CONTACTS_READ = "contacts:read", _("Read contacts and what they did")
    CONTACTS_WRITE = "contacts:write", _("Create, change and erase contacts, with the labels that come with each")
    FACTS_WRITE = "facts:write", _("Record activities, visits, orders and products")
    LABELS_READ = "labels:read", _("Read tags, categories, attributes and consents")
    LABELS_WRITE = (
        "labels:write",
        _("Create tags, categories, attributes and consents, and assign and remove them in requests of their own"),
    )
    SEGMENTS_READ = "segments:read", _("Read segments and their members, count criteria")
    SEGMENTS_WRITE = "segments:write", _("Create and refresh segments and saved criteria")
    ACTIONS_WRITE = "actions:write", _("Plan, cancel and undo actions")
    EXPORTS_READ = "exports:read", _("Read and download exports")

    @property
    def writes(self) -> bool:
        """Whether it is refused to analysts."""
        return self.value.endswith(":write")


# What a shop that sends its customers and orders, and makes and reads segments, can do with: what a new key has,
# unless others are chosen, and for how long.
USUAL = (Scope.CONTACTS_READ, Scope.CONTACTS_WRITE, Scope.FACTS_WRITE, Scope.SEGMENTS_READ, Scope.SEGMENTS_WRITE)
USUAL_DAYS = 365


class ApiKey(models.Model):
    """A key that acts for a user. The secret itself is nowhere: what is shown of it once is its hash here.

    A request with it sees what the user sees, and may what both the user's role and the key's scopes allow.
    """

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=8, unique=True)
    secret_hash = models.BinaryField(max_length=32)  # SHA-256: the secret has 256 bits of its own, so nothing slower
    scopes = models.JSONField(_("scopes"))  # a list of `Scope`, in its order
    acts_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("acts for")
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    last_used_at = models.DateTimeField(null=True)  # kept to the minute
    rate_per_minute = models.PositiveIntegerField(_("requests per minute"), null=True, blank=True)  # null: settings

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="apikey_name_not_empty"),
            models.CheckConstraint(condition=Q(prefix__regex=r"^[a-z]{8}$"), name="apikey_prefix"),
            models.CheckConstraint(condition=Q(scopes__contained_by=Scope.values), name="apikey_scopes"),
            models.CheckConstraint(
                condition=Q(rate_per_minute__isnull=True) | Q(rate_per_minute__gt=0), name="apikey_rate"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def by(self) -> str:
        """What stands in histories as who did it."""
        return f"API: {self.name}"

    @property
    def limit(self) -> int:
        """Requests per minute."""
        return self.rate_per_minute or settings.API_RATE_PER_MINUTE

    @property
    def user(self) -> User:
        return self.acts_for

    def state(self, now: datetime) -> str:
        """One of "active", "expired", "revoked", "stopped" (whom it acts for is deactivated)."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active" if self.user.is_active else "stopped"


class IdempotentRequest(models.Model):
    """The answer to a request that bore an `Idempotency-Key`, written in the transaction of its work.

    The same request again within a day is answered with it, byte for byte, and nothing is done.
    """

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=255)  # the header's value
    request_hash = models.BinaryField(max_length=32)  # SHA-256 of method, address and body
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    about = models.BigIntegerField(null=True)  # the contact that the answer tells of: it goes when they are erased
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["api_key", "name"], name="idempotentrequest_once")]
        indexes = [
            models.Index(fields=["about"], name="idempotentrequest_about", condition=Q(about__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} of key {self.api_key_id}"


class SegmentRead(models.Model):
    """When a key last read a segment, to the hour: what would break if the segment went."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+", db_index=False)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "segment"], name="segmentread_once")]

    def __str__(self) -> str:
        return f"segment {self.segment_id} by key {self.api_key_id}"
