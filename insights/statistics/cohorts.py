"""Contacts by the month in which they came, and what became of them: who is active in each later month, and revenue.

They came into the account, or came to buy: by their first order that counts. Active in a month is who did in it what
the criterion `engagement` counts. Months are those of the account's zone, the running one whole.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from activities.builtin import ENGAGING
from activities.models import ActivityType
from insights.statistics.calendars import Months, Stretch
from insights.statistics.sets import Look
from mirror.kinds import CONTACT, ORDER
from mirror.reading import Rows
from segmentation.criteria import Context, parse
from segmentation.criteria.engagement import EngagementCriterion

JOINED, FIRST = "joined", "first"
NEVER = -1  # the month of who came before the first one, or after the last
HALF = 32  # bits: amounts are added in two parts, so that no sum of whole numbers runs over


@dataclass(frozen=True)
class Cohorts:
    """Of the group alone. sizes: by month; active, units: by month they came, then by month, 0 before they came."""

    sizes: tuple[int, ...]
    active: tuple[tuple[int, ...], ...]
    units: tuple[tuple[int, ...], ...]


def cohorts(by: str, months: Months, look: Look, context: Context) -> Cohorts:
    """By the month of coming: `joined` the account, or of the `first` order."""
    came = _came(by, months, look)
    sizes = np.bincount(came[came >= 0], minlength=months.count)
    active = np.zeros((months.count, months.count), dtype=np.int64)
    about = ("active in months", months, look.sets.room)
    for month, mask in enumerate(context.made(about, lambda: _active(months, look, context))):
        found = came[mask]
        active[:, month] = np.bincount(found[found >= 0], minlength=months.count)
    return Cohorts(tuple(map(int, sizes)), _rows(np.triu(active)), _revenue(came, months, look))


def _rows(matrix: np.ndarray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, row)) for row in matrix)


def _came(by: str, months: Months, look: Look) -> np.ndarray:
    """The month in which each contact of the group came, by its id; `NEVER`: in none of them."""
    number = months.sql(look.zone)
    if by == JOINED:
        column = CONTACT.column("created_at")
        source = f"(SELECT contact_id, {column.name} AS moment FROM {{rows}})"  # noqa: S608 - constants
        rows, query = Rows(CONTACT, (column,)), f"SELECT contact_id, {number} AS month FROM {source}"  # noqa: S608
    else:
        rows = Rows(ORDER, (ORDER.column("counted"),))
        query = f"SELECT contact_id, min({number}) AS month FROM {{rows}} WHERE counted GROUP BY contact_id"  # noqa: S608
    read = look.reader.select(rows, query)
    came = np.full(look.sets.room, NEVER, dtype=np.int64)
    ids, month = np.minimum(read["contact_id"], look.sets.room - 1), np.asarray(read["month"], dtype=np.int64)
    came[ids] = np.where(month < months.count, month, NEVER)
    came[~look.sets.group_mask] = NEVER
    return came


def _active(months: Months, look: Look, context: Context) -> np.ndarray:
    """By month, whether each contact was active in it: the same for every group, and scanned once."""
    found = np.zeros((months.count, look.sets.room), dtype=bool)
    criterion = parse({"kind": "engagement", "state": "engaged"})
    if not isinstance(criterion, EngagementCriterion):
        raise TypeError(criterion)
    span = months.whole.span(look.zone)
    for rows, where in criterion.sources(context):
        within = replace(rows, first=span.start, last=span.last)
        condition = f" WHERE {where}" if where else ""
        query = (
            f"SELECT {months.sql(look.zone)} AS month, {look.sets.all_bits} AS ids FROM {{rows}}{condition}"  # noqa: S608
            " GROUP BY month"
        )
        read = look.reader.select(within, query)
        for month, bits in zip(read["month"], read["ids"], strict=True):
            found[int(month)] |= np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).astype(bool)[: look.sets.room]
    return found


def _revenue(came: np.ndarray, months: Months, look: Look) -> tuple[tuple[int, ...], ...]:
    """What orders of each month came to, by the month in which their contacts came."""
    span = months.whole.span(look.zone)
    rows = Rows(ORDER, (ORDER.column("total"), ORDER.column("counted")), 0, span.start, span.last)
    query = f"SELECT contact_id, {months.sql(look.zone)} AS month, total FROM {{rows}} WHERE counted"  # noqa: S608
    read = look.reader.select(rows, query)
    cohort = came[np.minimum(read["contact_id"], look.sets.room - 1)]
    month, total = np.asarray(read["month"], dtype=np.int64), np.asarray(read["total"], dtype=np.int64)
    own = (cohort >= 0) & (month >= cohort)
    places, total = cohort[own] * months.count + month[own], total[own]
    low, high = (np.zeros(months.count**2, dtype=np.int64) for _half in range(2))
    np.add.at(low, places, total & (2**HALF - 1))
    np.add.at(high, places, total >> HALF)
    sums = [(int(upper) << HALF) + int(lower) for upper, lower in zip(high, low, strict=True)]
    return tuple(tuple(sums[row * months.count : (row + 1) * months.count]) for row in range(months.count))


# --- as criteria -----------------------------------------------------------------------------------------------
def coming(by: str, days: Stretch) -> dict[str, Any]:
    """The criteria of who came on these days."""
    window = _window(days)
    if by == JOINED:
        return {"kind": "field", "field": "created_at", "op": "between", "value": window}
    return {"kind": "order", "measure": "count", "op": "gte", "value": 1, "pick": "first", "within": window}


def being_active(days: Stretch) -> dict[str, Any]:
    """The criteria of who was active on these days."""
    window = _window(days)
    types = ActivityType.objects.filter(key__in=ENGAGING).order_by("key").values_list("key", flat=True)
    did: list[dict[str, Any]] = [{"kind": "activity", "type": key, "within": window} for key in types]
    ordered = {"kind": "order", "measure": "count", "op": "gte", "value": 1, "within": window}
    return {"any": [*did, {"kind": "visit", "within": window}, ordered]}


def _window(days: Stretch) -> dict[str, str]:
    return {"from": days.first.isoformat(), "to": days.last.isoformat()}
