"""The numbers of statistics as CSV, one a line: for spreadsheets and for programs."""

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config import downloads
from insights.statistics.comparing import Beside
from insights.statistics.taking import Statistics
from insights.statistics.telling import Course, Row, Told

Line = tuple[str, str, str, object, Beside | None, object, object]  # section, what, part, when, compared, group, base


def content(told: Told) -> bytes:
    """The file."""
    rows = ((*named, group, base, *_compared(beside)) for *named, beside, group, base in lines(told))
    return downloads.lines([heading(), *rows])


def heading() -> list[str]:
    return [
        _("section"),
        _("what"),
        _("value"),
        _("when"),
        _("number"),
        _("number in all contacts"),
        _("share or average"),
        _("share or average in all contacts"),
        _("difference in percentage points"),
        _("index (all contacts = 100)"),
    ]


def lines(told: Told) -> Iterator[Line]:
    """Every number of the page."""
    of = told.of
    about = _("About these statistics")
    yield about, of.scope.name, _("contacts"), of.at, None, of.group, of.base
    if of.scope.as_of is not None:
        yield about, of.scope.name, _("calculated"), of.scope.as_of, None, None, None
    size = _("Size over time")
    for when, count in of.growth.points:
        yield size, of.scope.name, _("contacts"), when, None, count, None
    for card in told.cards:
        section = _("Attributes") if card.attribute else _("Contacts")
        yield from (_row(section, card.title, row) for row in card.rows)
    for one in told.consents:
        yield from (_row(_("Consents"), f"{one.name} ({one.channel})", row) for row in one.rows)
    weeks = [week.first for week in of.weeks.all]
    for section, courses in ((_("Activities"), told.activities), (_("Visits"), told.visits)):
        for course in courses:
            yield from _course(section, course, weeks)
    yield from _sales(told)


def _row(section: str, what: str, row: Row) -> Line:
    return section, what, row.label, None, row.beside, row.group, row.base


def _course(section: str, course: Course, weeks: list[date]) -> Iterator[Line]:
    yield section, course.label, _("contacts who did it"), None, course.row.beside, course.row.group, course.row.base
    yield (
        section,
        course.label,
        _("times, for every 1,000 contacts on average"),
        None,
        course.each,
        course.total,
        course.base_total,
    )
    for week, group, base in zip(weeks, course.counts, course.base_counts, strict=True):
        yield section, course.label, _("times in the week from"), week, None, group, base


def _sales(told: Told) -> Iterator[Line]:
    section, of = _("Orders and revenue"), told.of
    sales, group, base = of.sales, of.group, of.base
    for figure in told.figures:
        yield section, figure.label, "", None, figure.beside, figure.count, None
    ever = pgettext("orders of all time", "ever")
    yield (
        section,
        _("orders"),
        ever,
        None,
        sales.ever.orders_each(group, base),
        sales.ever.orders,
        sales.ever.base_orders,
    )
    revenue = _("revenue (%(currency)s)") % {"currency": of.currency}
    yield section, revenue, ever, None, sales.ever.each(group, base), sales.ever.revenue, sales.ever.base_revenue
    for month, sold in zip(of.months.all, sales.months, strict=True):
        each = sold.orders_each(group, base)
        yield section, _("orders"), _("in the month from"), month.first, each, sold.orders, sold.base_orders
        each = sold.each(group, base)
        yield section, revenue, _("in the month from"), month.first, each, sold.revenue, sold.base_revenue


def _compared(beside: Beside | None) -> tuple[object, ...]:
    if beside is None:
        return None, None, None, None
    per = 100 if beside.share else 1
    value, base = (None if value is None else value * per for value in (beside.value, beside.base))
    return value, base, beside.points if beside.share else None, beside.index


def name(of: Statistics) -> str:
    """Of the file: what it is of."""
    return f"{_('Statistics')} {of.scope.name} {downloads.day(of.at)}"
