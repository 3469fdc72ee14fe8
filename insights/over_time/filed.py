"""The numbers over time as CSV, one a line: for spreadsheets and for programs."""

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _

from config import downloads
from insights.over_time.telling import Told

Line = tuple[str, str, date, date, object, bool]  # of, what, first and last day, number, at least so many


def content(told: Told) -> bytes:
    """The file."""
    head = (_("of"), _("what"), _("from"), _("to"), _("number"), _("at least"))
    return downloads.lines([head, *((*line, _("yes") if least else "") for *line, least in lines(told))])


def lines(told: Told) -> Iterator[Line]:
    """Every number of the page; what is not known is left out."""
    of, currency = told.of.subject.name, told.of.currency
    for row in reversed(told.rows):
        first, last = row.period.days
        yield of, _("joined"), first, last, row.joined, row.partial
        if not row.partial:
            yield of, _("left"), first, last, row.left, False
            yield of, _("only in between"), first, last, row.between, False
        yield of, _("in at the end"), first, last, row.end, row.end_partial
        yield (
            of,
            _("revenue of those in at the beginning (%(currency)s)") % {"currency": currency},
            first,
            last,
            (row.revenue),
            row.partial,
        )
        yield of, _("revenue per member (%(currency)s)") % {"currency": currency}, first, last, row.each, row.partial
    cohorts = told.of.course.cohorts
    for place, month in enumerate(cohorts.months):
        first = month.days.first
        yield of, _("newcomers"), first, month.days.last, cohorts.sizes[place], told.of.partial(cohorts.edges[place])
        for after, still in enumerate(cohorts.still[place][place:]):
            end = cohorts.months[place + after].days.last
            if not told.of.partial(cohorts.edges[place + after + 1]):
                yield of, _("newcomers still in at the end"), first, end, still, False


def name(told: Told) -> str:
    """Of the file: what it is of."""
    return f"{_('Over time')} {told.of.subject.name} {downloads.day(told.of.at)}"
