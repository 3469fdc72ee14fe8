"""All segments from one contact's side: in which it is, in which not, each with why."""

from datetime import datetime
from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from contacts.models import Contact
from contacts.selectors import contact_for
from insights.views.compare import SORTS, named
from segmentation.contact_pages import LOOKED_AT
from segmentation.models import Segment, bitmap_of
from segmentation.selectors import segments

PER_PAGE = 50
AT_ONCE = 20  # sets in memory
SHOWN = ("", "in", "out")


class Standing(NamedTuple):
    """A segment and whether its last calculation has the contact; None: it was never calculated."""

    pk: int
    name: str
    as_of: datetime | None
    ready: bool
    member: bool | None


@require_safe
def memberships(request: Request, pk: int) -> HttpResponse:
    """`?show=in` or `out`; `?q=` by name."""
    person, now = contact_for(request, pk), request.now
    shown, text = request.GET.get("show", ""), request.GET.get("q", "")
    problems = problems_in(request.GET, texts=("q", "show"))
    if shown not in SHOWN:
        problems.append(_("There is no such list."))
    context: dict[str, Any] = {"contact": person, "q": text, "show": shown, "at": now, "problems": problems}
    if problems:
        return page(request, "insights/memberships.html", context, part="rows", status=422)
    rows = segments()
    if shown:
        newest = rows.filter(latest__isnull=False).order_by("-latest_id").values_list("pk", flat=True)[:LOOKED_AT]
        rows = rows.filter(pk__in=list(newest))
        context["looked_at"] = LOOKED_AT if len(newest) == LOOKED_AT else 0
    ids = list(named(rows, text).order_by(SORTS["name"], "pk").values_list("pk", flat=True))
    if shown:
        members = holding(person, ids)
        ids = [one for one in ids if (one in members) == (shown == "in")]
    listed = Paginator(ids, PER_PAGE).get_page(page_number(request.GET))
    listed.object_list = standings(person, list(listed.object_list), now=now)  # type: ignore[assignment]
    return page(request, "insights/memberships.html", context | {"page": listed}, part="rows")


def holding(person: Contact, ids: list[int]) -> set[int]:
    """Those of the segments whose last calculation has the contact."""
    rows = Segment.objects.filter(pk__in=ids, latest__isnull=False).values_list("pk", "latest__members")
    return {pk for pk, members in rows.iterator(chunk_size=AT_ONCE) if person.pk in bitmap_of(members)}


def standings(person: Contact, ids: list[int], *, now: datetime) -> list[Standing]:
    """Whether the contact is in each of these, in their order."""
    members = holding(person, ids)
    rows = Segment.objects.filter(pk__in=ids).values_list("pk", "name", "ready_until", "latest__as_of")
    found = {
        pk: Standing(pk, name, as_of, ready is not None and now < ready, None if as_of is None else pk in members)
        for pk, name, ready, as_of in rows
    }
    return [found[pk] for pk in ids if pk in found]
