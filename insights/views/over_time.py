"""Over time: a segment, tag or category by day, week or month, and how long its newcomers stay; the numbers as CSV."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import problems_in
from config.downloads import as_csv, refused
from config.pages import page
from config.requests import Request
from contacts.sight import as_seen, sight
from insights.errors import NotKeptError
from insights.over_time import choosing, filed, subjects, taking
from insights.over_time.periods import MOST, By, by_named
from insights.over_time.subjects import Subject
from insights.over_time.telling import told
from segmentation.models import Segment
from segmentation.selectors import archived
from users.access import writers_only

TEMPLATE = "insights/over_time.html"


@require_safe
def over_time(request: Request) -> HttpResponse:
    """`?of=tag.3`: the page of one; without it, what there is to choose from.

    `?count=1` counts, which the page asks for by itself where nothing is kept.
    """
    problems = problems_in(request.GET, texts=("of", "by", "count", "q"))
    by = by_named(request.GET.get("by", "week"))
    if by is None:
        problems.append(_("There is no such period."))
    if problems:
        return page(request, TEMPLATE, {"problems": problems}, part="numbers", status=422)
    if not request.GET.get("of"):
        query = request.GET.get("q", "")
        return page(request, TEMPLATE, {"kinds": choosing.choices(query, now=request.now), "q": query}, part="choices")
    subject = subject_for(request)
    context: dict[str, Any] = {"subject": subject, "by": by, "units": units(), "restricted": sight(request) is not None}
    if subject.kind == "saved":
        context["followers"] = followers(subject)
    elif not subject.list_url:
        context["never"] = True
    else:
        context["archived"] = subject.kind == "segment" and bool(archived([subject.pk], now=request.now))
        context |= counted(request, subject, by or "week", only_kept="count" not in request.GET)
    return page(request, TEMPLATE, context, part="numbers")


def counted(request: Request, subject: Subject, by: By, *, only_kept: bool) -> dict[str, Any]:
    try:
        return {"told": told(taking.taken(subject, by, **as_seen(request), only_kept=only_kept))}
    except NotKeptError:
        return {"waits": True}


@require_safe
@writers_only
def numbers(request: Request) -> HttpResponse:
    """The same numbers as CSV."""
    problems, by = problems_in(request.GET, texts=("of", "by")), by_named(request.GET.get("by", "week"))
    if problems or by is None:
        return refused(problems or [_("There is no such period.")])
    subject = subject_for(request)
    if subject.kind == "saved" or not subject.list_url:
        raise Http404("no numbers")
    found = counted(request, subject, by, only_kept=False)["told"]
    return as_csv(filed.content(found), filed.name(found))


def subject_for(request: Request) -> Subject:
    """The door. Raises: Http404."""
    subject = subjects.named(request.GET.get("of", ""))
    if subject is None:
        raise Http404("nothing of that name")
    return subject


def units() -> list[tuple[By, str]]:
    words: dict[By, str] = {"day": _("Days"), "week": _("Weeks"), "month": _("Months")}
    return [(by, words[by]) for by in MOST]


def followers(subject: Subject) -> list[Segment]:
    """Segments of exactly these criteria: they have a past."""
    same = Segment.objects.filter(version__criteria={"kind": "saved", "criteria": subject.pk})
    return list(same.filter(latest__isnull=False).order_by("name")[:10])
