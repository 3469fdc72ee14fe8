"""Proofs that somebody was erased, what keeps them erased, and the passes that clean up after them."""

import uuid

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from jobs.models import ACTIVE, Job


class ErasureReason(models.TextChoices):
    """No text of anybody's own: it would say of whom it speaks."""

    ASKED = "asked", _("The person asked for it")
    NOT_NEEDED = "not_needed", _("No longer needed")
    MISTAKE = "mistake", _("Entered by mistake")
    OTHER = "other", _("Another reason")


class ErasureKey(models.Model):
    """The account's secret for digests of names, made with its tables: every backup has it. Never changed."""

    key = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="erasurekey_one")]

    def __str__(self) -> str:
        return "key"


class Erasure(models.Model):
    """Proof that a contact was erased: nothing in it tells who it was.

    `ids`: its number, and those of contacts that had been merged into it. `counts`: how much of each thing went.
    `told`: how it stood, for numbers of the past: status, since when it was a contact, what `hooks.witnesses` say.
    `cleaned_at`: since then it is in no stored set and no file; `completed_at`: nor in files for counting.
    """

    reference = models.UUIDField(unique=True, default=uuid.uuid4)
    ids = models.JSONField()
    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=254)
    reason = models.CharField(max_length=10, choices=ErasureReason)
    counts = models.JSONField(default=dict)
    told = models.JSONField(default=dict)
    replays = models.PositiveIntegerField(default=0)  # how often it was erased again, come back with a backup
    journaled = models.BooleanField(default=False)  # it stands in the file beside the database as well
    cleaned_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(completed_at__isnull=True), name="erasure_going_on"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=ErasureReason.values), name="erasure_reason"),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(cleaned_at__isnull=False), name="erasure_cleaned_first"
            ),
        ]

    def __str__(self) -> str:
        return self.short

    @property
    def short(self) -> str:
        """The reference as it is read out."""
        return self.reference.hex[:8].upper()


class NameKind(models.TextChoices):
    EMAIL = "email"
    PHONE = "phone"
    EXTERNAL_ID = "external_id"


class ErasedName(models.Model):
    """What an erased person was called, as a keyed digest: whoever comes with that name again is recognised."""

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="names")
    kind = models.CharField(max_length=11, choices=NameKind)
    digest = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["digest"], name="erasedname_digest")]
        constraints = [models.CheckConstraint(condition=Q(kind__in=NameKind.values), name="erasedname_kind")]

    def __str__(self) -> str:
        return self.kind


class Cleaning(Job):
    """One pass over everything kept that holds contacts by their ids, for all who were erased since the last.

    `work`: whom it is for (ids of erasures), and which cleaner is at it; the cursor is that one's.
    """

    work = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        # Another one that is asked for meanwhile follows it: the tick sees who is left.
        constraints = [models.UniqueConstraint(Value(1), condition=Q(state__in=ACTIVE), name="cleaning_one_at_a_time")]

    def __str__(self) -> str:
        return f"{self.state} {self.cursor}"
