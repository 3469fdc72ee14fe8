"""Sunsets: who has been silent for long is written to once more, and withdrawn from if nothing comes of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from segmentation.models import NAME_FOLDED, SavedCriteria, Segment


class State(models.TextChoices):
    ON = "on", _("On")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class Why(models.TextChoices):
    """Why it is paused."""

    HAND = "hand", _("by hand")
    CLOSED = "closed", _("because this area was closed to the account")


class Stage(models.TextChoices):
    """The three segments of a sunset, each with what is done to its members after every refresh."""

    QUIET = "quiet", _("Silent: get the tag")
    DUE = "due", _("Waited for long enough: consents are withdrawn")
    BACK = "back", _("Came back: lose the tag")


class Sunset(models.Model):
    """One set-up. What it does is done by recurring actions on its three segments (`sunset.services`).

    `consents`: those it withdraws, [[id, name], …]. `versions`: of each segment, by stage, the version of the criteria
    that it was set up with; criteria of any other are not ours, and then nobody is acted on.
    """

    name = models.CharField(_("name"), max_length=120)
    days = models.PositiveSmallIntegerField()  # silent for so long
    wait = models.PositiveSmallIntegerField()  # days with the tag before consents are withdrawn
    tag_id = models.BigIntegerField()  # no foreign key: a merged tag leads to the result (`standing.tag_of`)
    tag_name = models.CharField(max_length=120)  # as it was called when the sunset was set up
    consents = models.JSONField(default=list)
    left_out = models.ForeignKey(SavedCriteria, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=6, choices=State, default=State.ON)
    why_paused = models.CharField(max_length=6, choices=Why, blank=True, default="")
    quiet = models.ForeignKey(Segment, null=True, on_delete=models.SET_NULL, related_name="+")
    due = models.ForeignKey(Segment, null=True, on_delete=models.SET_NULL, related_name="+")
    back = models.ForeignKey(Segment, null=True, on_delete=models.SET_NULL, related_name="+")
    versions = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    on_since = models.BigIntegerField(default=0)  # the rollout log's last line when somebody last let it go on
    revision = models.PositiveIntegerField(default=1)  # raised by every change: a page opened before it is refused

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(NAME_FOLDED, name="sunset_name_unique"),
            models.CheckConstraint(condition=Q(wait__gte=1, wait__lte=models.F("days")), name="sunset_wait"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def consent_ids(self) -> list[int]:
        return [pk for pk, _name in self.consents]

    @property
    def on(self) -> bool:
        return self.state == State.ON

    @property
    def ended(self) -> bool:
        return self.state == State.ENDED

    def segment_of(self, stage: str) -> Segment | None:
        found: Segment | None = getattr(self, stage)
        return found


class Outcome(models.TextChoices):
    """What has become of a contact that got the tag; open: nothing yet."""

    OPEN = "", _("In the message stage")
    BACK = "back", _("Came back")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    OTHER = "other", _("Over for another reason")


class Passage(models.Model):
    """One contact's way through a sunset, from the tag on: written in the transactions of its actions' chunks.

    `current`: the contact's last one here; who fell silent again has earlier ones. `ended_at`: the tag is off again.
    """

    sunset = models.ForeignKey(Sunset, on_delete=models.CASCADE, related_name="passages")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    tagged_at = models.DateTimeField()
    back_at = models.DateTimeField(null=True)  # the first thing that the contact did since
    withdrawn_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True, default=Outcome.OPEN)
    current = models.BooleanField(default=True)
    run_id = models.BigIntegerField(null=True)  # the action's run that ended it: undone, it is open again

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sunset", "contact"], condition=Q(current=True), name="passage_current_one"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="back") | Q(back_at__isnull=False, ended_at__isnull=False), name="passage_back"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="withdrawn") | Q(withdrawn_at__isnull=False), name="passage_withdrawn"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} in {self.sunset_id}"
