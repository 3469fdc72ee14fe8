"""The numbers of buyers as CSV, one a line: for spreadsheets and for programs."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from django.utils.translation import gettext as _

from config import downloads
from insights.buyers import spenders, telling
from insights.buyers.counting import STEPS, Some
from insights.buyers.outside import Outside
from insights.buyers.taking import Taken, TakenSpending
from insights.buyers.telling import in_order
from segmentation.criteria.buyers import GROUPS
from segmentation.parts.buyers import GROUP_NAMES, SCORE_NAMES

Line = tuple[object, ...]  # section, what, value, number, orders, revenue, median days, above, up to, by then


def of_rfm(of: Taken, *, today: date) -> bytes:
    return content(rfm_lines(of, today=today))


def of_spending(of: TakenSpending, *, today: date) -> bytes:
    return content(spending_lines(of, today=today))


def content(lines: Iterable[Line]) -> bytes:
    """The file."""
    head = heading()
    return downloads.lines([head, *((*line, *[None] * (len(head) - len(line))) for line in lines)])


def heading() -> list[str]:
    return [
        _("section"),
        _("what"),
        _("value"),
        _("contacts"),
        _("orders"),
        _("revenue"),
        _("days since the last order, median"),
        _("more than, or later than"),
        _("up to"),
        _("30 days before"),
    ]


def some(one: Some) -> Line:
    return one.buyers, one.orders, one.revenue


def rfm_lines(of: Taken, *, today: date) -> Iterator[Line]:
    found = telling.told(of, today=today)
    yield from about(of.at, of.currency, of.everyone, found.everybody)
    for row in found.groups:
        yield _("Groups"), row.label, "", *some(row.some), row.days, None, None, row.then
    for (recency, often, much), one in sorted(of.ranked.cells.items(), reverse=True):
        scores = zip(SCORE_NAMES.values(), (recency, often, much), strict=True)
        yield _("Scores together"), "", ", ".join(f"{name} {score + 1}" for name, score in scores), *some(one)
    for name, rows in found.scores:
        for score in rows:
            yield _("Scores"), name, score.score, score.count, None, None, None, score.above, score.upto
    before = [*(str(GROUP_NAMES[name]) for name in GROUPS), _("No order then")]
    for place in (*in_order(), len(GROUPS)):
        for now in in_order():
            count = of.ranked.moved[place][now]
            yield _("Movement since the end of %(day)s") % {"day": of.then}, before[place], before[now], count
    if of.whole:
        yield _("Movement since the end of %(day)s") % {"day": of.then}, _("Erased since"), "", of.erased.buyers
    yield from beside(of.outside)


def spending_lines(of: TakenSpending, *, today: date) -> Iterator[Line]:
    found = spenders.told(of, today=today)
    yield from about(of.at, of.currency, of.everyone, found.everybody)
    for section, rows in ((_("By amount spent"), found.bands), (_("By number of orders"), [*found.kinds, found.none])):
        for row in rows:
            yield section, row.label, "", *some(row.some), None, row.above, row.upto
    for step, units in zip(STEPS, of.spending.line, strict=False):
        yield _("Revenue of the best buyers"), _("best buyers, per cent"), step, None, None, Some(0, 0, units).revenue
    yield from beside(of.outside)


def about(at: datetime, currency: str, everyone: int, buyers: Some) -> Iterator[Line]:
    section = _("About these numbers")
    yield section, _("taken on"), at
    yield section, _("currency"), currency
    yield section, _("contacts"), "", everyone
    yield section, _("buyers"), "", *some(buyers)


def beside(of: Outside) -> Iterator[Line]:
    section = _("Orders that do not count")
    yield section, _("cancelled"), "", None, of.cancelled.orders, of.cancelled.revenue
    yield section, _("refunded"), "", None, of.refunded.orders, of.refunded.revenue
    yield section, _("dated ahead"), "", None, of.ahead.orders, of.ahead.revenue
    for one in of.foreign:
        yield _("Orders paid in another currency, which count"), one.currency, "", None, one.orders, one.revenue
