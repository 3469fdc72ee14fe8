"""Files made by the export action or of a past list, the writing of the latter, choices kept, and downloads."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from actions.models import ActionRun, Audience
from jobs.models import ACTIVE, Job, JobState
from segmentation.models import Calculation, Cause, Segment


class ListExport(Job):
    """Writing a list of a past calculation into a file: its members, those who joined or who left, maybe for one cause.

    No action on the segment: it reads what the history shows, at any time. `progress` is the sum of the rows written,
    of those left out and of those who no longer exist.
    """

    calculation = models.ForeignKey(Calculation, on_delete=models.CASCADE, related_name="list_exports")
    audience = models.CharField(max_length=6, choices=Audience, default=Audience.ALL)
    cause = models.CharField(max_length=8, choices=Cause, blank=True, default="")
    params = models.JSONField()
    seen = models.BinaryField(null=True)  # whom who asked for it saw of the list; null: all of them
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_count = models.PositiveIntegerField(default=0)  # rows written: as a run counts them
    left_count = models.PositiveIntegerField(default=0)  # left out: not agreed to advertising, or without an address
    gone_count = models.PositiveIntegerField(default=0)
    work: Any = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(progress=F("changed_count") + F("left_count") + F("gone_count")),
                name="listexport_everyone_counted_once",
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
    format = models.CharField(max_length=10, default="csv")  # the name of one in `exports.formats`
    columns = models.JSONField()
    consent = models.CharField(max_length=60, blank=True, default="")  # the key of the one that an audience goes by
    rows = models.PositiveIntegerField()
    gone = models.PositiveIntegerField(default=0)  # members erased between the calculation and the export
    without_consent = models.PositiveIntegerField(default=0)  # left out of an audience
    without_address = models.PositiveIntegerField(default=0)  # left out of an audience, though they agreed
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

    @property
    def kind(self) -> Any:
        """Its format (`exports.formats.Format`)."""
        from exports.formats import FORMATS

        return FORMATS[self.format]

    def expired_at(self, now: datetime) -> bool:
        """Whether it may no longer be downloaded at `now`, purged already or not."""
        return now >= self.expires_at


class Preset(models.Model):
    """One user's choice for exports: columns in their order, their names, the format. Without a name: the last one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=80, blank=True, default="")
    params = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("user", Lower("name"), name="preset_name_unique")]

    def __str__(self) -> str:
        return self.name


class How(models.TextChoices):
    """On which way a file was carried away."""

    PAGE = "page", _("from the page")
    LINK = "link", _("by a link")
    API = "api", _("over the API")
    COMMAND = "command", _("on the command line")


class Download(models.Model):
    """A file was carried away. Kept after the file and its maker are gone: it names both itself."""

    file_id = models.BigIntegerField(db_index=True)
    file_name = models.CharField(max_length=255)
    title = models.CharField(max_length=255)  # what it was of: the segment's name at that time
    rows = models.PositiveIntegerField()
    at = models.DateTimeField(db_index=True)
    how = models.CharField(max_length=10, choices=How)
    by = models.CharField(max_length=254)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    address = models.GenericIPAddressField(null=True)  # as the server saw it
    program = models.CharField(max_length=200, blank=True, default="")  # what the browser or program calls itself

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.CheckConstraint(condition=Q(how__in=How.values), name="download_how")]

    def __str__(self) -> str:
        return f"{self.file_name}, {self.by}"
