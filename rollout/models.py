"""Which areas are open to whom, and who decided it. Shared by all accounts."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from waffle.models import AbstractBaseFlag

from rollout.areas import AREAS


class AreaFlag(AbstractBaseFlag):
    """An area's setting, as a flag of django-waffle: `everyone`, `percent` and `note` are its columns.

    An area without a row is open to everybody. The flag's columns about users mean nothing here.
    """

    named = ArrayField(models.CharField(max_length=63), default=list)  # schemas of accounts
    left_out = ArrayField(models.CharField(max_length=63), default=list)

    class Meta:
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True) | models.Q(percent__gte=0), name="area_share"
            ),
        ]

    @classmethod
    def get(cls, name: str) -> Self:
        """Waffle's way to a flag, without its cache: `is_active` goes by what the process keeps."""
        return cls(name=name)

    def is_active(self, request: HttpRequest, read_only: bool = False) -> bool:  # noqa: FBT001, FBT002 - waffle's
        """Whether the area is open to the account of the request, whoever its user is."""
        from rollout.selectors import is_open

        account: Any = getattr(request, "tenant", None)
        return account is not None and is_open(self.name, account)

    def flush(self) -> None:
        """Nothing to forget: what processes keep is told apart by the log's last stamp."""


class Change(models.Model):
    """A line of the log. The stamp of the last one tells every process whether what it keeps still holds."""

    at = models.DateTimeField()
    who = models.CharField(max_length=300)
    area = models.CharField(max_length=100, db_index=True)
    before = models.JSONField()
    after = models.JSONField()
    opened = models.PositiveIntegerField()  # to how many accounts
    closed = models.PositiveIntegerField()
    accounts = models.PositiveIntegerField()  # of how many there were
    stamp = models.UUIDField(unique=True)

    class Meta:
        verbose_name = _("change of an area")
        verbose_name_plural = _("changes of areas")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.area} {self.at}"

    @property
    def area_name(self) -> str:
        """How the area is called; one that is no more, by its key."""
        return str(AREAS[self.area].name) if self.area in AREAS else self.area
