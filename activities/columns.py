"""What activities add to the columns of the contact manager: the last interaction, engagement, orders. A query each."""

from typing import Any

from django.db import connection
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from activities.builtin import ENGAGING
from activities.models import NOT_COUNTED, Order
from activities.selectors import window_start
from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.sito import moment
from contacts.columns import BEHAVIOUR, once
from contacts.manager import Column

# Each contact's newest rows are read along the index on (contact, moment): at 10,000 activities no more than at ten.
LAST = """
SELECT who.id, greatest(activity.at, visit.at, bought.at)
FROM unnest(%(ids)s::int[]) AS who (id)
LEFT JOIN LATERAL (SELECT at FROM activities_activity WHERE contact_id = who.id AND at <= %(now)s {of_types}
    ORDER BY at DESC LIMIT 1) activity ON true
LEFT JOIN LATERAL (SELECT at FROM activities_visit WHERE contact_id = who.id AND at <= %(now)s
    ORDER BY at DESC LIMIT 1) visit ON true
LEFT JOIN LATERAL (SELECT at FROM activities_order WHERE contact_id = who.id AND at <= %(now)s {counted}
    ORDER BY at DESC LIMIT 1) bought ON true
"""
ANYTHING = LAST.format(of_types="", counted="")
COUNTS = LAST.format(
    of_types="AND type_id IN (SELECT id FROM activities_activitytype WHERE key = ANY(%(engaging)s))",
    counted="AND status <> ALL(%(not_counted)s)",
)


def last_moments(request: Request, ids: list[int], statement: str) -> dict[int, Any]:
    values: dict[str, Any] = {
        "ids": ids,
        "now": request.now,
        "engaging": list(ENGAGING),
        "not_counted": [str(each) for each in NOT_COUNTED],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {pk: at for pk, at in cursor.fetchall() if at is not None}


def last_interactions(request: Request, ids: list[int]) -> dict[int, Any]:
    """When each did anything last, of whatever kind."""
    return last_moments(request, ids, ANYTHING)


def engagements(request: Request, ids: list[int]) -> dict[int, dict[str, Any]]:
    """Whether each is engaged, as the criterion has it, and the last interaction that counts."""
    account, now = request.tenant, request.now
    since = window_start(account.engagement_days, now=now, zone=account.zone)
    last = last_moments(request, ids, COUNTS)
    return {pk: {"engaged": pk in last and last[pk] >= since, "last": last.get(pk)} for pk in ids}


def spending_of(ids: list[int]) -> dict[int, tuple[int, Any]]:
    """How many orders each has that count, and what they come to."""
    rows = Order.objects.filter(contact_id__in=ids).exclude(status__in=NOT_COUNTED).order_by()
    found = rows.values_list("contact_id").annotate(n=Count("id"), spent=Sum("total"))
    return {pk: (n, spent) for pk, n, spent in found}


def orders(request: Request, ids: list[int]) -> dict[int, int]:
    spending = once(request, "spending", ids, spending_of)
    return {pk: spending[pk][0] if pk in spending else 0 for pk in ids}


def spent(request: Request, ids: list[int]) -> dict[int, Any]:
    return {pk: spent for pk, (_n, spent) in once(request, "spending", ids, spending_of).items()}


COLUMNS = [
    Column(name="last_interaction", label=_("Last interaction"), say=moment,
           values=last_interactions, group=BEHAVIOUR, classes="num nowrap"),
    Column(name="engagement", label=_("Engagement"), template="activities/_cell_engagement.html",
           values=engagements, group=BEHAVIOUR),
    Column(name="orders", label=_("Orders"), say=number,
           values=orders, group=BEHAVIOUR, classes="r num"),
    Column(name="spent", label=_("Amount spent"), template="activities/_cell_spent.html",
           values=spent, group=BEHAVIOUR, classes="r num nowrap"),
]  # fmt: skip
