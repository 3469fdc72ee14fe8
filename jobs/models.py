"""The shape of long work: a row with a state, a lease, a cursor and counters."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.errors import filled

if TYPE_CHECKING:
    from jobs.lease import Lease


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")  # expected: `problem` tells the user what to do
    ERRORED = "errored", _("Error")  # a bug: logged with its trace
    CANCELLED = "cancelled", _("Cancelled")


ACTIVE = (JobState.WAITING, JobState.RUNNING)


class Job(models.Model):
    """Base of every job table. The broker only wakes workers; this row is the work.

    `problem` is what a page tells its user: {"text": msgid, "params": {…}, "path": "any[0]…"?}, translated when shown.
    """

    state = models.CharField(max_length=10, choices=JobState, default=JobState.WAITING)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)  # of a waiting job: when `tick` queues it again
    attempts = models.PositiveSmallIntegerField(default=0)  # claims since it last got further
    cursor = models.BigIntegerField(default=0)
    progress = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    problem = models.JSONField(null=True)

    lease: "Lease | None" = None  # of the worker that runs this very object
    objects: models.Manager = models.Manager()

    class Meta:
        abstract = True

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def percent(self) -> int:
        """Whole per cent done, 0 to 100."""
        return min(100, self.progress * 100 // self.total) if self.total else 0

    @property
    def problem_text(self) -> str:
        """What went wrong, in the reader's language; empty if nothing did."""
        if not self.problem:
            return ""
        return filled(gettext(self.problem["text"]), self.problem.get("params", {}))
