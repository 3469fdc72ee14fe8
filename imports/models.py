"""Files that were uploaded to be imported, what their columns become, and the imports themselves."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from pyroaring import BitMap

from jobs.models import ACTIVE, Job, JobState


class Subject(models.TextChoices):
    """What the rows of a file are."""

    CONTACTS = "contacts", _("Contacts")
    ORDERS = "orders", _("Orders")
    ACTIVITIES = "activities", _("Activities")


class Outcome(models.TextChoices):
    """What became of a row."""

    CREATED = "created", pgettext_lazy("rows of a file", "Created")
    UPDATED = "updated", pgettext_lazy("rows of a file", "Updated")
    UNCHANGED = "unchanged", pgettext_lazy("rows of a file", "Unchanged")
    SKIPPED = "skipped", pgettext_lazy("rows of a file", "Skipped")
    REJECTED = "rejected", pgettext_lazy("rows of a file", "Rejected")


class SourceFile(models.Model):
    """A file as it was uploaded, while somebody says how it is to be read, and until it is imported.

    `choices` is the plan as far as it was made (`imports.plans.Plan`).
    """

    subject = models.CharField(max_length=10, choices=Subject)
    name = models.CharField(max_length=200)
    stored_as = models.CharField(max_length=200, unique=True)  # random name in the account's private store
    size = models.PositiveBigIntegerField()  # bytes
    choices: Any = models.JSONField()
    created_at = models.DateTimeField(db_index=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(stored_as=""), name="sourcefile_stored"),
            models.CheckConstraint(condition=Q(subject__in=Subject.values), name="sourcefile_subject"),
        ]

    def __str__(self) -> str:
        return self.name


class Mapping(models.Model):
    """What the columns of files with these headings become: remembered when a file is imported, offered for the next.

    `fingerprint` says which headings, whatever their case and order of marks; `headings` are they, in order.
    """

    subject = models.CharField(max_length=10, choices=Subject)
    name = models.CharField(_("name"), max_length=120)
    fingerprint = models.CharField(max_length=64)
    headings = models.JSONField()
    choices: Any = models.JSONField()
    changed_at = models.DateTimeField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["-changed_at", "-id"]
        indexes = [models.Index(fields=["subject", "fingerprint"], name="mapping_by_headings")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "name", "owner"], nulls_distinct=False, name="mapping_name_unique"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="mapping_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class Import(Job):
    """Bringing the rows of one file in. `cursor`, `progress` and `total` are places in its plain copy, in bytes.

    `work`: the plain copy's name, the row that comes next, how far the two reports are committed, and of a file of
    orders how many of them its rows were, by what became of them. `people`: the contacts that its rows were about;
    `created`, `updated`: those of them that it made and changed.
    """

    subject = models.CharField(max_length=10, choices=Subject)
    name = models.CharField(max_length=200)  # of the file
    stored_as = models.CharField(max_length=200, blank=True, default="")  # "": removed, once all was read
    plan: Any = models.JSONField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.CharField(max_length=254)  # as histories name it
    work: Any = models.JSONField(default=dict)

    row_count = models.PositiveBigIntegerField(default=0)
    created_count = models.PositiveBigIntegerField(default=0)
    updated_count = models.PositiveBigIntegerField(default=0)
    unchanged_count = models.PositiveBigIntegerField(default=0)
    skipped_count = models.PositiveBigIntegerField(default=0)
    rejected_count = models.PositiveBigIntegerField(default=0)
    stayed_withdrawn = models.PositiveBigIntegerField(default=0)  # answers that a file may not change back
    reasons: Any = models.JSONField(default=dict)  # how often each: {"email: …": 12}

    people = models.BinaryField(null=True)  # Roaring bitmaps of contact ids; null: nobody yet
    created = models.BinaryField(null=True)
    updated = models.BinaryField(null=True)
    reports_until = models.DateTimeField(null=True, db_index=True)  # null: there are none (any more)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["lease_until"], condition=Q(state__in=ACTIVE), name="import_active")]
        constraints = [
            models.CheckConstraint(condition=Q(subject__in=Subject.values), name="import_subject"),
            models.CheckConstraint(
                condition=Q(
                    row_count=F("created_count")
                    + F("updated_count")
                    + F("unchanged_count")
                    + F("skipped_count")
                    + F("rejected_count")
                ),
                name="import_every_row_counted_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def orders(self) -> dict[str, int]:
        """How many orders were created, updated …: a row is a line of one, so these are not its counts."""
        found: dict[str, int] = self.work.get("orders", {})
        return found

    @property
    def may_be_retried(self) -> bool:
        """Whether it failed with rows left, and its file is still there."""
        return self.state in (JobState.FAILED, JobState.ERRORED, JobState.CANCELLED) and bool(self.stored_as)

    def reports_at(self, now: datetime) -> bool:
        """Whether its reports can be downloaded at `now`."""
        return self.reports_until is not None and now < self.reports_until


SETS = ("people", "created", "updated")


def set_of(stored: bytes | memoryview | None) -> BitMap:
    """A stored set of contact ids."""
    return BitMap() if stored is None else BitMap.deserialize(bytes(stored))


def packed(ids: BitMap) -> bytes:
    """A set of contact ids as it is stored."""
    ids.run_optimize()
    return ids.serialize()
