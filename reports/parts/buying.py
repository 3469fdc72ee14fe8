"""What they bought: sources of orders, revenue by month."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.models import Channel
from config.charts import Chart, Series
from insights.statistics.calendars import days_name, month_name, month_short
from insights.statistics.comparing import AMOUNTS, Beside, averages, ratio, times, two_averages, two_times
from insights.statistics.lists import window_of
from insights.statistics.sales import Sales, Sold
from insights.statistics.sources import Ordered
from mirror.kinds import MONEY
from reports.parts.base import Part, Sides
from reports.tables import Cell, Column, Kind, Line, Section, Table

Bought = tuple[int, Fraction, int]  # orders, revenue, buyers: of one group


def orders_of(sold: Sold, place: int) -> tuple[int, Fraction]:
    """Orders and revenue of the group, or of the base."""
    if place:
        return sold.base_orders, Fraction(sold.base_units, MONEY)
    return sold.orders, Fraction(sold.units, MONEY)


# --- sources ---------------------------------------------------------------------------------------------------
def sources(sides: Sides) -> Section:
    """By channel, in the weeks of the report."""
    days = sides.weeks.whole
    found = [
        ({one.key: one for one in cast("list[Ordered]", made)}, place)
        for _side, made, place in sides.each(lambda taking: taking.ordered(days))
    ]
    stretch = ":".join(day.isoformat() for day in days)
    columns = _columns(sides)
    rows = []
    for channel in Channel:
        bought = [_of(made.get(channel.value), place) for made, place in found]
        if any(orders for orders, _revenue, _buyers in bought):
            rows.append((bought, Line(str(channel.label), _cells(bought, f"{channel.value}.{stretch}", sides))))
    rows.sort(key=lambda row: [-orders for orders, _revenue, _buyers in row[0]])
    first, last = sides.weeks.whole
    note = _("Orders from %(first)s to %(last)s by how their buyers came, without cancelled and refunded ones.")
    told = note % {"first": days_name(first, first), "last": days_name(last, last)}
    tables = (Table("orders", "", _("Source"), columns, tuple(line for _bought, line in rows)),) if rows else ()
    return Section("orders", _("Sources of orders"), told, tables, _("Nobody ordered in these weeks."))


def ordered(channel: str, days: str) -> dict[str, Any] | None:
    """Who ordered after coming by a channel, within some days."""
    within = window_of(days)
    if channel not in Channel.values or within is None:
        return None
    condition = {"param": "channel", "op": "eq", "value": channel}
    return {"kind": "order", "measure": "count", "op": "gte", "value": 1, "where": [condition], "within": within}


def _of(one: Ordered | None, place: int) -> Bought:
    if one is None:
        return 0, Fraction(0), 0
    return (*orders_of(one.sold, place), one.base_contacts if place else one.group_contacts)


def _columns(sides: Sides) -> tuple[Column, ...]:
    found: list[Column] = []
    for side in sides.all:
        found += [
            Column(_("Orders"), Kind.COUNT, side.place),
            Column(_("Revenue"), Kind.MONEY, side.place),
            Column(_("Buyers"), Kind.COUNT, side.place),
            Column(_("Share"), Kind.SHARE, side.place),
        ]
    return (*found, Column(_("Difference"), Kind.DIFFERENCE)) if sides.second else tuple(found)


def _cells(bought: Sequence[Bought], part: str, sides: Sides) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for side, (orders, revenue, buyers) in zip(sides.all, bought, strict=True):
        url = sides.url(side, "ordered", part) if buyers else ""
        cells += [Cell(orders), Cell(revenue), Cell(buyers, url), Cell(ratio(buyers, side.size))]
    return (*cells, Cell(sides.beside([one[2] for one in bought]))) if sides.second else tuple(cells)


# --- revenue ---------------------------------------------------------------------------------------------------
def revenue(sides: Sides) -> Section:
    """Buyers, averages, and each month."""
    months = sides.months
    found = [(cast("Sales", made), place) for _side, made, place in sides.each(lambda taking: taking.sales(months))]
    note = _("In %(currency)s, whatever an order was paid in, without cancelled and refunded orders.")
    told = note % {"currency": sides.first.taking.context.catalog.currency}
    if not any(orders_of(sales.ever, place)[0] for sales, place in found):
        return Section("revenue", _("Revenue"), told, (), _("There are no orders."))
    return Section(
        "revenue", _("Revenue"), told, (_buyers(found, sides), *_figures(found, sides), _months(found, sides))
    )


def _buyers(found: Sequence[tuple[Sales, int]], sides: Sides) -> Table:
    ever, lately = _bought(found, ever=True), _bought(found, ever=False)
    window = ":".join(day.isoformat() for day in sides.months.whole)
    rows = [(_("ever"), ever, "bought", "ever", False), (_period(sides), lately, "bought", window, False)]
    return Table("buyers", _("Who bought"), _("When"), sides.columns(), sides.lines(rows))


def _bought(found: Sequence[tuple[Sales, int]], *, ever: bool) -> list[int]:
    """The buyers of each group, of all time or of the months of the report."""
    if ever:
        return [sales.base_buyers if place else sales.buyers for sales, place in found]
    return [sales.base_lately if place else sales.lately for sales, place in found]


def _period(sides: Sides) -> str:
    first, last = sides.months.all[0].first, sides.months.all[-1].first
    return _("%(first)s to %(last)s") % {"first": month_name(first), "last": month_name(last)}


def _figures(found: Sequence[tuple[Sales, int]], sides: Sides) -> tuple[Table, ...]:
    """Revenue of each member, buyers or not; the value of an order."""
    rows = []
    for when, ever in ((_("ever"), True), (_period(sides), False)):
        of_each = [orders_of(sales.ever if ever else sales.within, place) for sales, place in found]
        buyers = _bought(found, ever=ever)
        member = [ratio(revenue_, size) for (_orders, revenue_), size in zip(of_each, sides.sizes, strict=True)]
        order = [ratio(revenue_, orders) for orders, revenue_ in of_each]
        names = {"when": when}
        rows.append(_compared(_("revenue per member, %(when)s") % names, member, _amounts(of_each, buyers, sides)))
        rows.append(_compared(_("average order, %(when)s") % names, order, _orders(of_each, sides)))
    columns = [Column(_("Amount"), Kind.MONEY, side.place) for side in sides.all]
    columns += [Column(_("Difference"), Kind.DIFFERENCE)] if sides.second else []
    return (Table("averages", _("On average"), _("What"), tuple(columns), tuple(rows)),)


def _compared(label: str, values: Sequence[Fraction | None], beside: Beside | None) -> Line:
    cells = tuple(Cell(value) for value in values)
    return Line(label, (*cells, Cell(beside)) if beside else cells)


def _amounts(bought: Sequence[tuple[int, Fraction]], buyers: Sequence[int], sides: Sides) -> Beside | None:
    """Revenue of each member: by lot as the number of orders is, and amounts spread more widely."""
    if sides.second is None:
        return None
    sizes, numbers = sides.sizes, [orders for orders, _revenue in bought]
    if sides.second.whole:
        found = times((numbers[0], sizes[0]), (numbers[1], sizes[1]), buyers[1], spread=AMOUNTS)
    else:
        first, second = zip(numbers, sizes, buyers, strict=True)
        found = two_times(first, second, spread=AMOUNTS)
    own, other = (ratio(revenue_, size) for (_orders, revenue_), size in zip(bought, sizes, strict=True))
    return Beside(own, other, by_lot=found.by_lot)


def _orders(bought: Sequence[tuple[int, Fraction]], sides: Sides) -> Beside | None:
    if sides.second is None:
        return None
    (orders, own), (others, other) = bought
    first, second = ratio(own, orders), ratio(other, others)
    return (
        averages(first, second, orders, others) if sides.second.whole else two_averages(first, second, orders, others)
    )


def _months(found: Sequence[tuple[Sales, int]], sides: Sides) -> Table:
    months = sides.months.all
    names = [month_name(month.first) for month in months]
    columns: list[Column] = []
    for side in sides.all:
        columns += [
            Column(_("Orders"), Kind.COUNT, side.place),
            Column(_("Revenue"), Kind.MONEY, side.place),
            Column(_("Per member"), Kind.MONEY, side.place),
            Column(_("Average order"), Kind.MONEY, side.place),
        ]
    rows, each_month = [], [[] for _side in sides.all]  # type: list[Line], list[list[float]]
    for number, name in enumerate(names):
        cells: list[Cell] = []
        for side, (sales, place) in zip(sides.all, found, strict=True):
            orders, amount = orders_of(sales.months[number], place)
            each = ratio(amount, side.size)
            each_month[side.place].append(float(each or 0))
            cells += [Cell(orders), Cell(amount), Cell(each), Cell(ratio(amount, orders))]
        rows.append(Line(name, tuple(cells), day=months[number].first))
    label = _("Revenue per member in each month, in %(currency)s") % {
        "currency": sides.first.taking.context.catalog.currency
    }
    series = [Series(side.name, values, style=side.style) for side, values in zip(sides.all, each_month, strict=True)]
    chart = Chart(label, _("Month"), [month_short(month.first) for month in months], series)
    return Table("revenue", _("By month"), _("Month"), tuple(columns), tuple(rows[::-1]), chart=chart)


PARTS = [
    Part(
        "orders",
        gettext_lazy("Sources of orders"),
        gettext_lazy("By which channel buyers came, and what they ordered."),
        sources,
        {"ordered": ordered},
    ),
    Part("revenue", gettext_lazy("Revenue"), gettext_lazy("By month, per member, and the average order."), revenue),
]
