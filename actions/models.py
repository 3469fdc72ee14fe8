"""Actions on segments and their runs."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from config.templatetags.numbers import number
from jobs.models import ACTIVE, Job, JobState
from segmentation.models import Calculation, Segment, bitmap_of


class Audience(models.TextChoices):
    ALL = "all", _("all members")
    JOINED = "joined", _("those who just joined")
    LEFT = "left", _("those who just left")


class PickedContacts(models.Model):
    """Contacts that actions were asked for in the contact manager: a set fixed when the numbers were shown.

    Nobody is added to it later: what was asked about is what is acted on. Without an answer it goes after a day.
    """

    members = models.BinaryField()  # Roaring bitmap of contact ids
    count = models.PositiveIntegerField()
    erased = models.JSONField(default=dict)  # {"members": how many were taken out, erased since}
    words = models.JSONField(default=list)  # the list they stood in: its filters in words, in the language of who asked
    query = models.TextField(blank=True, default="")  # and its address
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    question = models.UUIDField(unique=True)  # the one that showed the numbers

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["taken_at"], name="pickedcontacts_taken")]

    def __str__(self) -> str:
        return f"{self.count} contacts of {self.taken_at}"

    @property
    def member_ids(self) -> BitMap:
        return bitmap_of(self.members)

    @property
    def title(self) -> str:
        """How many they are: "12 contacts"."""
        return ngettext("%(number)s contact", "%(number)s contacts", self.count) % {"number": number(self.count)}


class Action(models.Model):
    """What is to be done to a segment's contacts, once or after every refresh, or once to picked contacts.

    `kind` names a registered kind (`actions.kinds`); `params` is that kind's own, checked on the way in and out.
    """

    segment = models.ForeignKey(Segment, null=True, on_delete=models.CASCADE, related_name="actions")
    picked = models.ForeignKey(PickedContacts, null=True, on_delete=models.CASCADE, related_name="actions")
    kind = models.CharField(max_length=30)
    params = models.JSONField(default=dict)
    audience = models.CharField(max_length=6, choices=Audience, default=Audience.ALL)
    every_refresh = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    stopped_at = models.DateTimeField(null=True)  # a recurring action that was switched off, or a planned one cancelled
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    question = models.UUIDField(null=True)  # the one that was answered by adding it
    part = models.PositiveSmallIntegerField(default=0)  # which of the actions that this question spoke of

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["question", "part"], name="action_answered_once"),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="action_audience"),
            models.CheckConstraint(condition=~Q(kind=""), name="action_kind"),
            models.CheckConstraint(
                condition=Q(segment__isnull=False, picked__isnull=True)
                | Q(segment__isnull=True, picked__isnull=False, every_refresh=False, audience=Audience.ALL),
                name="action_on_segment_or_picked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.segment_id or 'picked contacts'}"

    @property
    def page_url(self) -> str:
        """The list it stands on."""
        if self.segment_id is None:
            return reverse("actions:on_contacts")
        return reverse("actions:list", args=[self.segment_id])

    @property
    def place(self) -> str:
        """What it is done to, by name: the segment, or how many contacts were picked."""
        if self.segment is not None:
            return self.segment.name
        return self.picked.title if self.picked is not None else ""

    @property
    def place_for_all(self) -> str:
        """`place` in texts that anybody may read: a number of picked contacts is of whom one user sees."""
        return self.place if self.segment is not None else gettext("picked contacts")

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        from actions.kinds import shown

        return shown(self.kind).icon

    @property
    def guarded(self) -> bool:
        """Whether it is a part of something larger, which looks at each contact once more before it acts."""
        from actions.kinds import KINDS

        kind = KINDS.get(self.kind)
        return kind is not None and not kind.offered

    @property
    def kind_name(self) -> str:
        """What its kind is called: "Add tag"."""
        from actions.kinds import shown

        return str(shown(self.kind).title)


class ActionRun(Job):
    """One carrying out of an action on one calculation: at most one for each pair, so nothing is done twice.

    An action on picked contacts has one run, without a calculation.

    Each contact of the audience is in exactly one of the counts once it was handled: changed, already so, left (said
    no to it), or gone (erased since the calculation). `progress` is their sum, `total` the audience.
    """

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="runs")
    calculation = models.ForeignKey(Calculation, null=True, on_delete=models.CASCADE, related_name="action_runs")
    seen = models.BinaryField(null=True)  # whom its author saw of the audience when it began; null: all of them
    changed = models.BinaryField(null=True)  # Roaring bitmap of the contacts that were really changed
    erased = models.JSONField(default=dict)  # of those sets, how many were taken out, erased since
    changed_count = models.PositiveIntegerField(default=0)
    already_count = models.PositiveIntegerField(default=0)
    left_count = models.PositiveIntegerField(default=0)
    gone_count = models.PositiveIntegerField(default=0)
    work: Any = models.JSONField(default=dict)  # what the kind keeps from chunk to chunk (an unfinished file)
    traced = models.BooleanField(default=False)  # what it wrote is noted from its first chunk on: it can be undone

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["action", "calculation"], name="actionrun_once"),
            models.UniqueConstraint(
                fields=["action"], condition=Q(calculation__isnull=True), name="actionrun_on_picked_once"
            ),
            models.CheckConstraint(
                condition=Q(progress=F("changed_count") + F("already_count") + F("left_count") + F("gone_count")),
                name="actionrun_everyone_counted_once",
            ),
        ]
        indexes = [
            models.Index(fields=["lease_until"], condition=Q(state__in=ACTIVE), name="actionrun_active"),
        ]

    @property
    def may_be_retried(self) -> bool:
        """Whether it failed and its action still stands; beyond that only on the calculation that is acted on now."""
        failed = self.state in (JobState.FAILED, JobState.ERRORED)
        return failed and self.action.stopped_at is None and self.undoing is None

    @property
    def may_be_undone(self) -> bool:
        """Whether it is over, changed somebody, and nobody has begun to undo it."""
        return not self.active and self.traced and self.changed_count > 0 and self.undoing is None

    @property
    def undoing(self) -> "Undo | None":
        """Its undo, if one was asked for."""
        return getattr(self, "undo", None)

    @property
    def changed_ids(self) -> BitMap:
        return bitmap_of(self.changed)


class Undo(Job):
    """Changing back what a run changed, as far as nobody has written it since: once for each run.

    Each contact that the run changed is in exactly one of the counts once it was handled: changed back, written by
    somebody else since, or gone. `progress` is their sum, `total` what the run had changed.
    """

    run = models.OneToOneField(ActionRun, on_delete=models.CASCADE, related_name="undo")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    back_count = models.PositiveIntegerField(default=0)
    since_count = models.PositiveIntegerField(default=0)
    gone_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(progress=F("back_count") + F("since_count") + F("gone_count")),
                name="undo_everyone_counted_once",
            ),
        ]
        indexes = [models.Index(fields=["lease_until"], condition=Q(state__in=ACTIVE), name="undo_active")]

    def __str__(self) -> str:
        return f"of run {self.run_id}"

    @property
    def may_go_on(self) -> bool:
        """Whether it stopped before its end."""
        return self.state in (JobState.FAILED, JobState.ERRORED, JobState.CANCELLED)
