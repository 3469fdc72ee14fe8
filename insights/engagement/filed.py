"""The numbers of engagement as CSV, one a line: for spreadsheets and for programs."""

from collections.abc import Iterator
from fractions import Fraction

from django.utils.translation import gettext as _

from config import downloads
from insights.engagement.moments import STATES
from insights.engagement.telling import Told
from insights.engagement.words import population_words, state_words
from insights.shares import hundredths


def content(told: Told) -> bytes:
    """The file."""
    head = (_("section"), _("what"), _("group"), _("when"), _("number"), _("share in per cent"), _("erased since"))
    return downloads.lines([head, *lines(told)])


def lines(told: Told) -> Iterator[tuple[str, str, str, *tuple[object, ...]]]:
    """Every number of the page."""
    of = told.of
    when = of.moment
    names = [state_words(state) for state in STATES]
    window = _("Engagement in a window of %(days)s days") % {"days": of.asked.days}
    for row in told.rows:
        parts = [Fraction(share, 100) for share in hundredths([cell.count for cell in row.cells[:2]])]
        for cell, share in zip(row.cells, [*parts, None], strict=True):
            yield window, row.name, cell.name, when, cell.count, share, cell.erased
    change = _("Change in 30 days: %(whom)s") % {"whom": population_words(of.asked.population)}
    for row in [*told.change, *([told.unsubscribed] if told.unsubscribed else [])]:
        for name, cell in zip(names, row.cells, strict=True):
            yield change, f"{row.sign} {row.name}".strip(), name, when, cell.count, None, cell.erased
    for point in of.curve:
        for name, of_day in zip(names, (point.engaged, point.unengaged), strict=True):
            yield _("Over time"), _("at the end of the day"), name, point.day, of_day.count, None, of_day.erased


def name(told: Told) -> str:
    """Of the file: its day."""
    return f"{_('Engagement')} {told.of.day.isoformat()}"
