"""Creating, editing and deleting segments."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from config.names import clean_name
from jobs.services import due
from segmentation import hooks
from segmentation.criteria import Catalog, check, parse
from segmentation.models import Calculation, Reason, RefreshUnit, Segment, Version
from segmentation.services.calculations import locked, request_calculation
from segmentation.services.errors import EditedMeanwhileError, NameTakenError, SegmentInUseError
from users.models import User

AT_ONCE = 20  # calculations deleted at a time: Django loads what it deletes, with sets of up to a megabyte


@dataclass(frozen=True)
class Settings:
    """What a segment's Settings hold. `refresh_every` None: calculated once."""

    name: str
    readiness_hours: int
    refresh_every: int | None = None
    refresh_unit: str = ""

    @property
    def interval(self) -> timedelta | None:
        """Time between refreshes; days are 24 hours."""
        if self.refresh_every is None:
            return None
        return timedelta(hours=self.refresh_every * (24 if self.refresh_unit == RefreshUnit.DAY else 1))

    @property
    def closed_for(self) -> timedelta | None:
        """How long the segment is closed for actions between two windows; None if the windows meet."""
        if self.interval is None:
            return None
        gap = self.interval - timedelta(hours=self.readiness_hours)
        return gap if gap > timedelta(0) else None


@contextmanager
def name_free() -> Iterator[None]:
    """Turns the database's refusal of a second segment of one name into NameTakenError; a race ends here as well."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "segment_name_unique" in str(error):
            raise NameTakenError from error
        raise


def create_segment(
    *, settings: Settings, criteria: dict[str, Any], now: datetime, by: User | None, reason: str = Reason.CREATED
) -> Segment:
    """A new segment, its first version and its first calculation, waiting.

    Raises: NameTakenError; CriteriaError with the path of what is wrong in `criteria`.
    """
    check(parse(criteria), Catalog())
    with name_free():
        segment = Segment.objects.create(
            name=clean_name(settings.name),
            owner=by,
            readiness_hours=settings.readiness_hours,
            refresh_every=settings.refresh_every,
            refresh_unit=settings.refresh_unit,
            created_at=now,
            next_refresh_at=now + settings.interval if settings.interval else None,
        )
        segment.version = Version.objects.create(
            segment=segment, number=1, criteria=criteria, created_at=now, created_by=by
        )
        segment.save(update_fields=["version"])
        request_calculation(segment, reason=reason, now=now, by=by)
        wake_for(segment)
    return segment


def edit_settings(segment: Segment, *, settings: Settings, revision: int, now: datetime, by: User | None) -> Segment:
    """Changes name, readiness and refreshing of a segment seen at `revision`.

    An open window is measured anew from the end of the calculation that opened it, which may close it at once; a
    closed one stays closed. A changed interval begins now.

    Raises: EditedMeanwhileError, NameTakenError.
    """
    with name_free():
        current = unedited(segment, revision)
        current.name = clean_name(settings.name)
        if current.ready_at(now) and current.readiness_hours != settings.readiness_hours:
            opened = Calculation.objects.values_list("finished_at", flat=True).get(pk=current.latest_id)
            current.ready_until = opened + timedelta(hours=settings.readiness_hours)
        current.readiness_hours = settings.readiness_hours
        if current.interval != settings.interval:
            current.next_refresh_at = now + settings.interval if settings.interval else None
        current.refresh_every, current.refresh_unit = settings.refresh_every, settings.refresh_unit
        mark_edited(current, now=now, by=by)
        wake_for(current)
    return current


def edit_criteria(
    segment: Segment, *, criteria: dict[str, Any], revision: int, now: datetime, by: User | None
) -> Segment:
    """A new version of the criteria and a calculation with it; older calculations keep theirs. Unchanged ones: nothing.

    The readiness window closes: no action may reach those whom only the former criteria let in.

    Raises: EditedMeanwhileError; CriteriaError.
    """
    check(parse(criteria), Catalog(), origin=("segment", segment.pk))
    with transaction.atomic():
        current = unedited(segment, revision)
        newest = Version.objects.filter(segment=current).order_by("-number")[0]
        if newest.criteria == criteria:
            return current
        current.version = Version.objects.create(
            segment=current, number=newest.number + 1, criteria=criteria, created_at=now, created_by=by
        )
        current.ready_until = None
        current.save(update_fields=["ready_until"])
        mark_edited(current, now=now, by=by)
        request_calculation(current, reason=Reason.EDITED, now=now, by=by)
    return current


def delete_segment(segment: Segment) -> None:
    """Removes the segment with all it owns.

    Raises: SegmentInUseError, if something live uses it.
    """
    with transaction.atomic():
        current = locked(segment.pk)
        live = [use for use in hooks.uses_of(current) if use.live]
        if live:
            raise SegmentInUseError(live)
        for forget in hooks.deleting:
            forget(current)
        Segment.objects.filter(pk=current.pk).update(latest=None)
        ids = list(Calculation.objects.filter(segment=current).values_list("pk", flat=True))
        for batch in (ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)):
            Calculation.objects.filter(pk__in=batch).delete()
        current.delete()


def unedited(segment: Segment, revision: int) -> Segment:
    """The segment's row, locked, if it still is at `revision`."""
    current = locked(segment.pk)
    if current.revision != revision:
        raise EditedMeanwhileError
    return current


def mark_edited(segment: Segment, *, now: datetime, by: User | None) -> None:
    """Saves a locked segment as edited."""
    segment.revision += 1
    segment.edited_at, segment.edited_by = now, by
    segment.save()


def wake_for(segment: Segment) -> None:
    """Has the scheduler look when the segment is next due."""
    if segment.next_refresh_at is not None:
        due(segment.next_refresh_at)
