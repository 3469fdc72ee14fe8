"""Segments made and calculated by segmentation's own services; typed Any, so that tests need no casts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from contacts.models import Contact
from jobs.services import run
from segmentation.models import Calculation, Segment
from segmentation.services import Settings, create_segment
from tests.support.audiences import NOW

SCORED: dict[str, Any] = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}


def scored(number: int, score: int = 30, *, start: int = 0) -> list[int]:
    """That many contacts with a lead score; their ids."""
    made = Contact.objects.bulk_create(
        Contact(email=f"scored{start + n}-{score}@example.com", lead_score=score, created_at=NOW, updated_at=NOW)
        for n in range(number)
    )
    return [contact.pk for contact in made]


def create(
    name: str = "Warm leads", *, now: datetime = NOW, criteria: Any = SCORED, by: Any = None, **more: Any
) -> Any:
    """A new segment, waiting for its first calculation."""
    settings = Settings(name, more.pop("hours", 24), more.pop("every", None), more.pop("unit", ""))
    return create_segment(settings=settings, criteria=criteria, now=now, by=by)


def calculate(segment: Segment, *, now: datetime = NOW, takes: timedelta = timedelta(0)) -> Any:
    """Runs the segment's last calculation at `now`; it finishes after `takes`."""
    last = Calculation.objects.filter(segment=segment).latest("pk")
    run("calculation", last.pk, now=now, clock=clock(now, takes))
    segment.refresh_from_db()
    last.refresh_from_db()
    return last


def clock(now: datetime, takes: timedelta) -> Callable[[], datetime]:
    """A clock that shows `now` until the work begins, and the end afterwards."""
    times = iter([now, now])
    return lambda: next(times, now + takes)


def calculated(name: str = "Warm leads", *, now: datetime = NOW, **more: Any) -> Any:
    """A segment created and calculated at `now`."""
    segment = create(name, now=now, **more)
    calculate(segment, now=now)
    return segment
