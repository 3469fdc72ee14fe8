"""Secrets that sign, and are replaced without a gap."""

from datetime import datetime

from django.db import models


class RenewableSecret(models.Model):
    """A secret of a row's own; the one before it holds as well until `previous_until`, while it is being replaced."""

    secret = models.CharField(max_length=80)
    previous_secret = models.CharField(max_length=80, blank=True, default="")
    previous_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def secrets_at(self, now: datetime) -> list[str]:
        """Those that hold at `now`, the newest first."""
        overlap = self.previous_secret and self.previous_until is not None and now < self.previous_until
        return [self.secret, self.previous_secret] if overlap else [self.secret]

    def renew(self, fresh: str, *, until: datetime) -> None:
        """Another secret; the one before it holds until then, and the one before that no more."""
        self.previous_secret, self.previous_until = self.secret, until
        self.secret = fresh

    def drop_previous(self) -> None:
        self.previous_secret, self.previous_until = "", None
