"""Buyers: by RFM, by how much and how often they bought; the numbers of both as files (ED14)."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import problems_in
from config.downloads import as_csv, day, refused
from config.pages import page
from config.requests import Request, today
from contacts.sight import as_seen, sight
from insights.buyers import filed, moving, spenders, telling
from insights.buyers.parts import BY
from insights.buyers.taking import taken, taken_spending
from insights.errors import NotKeptError
from users.access import writers_only


@require_safe
def rfm(request: Request) -> HttpResponse:
    """`?by=`: what the columns of the map are; `?heat=`: what its colours say; `?count=1` counts, which the page asks
    for by itself where that takes a moment."""
    problems = problems_of(request, {"by": BY, "heat": telling.HEATS})
    context: dict[str, Any] = {"tab": "rfm", "problems": problems, "restricted": sight(request) is not None}
    if problems:
        return page(request, "insights/buyers.html", context, part="numbers", status=422)
    try:
        of = taken(**as_seen(request), only_kept="count" not in request.GET)
    except NotKeptError:
        context["waits"] = True
    else:
        by, hot = request.GET.get("by", BY[0]), request.GET.get("heat", telling.HEATS[0])
        day_now = today(request)
        context |= {
            "told": telling.told(of, by=by, hot=hot, today=day_now),
            "columns": telling.column_names(by),
            "moved": moving.table(of, today=day_now),
            "changed": moving.changed(of),
            "stayed": moving.stayed(of),
            "came": moving.came(of),
        }
    return page(request, "insights/buyers.html", context, part="numbers")


@require_safe
def spending(request: Request) -> HttpResponse:
    """By how much, and by how often."""
    problems = problems_of(request)
    context: dict[str, Any] = {"tab": "spenders", "problems": problems, "restricted": sight(request) is not None}
    if problems:
        return page(request, "insights/spenders.html", context, part="numbers", status=422)
    try:
        of = taken_spending(**as_seen(request), only_kept="count" not in request.GET)
    except NotKeptError:
        context["waits"] = True
    else:
        context["told"] = spenders.told(of, today=today(request))
    return page(request, "insights/spenders.html", context, part="numbers")


@require_safe
@writers_only
def rfm_numbers(request: Request) -> HttpResponse:
    """All numbers of the page as CSV."""
    return numbers(request, lambda: filed.of_rfm(taken(**as_seen(request)), today=today(request)), _("RFM"))


@require_safe
@writers_only
def spending_numbers(request: Request) -> HttpResponse:
    """All numbers of the page as CSV."""
    made = lambda: filed.of_spending(taken_spending(**as_seen(request)), today=today(request))  # noqa: E731
    return numbers(request, made, _("Spenders"))


def numbers(request: Request, make: Any, name: str) -> HttpResponse:
    if problems := problems_of(request, {"by": BY, "heat": telling.HEATS}):
        return refused(problems)
    return as_csv(make(), f"{name} {day(request.now)}")


def problems_of(request: Request, choices: dict[str, Sequence[str]] | None = None) -> list[str]:
    """What cannot be shown as asked, in sentences."""
    query, choices = request.GET, choices or {}
    problems = problems_in(query, texts=("count", *choices))
    if any(query.get(name, known[0]) not in known for name, known in choices.items()):
        problems.append(_("There is no such view of the map."))
    return problems
