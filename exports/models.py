"""Files made by the export action or of a past list, and the writing of the latter."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from actions.models import ActionRun, Audience
from jobs.models import ACTIVE, Job, JobState
from segmentation.models import Calculation, Cause, Segment


class ListExport(Job):
    """Writing a list of a past calculation into a file: its members, those who joined or who left, maybe for one cause.

    No action on the segment: it reads what the history shows, at any time. `progress` is the sum of the rows written
    and of those who no longer exist.
    """

    calculation = models.ForeignKey(Calculation, on_delete=models.CASCADE, related_name="list_exports")
    audience = models.CharField(max_length=6, choices=Audience, default=Audience.ALL)
    cause = models.CharField(max_length=8, choices=Cause, blank=True, default="")
    params = models.JSONField()
    seen = models.BinaryField(null=True)  # whom who asked for it saw of the list; null: all of them
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_count = models.PositiveIntegerField(default=0)  # rows written: as a run counts them
    gone_count = models.PositiveIntegerField(default=0)
    work: Any = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(progress=F("changed_count") + F("gone_count")), name="listexport_everyone_counted_once"
            ),
            models.CheckConstraint(
                condition=Q(audience__in=Audience.values) & (Q(cause="") | ~Q(audience=Audience.ALL)),
                name="listexport_of_what",
            ),
        ]
        indexes = [models.Index(fields=["lease_until"], condition=Q(state__in=ACTIVE), name="listexport_active")]

    def __str__(self) -> str:
        return f"{self.audience} {self.cause} of calculation {self.calculation_id}"

    @property
    def may_be_retried(self) -> bool:
        """Whether it failed."""
        return self.state in (JobState.FAILED, JobState.ERRORED)


class ExportFile(models.Model):
    """A finished file, private, gone after `expires_at` from the store and the list.

    Made by a run of the export action or by the export of a past list.
    """

    run = models.OneToOneField(ActionRun, null=True, on_delete=models.CASCADE, related_name="export_file")
    list_export = models.OneToOneField(ListExport, null=True, on_delete=models.CASCADE, related_name="export_file")
    # Of contacts picked in the contact manager: neither.
    segment = models.ForeignKey(Segment, null=True, on_delete=models.CASCADE, related_name="export_files")
    calculation = models.ForeignKey(Calculation, null=True, on_delete=models.CASCADE, related_name="export_files")
    audience = models.CharField(max_length=6, choices=Audience, default=Audience.ALL)
    cause = models.CharField(max_length=8, choices=Cause, blank=True, default="")
    name = models.CharField(max_length=255)  # what the browser saves it as
    stored_as = models.CharField(max_length=200, unique=True)  # random name in the account's private store
    columns = models.JSONField()
    rows = models.PositiveIntegerField()
    gone = models.PositiveIntegerField(default=0)  # members erased between the calculation and the export
    size = models.PositiveBigIntegerField()  # bytes
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(stored_as=""), name="exportfile_stored"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="exportfile_expires_later"),
            models.CheckConstraint(
                condition=Q(run__isnull=False, list_export__isnull=True)
                | Q(run__isnull=True, list_export__isnull=False),
                name="exportfile_made_by_one",
            ),
            models.CheckConstraint(
                condition=Q(segment__isnull=False, calculation__isnull=False)
                | Q(segment__isnull=True, calculation__isnull=True, run__isnull=False),
                name="exportfile_of_segment_or_picked",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """What it holds, by name: the segment, or how many contacts were picked."""
        if self.segment is not None:
            return self.segment.name
        return self.run.action.place if self.run is not None else ""

    @property
    def page_url(self) -> str:
        """The list of actions that it was asked for on."""
        if self.segment_id is None:
            return reverse("actions:on_contacts")
        return reverse("actions:list", args=[self.segment_id])

    def expired_at(self, now: datetime) -> bool:
        """Whether it may no longer be downloaded at `now`, purged already or not."""
        return now >= self.expires_at
