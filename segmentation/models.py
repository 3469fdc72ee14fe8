"""Segments, the versions of their criteria, and their calculations."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from pyroaring import BitMap

from jobs.models import ACTIVE, Job, JobState

LONGEST_HOURS = 87_600  # ten years: times stay far from the end of the calendar

# As contacts.folding compares text; written as a template because a constraint takes no collation inside a function.
NAME_FOLDED = models.Func(
    models.F("name"),
    template='casefold(%(expressions)s COLLATE "pg_unicode_fast")',
    output_field=models.TextField(),
)


class RefreshUnit(models.TextChoices):
    HOUR = "hour", _("hours")
    DAY = "day", _("days")


def bitmap_of(stored: bytes | memoryview | None) -> BitMap:
    """A stored set of contact ids; none stored is the empty one."""
    return BitMap.deserialize(bytes(stored)) if stored else BitMap()


class UploadedList(models.Model):
    """A file of contact ids or e-mail addresses, and which contacts it matched; or a fixed list, made of contacts.

    `report` says how the file was read and counts its rows; `matched`, `not_found`, `duplicate` and `invalid`
    add up to `rows`.
    """

    class Key(models.TextChoices):
        ID = "id", _("contact ids")
        EMAIL = "email", _("e-mail addresses")

    name = models.CharField(max_length=200)
    key = models.CharField(max_length=5, choices=Key)
    matched = models.BinaryField()  # Roaring bitmap of contact ids
    report = models.JSONField(default=dict)  # as segmentation.services.read_upload makes it
    rejects = models.CharField(max_length=200, blank=True, default="")  # storage name of the rejected rows
    created_at = models.DateTimeField(db_index=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def matched_ids(self) -> BitMap:
        """The contacts that were found when the file was read."""
        return bitmap_of(self.matched)


class SavedCriteria(models.Model):
    """A criteria tree with a name of its own."""

    name = models.CharField(_("name"), max_length=200)
    criteria = models.JSONField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    revision = models.PositiveIntegerField(default=1)  # raised by every edit: a form opened before it is refused

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="savedcriteria_name_unique")]

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """A named audience. Where it is listed follows from its calculations and `ready_until`; nothing else is stored."""

    name = models.CharField(_("segment name"), max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    readiness_hours = models.PositiveIntegerField(_("readiness time"), default=24)
    refresh_every = models.PositiveIntegerField(_("refresh every"), null=True, blank=True)
    refresh_unit = models.CharField(max_length=4, choices=RefreshUnit, blank=True, default="")
    created_at = models.DateTimeField()
    version = models.ForeignKey(
        "Version", null=True, on_delete=models.RESTRICT, related_name="+"
    )  # the criteria in force
    latest = models.ForeignKey(
        "Calculation", null=True, on_delete=models.SET_NULL, related_name="+"
    )  # the last done one
    ready_until = models.DateTimeField(null=True)  # end of the readiness window; null: none opened yet
    next_refresh_at = models.DateTimeField(null=True, db_index=True)
    revision = models.PositiveIntegerField(
        default=1
    )  # grows with every edit; forms carry it, so none overwrites another
    edited_at = models.DateTimeField(null=True)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(null=True)  # when somebody last looked at its contacts, to the day

    class Meta:
        constraints = [
            models.UniqueConstraint(NAME_FOLDED, name="segment_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="segment_name_not_empty"),
            models.CheckConstraint(
                condition=Q(readiness_hours__gte=1, readiness_hours__lte=LONGEST_HOURS), name="segment_readiness"
            ),
            models.CheckConstraint(
                condition=Q(refresh_every__isnull=True, refresh_unit="")
                | Q(refresh_every__gte=1, refresh_every__lte=LONGEST_HOURS, refresh_unit=RefreshUnit.HOUR)
                | Q(refresh_every__gte=1, refresh_every__lte=LONGEST_HOURS // 24, refresh_unit=RefreshUnit.DAY),
                name="segment_refresh",
            ),
            models.CheckConstraint(
                condition=Q(refresh_every__isnull=False) | Q(next_refresh_at__isnull=True), name="segment_next_refresh"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def refreshes(self) -> bool:
        """Whether it is recalculated by itself."""
        return self.refresh_every is not None

    @property
    def readiness(self) -> timedelta:
        """How long actions may be added after a calculation finishes."""
        return timedelta(hours=self.readiness_hours)

    @property
    def interval(self) -> timedelta | None:
        """Time between refreshes; days are 24 hours."""
        if self.refresh_every is None:
            return None
        return timedelta(hours=self.refresh_every * (24 if self.refresh_unit == RefreshUnit.DAY else 1))

    def ready_at(self, now: datetime) -> bool:
        """Whether the readiness window is open at `now`: actions may be added."""
        return self.ready_until is not None and now < self.ready_until


class Version(models.Model):
    """Criteria as they stood from one moment on. Never changed: calculations point here."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    criteria = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "number"], name="version_number")]

    def __str__(self) -> str:
        return f"{self.segment_id}.{self.number}"


class Reason(models.TextChoices):
    CREATED = "created", _("Created")
    REFRESH = "refresh", _("Automatic refresh")
    MANUAL = "manual", _("By hand")
    EDITED = "edited", _("Criteria changed")
    BEFORE_USE = "before_use", _("Before use")


