"""Whom a calculation found, page by page; and using a segment: a fresh calculation first, then its members."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from api.auth import require_scope
from api.common import CursorText, Limit, Out, answer, example, key_of, needs, now_of, read_cursor, write_cursor
from api.models import Scope
from api.problems import Problem
from api.reading import note_read
from api.v1.calculations import CalculationOut, awaited, calculation_for
from api.v1.people import told as told_contacts
from api.v1.schemas import ContactOut
from config.requests import Request
from contacts.models import Contact
from contacts.sight import sight, within
from jobs.models import ACTIVE, JobState
from segmentation.health import note_use
from segmentation.models import Calculation, Reason, Segment, bitmap_of
from segmentation.seen import require_own
from segmentation.selectors import SETS, segment_for
from segmentation.services import request_calculation

router = Router(tags=["Segments"])
COUNTS = {"members": "count", "joined": "joined_count", "left": "left_count"}


class MemberOut(Out):
    """A contact; `contact`: all of it, if `details=true`."""

    id: int
    email: str | None
    external_id: str | None
    contact: ContactOut | None = None


class PeopleOut(Out):
    """One page of the contacts of one calculation, in the order of their ids.

    `count` is of all pages, and of the contacts that the key sees. Who was erased or deleted since is in the count and
    on no page.
    """

    model_config = example(
        {
            "segment": 12,
            "calculation": 90,
            "as_of": "2026-11-21T13:30:00Z",
            "count": 1863,
            "items": [{"id": 7, "email": "ala@example.com", "external_id": "K-17"}],
            "next_cursor": "WyJtZW1iZXJzIiw5MCw3XQ",
        }
    )
    segment: int
    calculation: int
    as_of: datetime
    count: int
    items: list[MemberOut]
    next_cursor: str | None


class PageIn(Schema):
    """Which page of people, and how much of each."""

    limit: Limit = 100
    cursor: CursorText = None
    details: bool = Field(default=False, description="Each contact whole; takes the scope contacts:read as well.")


MaxAge = Annotated[
    int, Query(ge=0, le=86_400, description="Seconds: a calculation no older than that is fresh enough.")
]
PAGES: dict[int, Any] = {200: PeopleOut, 202: CalculationOut}
UNTIL_DONE = (
    "While the calculation is being made the answer is 202 with the calculation, and `Location` and `Retry-After`: "
    "ask there again."
)


# --- using ---------------------------------------------------------------------------------------------------
@router.post(
    "/segments/{int:segment_id}/use",
    auth=needs("segments:write"),
    response=PAGES,
    summary="Members as of now: a fresh calculation first",
    description=f"200 with the first page of members, if a calculation is fresh enough. {UNTIL_DONE}",
)
def use(request: Request, segment_id: int, max_age: MaxAge = 0, limit: Limit = 100) -> HttpResponse:
    segment = segment_for(request, segment_id)
    require_own(request, segment.owner_id)
    now = now_of(request)
    oldest = now - timedelta(seconds=max_age)
    latest = segment.latest
    if latest and latest.as_of and latest.as_of >= oldest and latest.version_id == segment.version_id:
        found = calculation_for(request, segment_id, latest.pk, "members")
        return page_of_people(request, found, "members", limit=limit, after=0, details=False)
    return awaited(under_way(segment, since=oldest) or asked_for(request, segment), "members")


def under_way(segment: Segment, *, since: datetime) -> Calculation | None:
    """A calculation of the criteria in force that will be no older than `since`: one that waits, or has just begun.

    So programs that ask at the same time share one, and none stops that of another.
    """
    active = Calculation.objects.filter(segment=segment, version=segment.version_id, state__in=ACTIVE).defer(*SETS)
    found = active.first()
    if found is None or (found.started_at is not None and found.started_at < since):
        return None
    return found


def asked_for(request: Request, segment: Segment) -> Calculation:
    return request_calculation(segment, reason=Reason.BEFORE_USE, now=now_of(request), by=key_of(request).user)


# --- people --------------------------------------------------------------------------------------------------
@router.get(
    "/segments/{int:segment_id}/members",
    auth=needs("segments:read"),
    response=PAGES,
    summary="Members of a segment, as last calculated",
    description=f"All pages are of one calculation: the cursor carries it. {UNTIL_DONE}",
)
def members(request: Request, segment_id: int, page: Query[PageIn]) -> HttpResponse:
    pk, _after = read_cursor(page.cursor, "members", default=(0, 0))
    if page.cursor is None:
        segment = segment_for(request, segment_id)
        newest = Calculation.objects.filter(segment=segment, state__in=ACTIVE).values_list("pk", flat=True).first()
        pk = segment.latest_id or newest or 0
        if not pk:
            raise Problem("conflict", _("It has not been calculated: its calculation failed or was cancelled."))
    return people(request, segment_id, pk, "members", page=page)


@router.get(
    "/segments/{int:segment_id}/calculations/{int:calculation_id}/members",
    auth=needs("segments:read"),
    response=PAGES,
    summary="Members of a calculation",
    description=UNTIL_DONE,
)
def members_of_calculation(request: Request, segment_id: int, calculation_id: int, page: Query[PageIn]) -> HttpResponse:
    return people(request, segment_id, calculation_id, "members", page=page)


@router.get(
    "/segments/{int:segment_id}/calculations/{int:calculation_id}/joined",
    auth=needs("segments:read"),
    response=PAGES,
    summary="Who joined with a calculation",
    description=f"With the first one everybody joined. {UNTIL_DONE}",
)
def joined(request: Request, segment_id: int, calculation_id: int, page: Query[PageIn]) -> HttpResponse:
    return people(request, segment_id, calculation_id, "joined", page=page)


@router.get(
    "/segments/{int:segment_id}/calculations/{int:calculation_id}/left",
    auth=needs("segments:read"),
    response=PAGES,
    summary="Who left with a calculation",
    description=UNTIL_DONE,
)
def left(request: Request, segment_id: int, calculation_id: int, page: Query[PageIn]) -> HttpResponse:
    return people(request, segment_id, calculation_id, "left", page=page)


def people(request: Request, segment_id: int, pk: int, which: str, *, page: PageIn) -> HttpResponse:
    """A page of that set, or what stands in its way. Raises: Problem (403, 409, 422)."""
    of, after = read_cursor(page.cursor, which, default=(pk, 0))
    if of != pk:
        raise Problem("invalid", _("This is no cursor of this list."))
    if page.details:
        require_scope(key_of(request), Scope.CONTACTS_READ)
    found = calculation_for(request, segment_id, pk, which)
    if found.active:
        return awaited(found, which)
    if found.state == JobState.CANCELLED and (newer := newer_than(found)):
        return awaited(newer, which)
    if found.state != JobState.DONE:
        raise Problem("conflict", found.problem_text or _("The calculation was cancelled: it has no result."))
    return page_of_people(request, found, which, limit=page.limit, after=after, details=page.details)


def newer_than(calculation: Calculation) -> Calculation | None:
    """What took the place of one that was stopped."""
    newer = Calculation.objects.filter(segment=calculation.segment_id, pk__gt=calculation.pk).defer(*SETS)
    found = newer.order_by("-pk").first()
    return found if found is not None and found.state in (*ACTIVE, JobState.DONE) else None


def page_of_people(
    request: Request, calculation: Calculation, which: str, *, limit: int, after: int, details: bool
) -> HttpResponse:
    """Those of a finished calculation. The key is noted as a reader of the segment."""
    now, mask = now_of(request), sight(request)
    note_read(key_of(request), calculation.segment, now=now)
    note_use(calculation.segment, now=now)
    ids = within(bitmap_of(getattr(calculation, which)), mask)
    start = ids.rank(min(max(after, 0), 2**32 - 1))
    page = list(ids[start : start + limit])
    more = len(ids) > start + limit
    said = {
        "segment": calculation.segment_id,
        "calculation": calculation.pk,
        "as_of": calculation.as_of,
        "count": len(ids) if mask is not None else getattr(calculation, COUNTS[which]),
        "items": told_people(page, details=details),
        "next_cursor": write_cursor(which, calculation.pk, page[-1]) if more else None,
    }
    return answer(said)


def told_people(ids: list[int], *, details: bool) -> list[dict[str, Any]]:
    """Those who still are contacts, in the order of ids."""
    found = list(Contact.objects.filter(pk__in=ids).order_by("pk"))
    whole = {item["id"]: item for item in told_contacts(found)} if details else {}
    return [
        {"id": contact.pk, "email": contact.email, "external_id": contact.external_id}
        | ({"contact": whole[contact.pk]} if details else {})
        for contact in found
    ]
