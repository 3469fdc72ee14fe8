"""Actions on segments and their runs."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from jobs.models import ACTIVE, Job, JobState
from segmentation.models import Calculation, Segment, bitmap_of


class Audience(models.TextChoices):
    ALL = "all", _("all members")
    JOINED = "joined", _("those who just joined")
    LEFT = "left", _("those who just left")


class Action(models.Model):
    """What is to be done to a segment's contacts: once, or after every refresh.

    `kind` names a registered kind (`actions.kinds`); `params` is that kind's own, checked on the way in and out.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="actions")
    kind = models.CharField(max_length=30)
    params = models.JSONField(default=dict)
    audience = models.CharField(max_length=6, choices=Audience, default=Audience.ALL)
    every_refresh = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    stopped_at = models.DateTimeField(null=True)  # a recurring action that was switched off, or a planned one cancelled
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="action_audience"),
            models.CheckConstraint(condition=~Q(kind=""), name="action_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.segment_id}"

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        from actions.kinds import shown

        return shown(self.kind).icon

    @property
    def kind_name(self) -> str:
        """What its kind is called: "Add tag"."""
        from actions.kinds import shown

        return str(shown(self.kind).title)


class ActionRun(Job):
    """One carrying out of an action on one calculation: at most one for each pair, so nothing is done twice.

    Each contact of the audience is in exactly one of the counts once it was handled: changed, already so, or gone
    (erased since the calculation). `progress` is their sum, `total` the audience.
    """

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="runs")
    calculation = models.ForeignKey(Calculation, on_delete=models.CASCADE, related_name="action_runs")
    changed = models.BinaryField(null=True)  # Roaring bitmap of the contacts that were really changed
    changed_count = models.PositiveIntegerField(default=0)
    already_count = models.PositiveIntegerField(default=0)
    gone_count = models.PositiveIntegerField(default=0)
    work: Any = models.JSONField(default=dict)  # what the kind keeps from chunk to chunk (an unfinished file)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["action", "calculation"], name="actionrun_once"),
            models.CheckConstraint(
                condition=Q(progress=F("changed_count") + F("already_count") + F("gone_count")),
                name="actionrun_everyone_counted_once",
            ),
        ]
        indexes = [
            models.Index(fields=["lease_until"], condition=Q(state__in=ACTIVE), name="actionrun_active"),
        ]

    @property
    def may_be_retried(self) -> bool:
        """Whether it failed and its action still stands; beyond that only on the calculation that is acted on now."""
        return self.state in (JobState.FAILED, JobState.ERRORED) and self.action.stopped_at is None

    @property
    def changed_ids(self) -> BitMap:
        return bitmap_of(self.changed)
