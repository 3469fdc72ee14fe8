"""Saved reports: what they are of and what stands in them. No numbers are stored: each reader takes them anew."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from permissions.models import PermissionGroup

BASE = "base"  # compared with all contacts
PERIODS = {12: 3, 26: 6, 52: 12, 104: 24}  # weeks of what was done: months of what was bought, and of cohorts


class Sharing(models.TextChoices):
    PRIVATE = "private", pgettext_lazy("who sees a report", "Only me")
    ACCOUNT = "account", pgettext_lazy("who sees a report", "Everybody in the account")
    GROUPS = "groups", pgettext_lazy("who sees a report", "Users of these permission groups")


class Report(models.Model):
    """One saved report.

    of, beside: tokens as `reports.sources` reads them (`all`, `segment.7`, `tag.12`, `category.5.only`, `saved.3`);
    `beside` may be empty: nothing is compared, or `base`. The names are those they had last, to be told once
    they are gone. parts: keys in the order in which they stand. dimensions: [{"key": "a7", "name": "City"}].
    """

    name = models.CharField(_("name"), max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    of = models.CharField(max_length=60)
    of_name = models.CharField(max_length=400, blank=True, default="")
    beside = models.CharField(max_length=60, blank=True, default="")
    beside_name = models.CharField(max_length=400, blank=True, default="")
    parts = models.JSONField(default=list)
    dimensions = models.JSONField(default=list)
    weeks = models.PositiveSmallIntegerField(default=12)
    sharing = models.CharField(max_length=8, choices=Sharing, default=Sharing.PRIVATE)
    groups = models.ManyToManyField(PermissionGroup, related_name="+", blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)  # grows with every edit: a form opened before it is refused

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="report_name_not_empty"),
            models.CheckConstraint(condition=~Q(of=""), name="report_of_something"),
            models.CheckConstraint(condition=Q(sharing__in=Sharing.values), name="report_sharing"),
            models.CheckConstraint(condition=Q(weeks__in=list(PERIODS)), name="report_weeks"),
        ]

    def __str__(self) -> str:
        return self.name
