"""Files made by the export action."""

from django.conf import settings
from django.db import models

from actions.models import ActionRun
from segmentation.models import Calculation, Segment


class ExportFile(models.Model):
    """A finished file, private, gone after `expires_at` from the store and the list."""

    run = models.OneToOneField(ActionRun, on_delete=models.CASCADE, related_name="export_file")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="export_files")
    calculation = models.ForeignKey(Calculation, on_delete=models.CASCADE, related_name="export_files")
    name = models.CharField(max_length=255)  # what the browser saves it as
    stored_as = models.CharField(max_length=200, unique=True)  # random name in the private store
    columns = models.JSONField()
    rows = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()  # bytes
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-created_at"]