class Calculation(Job):
    """One computing of a segment at one instant (`as_of`)."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="calculations")
    version = models.ForeignKey(Version, on_delete=models.RESTRICT, related_name="calculations")
    reason = models.CharField(max_length=10, choices=Reason)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    as_of = models.DateTimeField(null=True)  # the one `now` of the calculation
    sight = models.CharField(max_length=32, default="")  # of the contacts its owner saw (`seen.digest`); empty: all
    members = models.BinaryField(null=True)  # Roaring bitmaps of contact ids
    joined = models.BinaryField(null=True)
    left = models.BinaryField(null=True)
    count = models.PositiveIntegerField(null=True)
    joined_count = models.PositiveIntegerField(null=True)
    left_count = models.PositiveIntegerField(null=True)
    # Of each set, how many were taken out because they were erased: with them it has the number that was counted.
    erased = models.JSONField(default=dict)
    node_counts = models.JSONField(default=list)  # [{"path", "count", "ms"}]
    ms = models.FloatField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["segment"], condition=Q(state__in=ACTIVE), name="calculation_one_active_per_segment"
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.DONE)
                | Q(
                    members__isnull=False,
                    count__isnull=False,
                    joined_count__isnull=False,
                    left_count__isnull=False,
                    as_of__isnull=False,
                    finished_at__isnull=False,
                ),
                name="calculation_done_has_members",
            ),
        ]
        indexes = [models.Index(fields=["segment", "-id"], name="calculation_segment")]

    @property
    def member_ids(self) -> BitMap:
        """The members as a bitmap; empty until done."""
        return bitmap_of(self.members)

    @property
    def joined_ids(self) -> BitMap:
        """Who is in and was not in the calculation before."""
        return bitmap_of(self.joined)

    @property
    def left_ids(self) -> BitMap:
        """Who was in the calculation before and no longer is."""
        return bitmap_of(self.left)


class Direction(models.TextChoices):
    JOINED = "joined", _("Joined")
    LEFT = "left", pgettext_lazy("contacts who left", "Left")


class Cause(models.TextChoices):
    """Why a contact joined or left, exactly one each. docs/segments.md, "Causes"."""

    IMPORTED = "imported", pgettext_lazy("why contacts joined", "new in the account")
    ERASED = "erased", pgettext_lazy("why contacts left", "deleted from the account")
    CHANGED = "changed", pgettext_lazy("why contacts joined or left", "data changed")
    PASSED = "passed", pgettext_lazy("why contacts joined or left", "time passed")
    EDITED = "edited", pgettext_lazy("why contacts joined or left", "criteria changed")


class Movement(models.Model):
    """Those who joined, or left, with a calculation for one cause. A first calculation has none; none is empty.

    Of one calculation and direction the members share nobody and together are its `joined`, or `left`.
    """

    calculation = models.ForeignKey(Calculation, on_delete=models.CASCADE, related_name="movements", db_index=False)
    direction = models.CharField(max_length=6, choices=Direction)
    cause = models.CharField(max_length=8, choices=Cause)
    members = models.BinaryField()  # Roaring bitmap of contact ids
    count = models.PositiveIntegerField()
    erased = models.JSONField(default=dict)  # as of a calculation: {"members": how many were taken out}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calculation", "direction", "cause"], name="movement_once"),
            models.CheckConstraint(
                condition=Q(direction=Direction.JOINED, cause__in=["imported", "changed", "passed", "edited"])
                | Q(direction=Direction.LEFT, cause__in=["erased", "changed", "passed", "edited"]),
                name="movement_cause",
            ),
            models.CheckConstraint(condition=Q(count__gt=0), name="movement_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.calculation_id}: {self.count} {self.direction}, {self.cause}"

    @property
    def member_ids(self) -> BitMap:
        """Who moved."""
        return bitmap_of(self.members)


class Likeness(models.Model):
    """Two segments whose last calculations found nearly the same contacts; `segment` is the one of the smaller id.

    Written when one of them is calculated, so it speaks of the last calculations of both. No constraint to their rows:
    one that is deleted at that moment must not make a calculation fail.
    """

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    other = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    both = models.PositiveIntegerField()  # contacts in both
    either = models.PositiveIntegerField()  # contacts in at least one

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "other"], name="likeness_once"),
            models.CheckConstraint(condition=Q(segment__lt=models.F("other")), name="likeness_ordered"),
            models.CheckConstraint(condition=Q(either__gte=models.F("both"), both__gt=0), name="likeness_share"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} ~ {self.other_id}"


class Draft(models.Model):
    """What a user is building and has not submitted: kept so that nothing is lost on reload."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=60)  # "segment:new", "segment:12", "saved:new" …
    form = models.JSONField()
    kept_at = models.DateTimeField()
    window = models.CharField(max_length=32, default="")  # the page, as opened once, that it was kept from
    sequence = models.PositiveBigIntegerField(default=0)  # which of that page's requests: an older one comes too late
    step = models.PositiveIntegerField(default=0)  # which of its steps is the form as it stands

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "place"], name="draft_place")]

    def __str__(self) -> str:
        return self.place


class DraftStep(models.Model):
    """The criteria of a draft before and after each change: what undo and redo go along."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    form = models.JSONField()
    typing = models.CharField(max_length=60, default="")  # the field still being filled in

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "number"], name="draft_step")]

    def __str__(self) -> str:
        return f"{self.draft_id}: {self.number}"


class ContactQuery(models.Model):
    """Criteria that the contact manager is narrowed by: its address holds the key. Only renaming changes them."""

    key = models.CharField(max_length=16, unique=True)
    criteria = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(db_index=True)  # to the day: what nobody has opened for long is removed

    def __str__(self) -> str:
        return self.key
