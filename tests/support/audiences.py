"""Segments with given members, made without the engine: what actions, exports and jobs stand on."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.utils.timezone import now as clock
from pyroaring import BitMap

from contacts.models import Contact
from jobs.models import JobState
from segmentation.models import Calculation, Reason, Segment, Version

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
_numbers = count(1)


def make_contacts(number: int, **fields: Any) -> BitMap:
    """That many contacts; returns their ids."""
    common = {"created_at": NOW, "updated_at": NOW, **fields}
    made = Contact.objects.bulk_create(
        [Contact(email=f"person{next(_numbers)}@example.com", **common) for _ in range(number)]
    )
    return BitMap(contact.pk for contact in made)


def make_segment(*, refreshes: bool = False, **fields: Any) -> Segment:
    """A segment without a calculation; refreshing every two days if asked."""
    fields.setdefault("name", f"Segment {next(_numbers)}")
    fields.setdefault("created_at", NOW)
    if refreshes:
        fields |= {"refresh_every": 2, "refresh_unit": "day"}
    segment = Segment.objects.create(**fields)
    criteria = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
    segment.version = Version.objects.create(segment=segment, number=1, criteria=criteria, created_at=NOW)
    segment.save()
    return segment


def add_calculation(segment: Segment, members: Iterable[int], *, at: datetime = NOW) -> Calculation:
    """A finished calculation which opens the window, as segmentation's own does; hooks are not called."""
    before = segment.latest.member_ids if segment.latest else BitMap()
    now_in = BitMap(members)
    joined, left = now_in - before, before - now_in
    calculation = Calculation.objects.create(
        segment=segment, version=segment.version, reason=Reason.CREATED, state=JobState.DONE,
        requested_at=at, started_at=at, finished_at=at, as_of=at,
        members=now_in.serialize(), joined=joined.serialize(), left=left.serialize(),
        count=len(now_in), joined_count=len(joined), left_count=len(left),
    )  # fmt: skip
    segment.latest, segment.ready_until = calculation, at + timedelta(hours=segment.readiness_hours)
    segment.save()
    return calculation


def start_calculation(segment: Segment, *, at: datetime = NOW) -> Calculation:
    """A waiting calculation: the segment is in creation."""
    return Calculation.objects.create(
        segment=segment, version=segment.version, reason=Reason.CREATED, requested_at=at, lease_until=at
    )


def ready_segment(members: Iterable[int] = (), *, at: datetime | None = None, **fields: Any) -> Segment:
    """A segment with one finished calculation and its window open."""
    segment = make_segment(**fields)
    add_calculation(segment, members, at=at or NOW)
    return segment


def present() -> datetime:
    """The real time, for pages: their requests go by it."""
    return clock()
