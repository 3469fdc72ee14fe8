"""Who is engaged, as of any day, and how that changed (ED2 to ED7); its numbers as a file."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.asked import problems_in
from config.downloads import as_csv, refused
from config.menu import address_of
from config.pages import page
from config.requests import Request, today
from contacts.sight import as_seen, sight
from insights.engagement import filed
from insights.engagement.figures import MOST_DAYS, STEPS, Asked, taken
from insights.engagement.interacted import USUAL
from insights.engagement.moments import EARLIEST, POPULATIONS, SUBSCRIBED
from insights.engagement.telling import Told
from insights.errors import NotKeptError
from segmentation.contact_sets import whole
from users.access import writers_only

TEMPLATE = "insights/engagement.html"


@require_safe
def engagement(request: Request) -> HttpResponse:
    """`?days=`: the window; `?day=`: as of its end; `?of=`: whose change; `?by=`: the curve's steps; `?count=1` counts,
    which the page asks for by itself where that takes a moment."""
    asked, problems = read(request)
    account = request.tenant.engagement_days
    context: dict[str, Any] = {
        "asked": asked,
        "problems": problems,
        "account_days": account,
        "windows": sorted({*USUAL, account}),
        "today": today(request),
        "restricted": sight(request) is not None,
        "sunset_url": address_of("sunset:list"),
    }
    if problems:
        return page(request, TEMPLATE, context, part="numbers", status=422)
    try:
        found = taken(asked, **as_seen(request), only_kept="count" not in request.GET)
    except NotKeptError:
        context["waits"] = True
    else:
        context["told"] = Told(found)
    return page(request, TEMPLATE, context, part="numbers")


@require_safe
@writers_only
def numbers(request: Request) -> HttpResponse:
    """All numbers of the page as CSV."""
    asked, problems = read(request)
    if problems:
        return refused(problems)
    told = Told(taken(asked, **as_seen(request)))
    return as_csv(filed.content(told), filed.name(told))


def read(request: Request) -> tuple[Asked, list[str]]:
    """What the address asks for, and what is wrong with it, in sentences."""
    query, problems = request.GET, problems_in(request.GET, texts=("days", "day", "of", "by", "count"))
    days = whole(query["days"]) if query.get("days") else request.tenant.engagement_days
    if not 1 <= days <= MOST_DAYS:
        problems.append(_("A window has 1 to %(most)s days.") % {"most": MOST_DAYS})
    day = None
    if query.get("day"):
        try:
            day = date.fromisoformat(query["day"])
        except ValueError:
            problems.append(_("There is no such day."))
        else:
            if not EARLIEST <= day <= today(request):
                problems.append(_("Choose a day from 1970 to today."))
    population, step = query.get("of") or SUBSCRIBED, query.get("by") or "week"
    if population not in POPULATIONS or step not in STEPS:
        problems.append(_("There is no such view of these numbers."))
    return Asked(days, None if day == today(request) else day, population, step), problems
