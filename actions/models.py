"""Actions on segments and their runs."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from jobs.models import Job
from segmentation.models import Calculation, Segment


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

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(audience__in=Audience.values), name="action_audience")]


class ActionRun(Job):
    """One carrying out of an action on one calculation: at most one for each pair, so nothing is done twice."""

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="runs")
    calculation = models.ForeignKey(Calculation, on_delete=models.CASCADE, related_name="action_runs")
    changed = models.BinaryField(null=True)  # Roaring bitmap of the contacts that were really changed
    changed_count = models.PositiveIntegerField(default=0)
    already_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["action", "calculation"], name="actionrun_once")]

    @property
    def changed_ids(self) -> BitMap:
        return BitMap.deserialize(bytes(self.changed)) if self.changed else BitMap()
