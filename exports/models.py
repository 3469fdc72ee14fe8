"""Files made by the export action."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from actions.models import ActionRun
from segmentation.models import Calculation, Segment


class ExportFile(models.Model):
    """A finished file, private, gone after `expires_at` from the store and the list."""

    run = models.OneToOneField(ActionRun, on_delete=models.CASCADE, related_name="export_file")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="export_files")
    calculation = models.ForeignKey(Calculation, on_delete=models.CASCADE, related_name="export_files")
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
        ]

    def __str__(self) -> str:
        return self.name

    def expired_at(self, now: datetime) -> bool:
        """Whether it may no longer be downloaded at `now`, purged already or not."""
        return now >= self.expires_at
