"""Cohorts: who came in a month, who of them is active in each later one, and the revenue of each."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.charts import Heat, HeatMap, HeatRow, Heats, heat
from config.templatetags import numbers
from insights.statistics import cohorts
from insights.statistics.calendars import Months, month_name, months_after
from insights.statistics.cohorts import Cohorts
from insights.statistics.comparing import ratio
from insights.templatetags.beside import amount, share
from mirror.kinds import MONEY
from reports.parts.base import Part, Side, Sides
from reports.tables import Cell, Column, Kind, Line, Section, Table


def joined(sides: Sides) -> Section:
    note = _("Contacts by the month in which they came into the account.")
    return _section(cohorts.JOINED, _("Cohorts by month of joining"), note, sides)


def first(sides: Sides) -> Section:
    note = _("Contacts by the month of their first order that was neither cancelled nor refunded.")
    return _section(cohorts.FIRST, _("Cohorts by month of the first order"), note, sides)


def _section(by: str, title: str, note: str, sides: Sides) -> Section:
    rule = _(
        "Active in a month is who opened, clicked, visited, viewed a product, put one in the cart or ordered in it."
        " “The same month” is the one in which they came. The running month is whole: what is dated ahead within it"
        " counts."
    )
    tables: list[Table] = []
    for side in sides.all:
        found = side.taking.cohorts(by, sides.months)
        if any(found.sizes):
            tables += [_active(by, found, side, sides), _revenue(by, found, side, sides)]
    tables = [replace(one, heat=one.heat and replace(one.heat, label=f"{title}: {one.title}")) for one in tables]
    return Section(by, title, f"{note} {rule}", tuple(tables), _("Nobody came in these months."))


def _titled(title: str, side: Side, sides: Sides) -> str:
    return f"{side.name}: {title}" if len(sides.all) > 1 else title


def _heads(side: Side, sides: Sides, kind: Kind) -> tuple[Column, ...]:
    size = Column(pgettext("number of them", "Contacts"), Kind.COUNT, side.place)
    later = [Column(months_after(n), kind, side.place) for n in range(sides.months.count)]
    return size, *later


def _active(by: str, found: Cohorts, side: Side, sides: Sides) -> Table:
    """How many were active: as a map by share."""
    months, title = sides.months.all, _titled(_("Active in each later month"), side, sides)
    rows, drawn = [], []
    for place, size in enumerate(found.sizes):
        name, came = month_name(months[place].first), months[place].first.isoformat()[:7]
        cells, cells_drawn = [], []
        for n in range(len(months)):
            month = place + n
            if month >= len(months) or not size:
                cells.append(Cell())
                cells_drawn.append(Heat("", None))
                continue
            count, part = found.active[place][month], f"{by}.{came}.{months[month].first.isoformat()[:7]}"
            url = sides.url(side, "cohort", part) if count else ""
            cells.append(Cell(count, url))
            told = _("%(cohort)s: %(after)s") % {"cohort": name, "after": months_after(n)}
            step = heat(count, size)
            cells_drawn.append(Heat(str(share(ratio(count, size))), step, numbers.number(count), url, told))
        url = sides.url(side, "cohort", f"{by}.{came}") if size else ""
        rows.append(Line(name, (Cell(size, url), *cells), day=months[place].first))
        drawn.append(HeatRow(name, cells_drawn, numbers.number(size), url))
    columns = _heads(side, sides, Kind.COUNT)
    legend = [_("nobody"), *(f"{n * 20}–{n * 20 + 20} %" for n in range(5))]
    corner = _("Came in, contacts")
    map_ = HeatMap(title, corner, [column.title for column in columns[1:]], drawn, legend)
    note = _("Their share of the cohort, and how many they are.")
    return Table(f"{by}-active-{side.place}", title, _("Came in"), columns, tuple(rows), note, heat=map_)


def _revenue(by: str, found: Cohorts, side: Side, sides: Sides) -> Table:
    """Revenue of each month: as a map by revenue per member of the cohort."""
    months, title = sides.months.all, _titled(_("Revenue in each later month"), side, sides)
    currency = side.taking.context.catalog.currency
    each = [
        [Fraction(units, MONEY) / size if size else Fraction(0) for units in row]
        for row, size in zip(found.units, found.sizes, strict=True)
    ]
    heats = Heats.of(value for row in each for value in row)
    rows, drawn = [], []
    for place, size in enumerate(found.sizes):
        name = month_name(months[place].first)
        cells, cells_drawn = [], []
        for n in range(len(months)):
            month = place + n
            if month >= len(months) or not size:
                cells.append(Cell())
                cells_drawn.append(Heat("", None))
                continue
            own = Fraction(found.units[place][month], MONEY)
            cells.append(Cell(own))
            told = _("%(cohort)s: %(after)s") % {"cohort": name, "after": months_after(n)}
            under = amount(each[place][month], currency)
            cells_drawn.append(Heat(amount(own, currency), heats.step(each[place][month]), under, "", told))
        rows.append(Line(name, (Cell(size), *cells), day=months[place].first))
        drawn.append(HeatRow(name, cells_drawn, numbers.number(size)))
    columns = _heads(side, sides, Kind.MONEY)
    note = _("Orders of the cohort in that month, and below it the same per member; coloured by the latter.")
    legend = [
        amount(Fraction(0), currency),
        *(f"{amount(low, currency)} – {amount(high, currency)}" for low, high in heats.ends),
    ]
    map_ = HeatMap(title, _("Came in, contacts"), [column.title for column in columns[1:]], drawn, legend)
    return Table(f"{by}-revenue-{side.place}", title, _("Came in"), columns, tuple(rows), note, heat=map_)


def came(by: str, text: str) -> dict[str, Any] | None:
    """`2026-03`: who came in that month; `2026-03.2026-05`: those of them who were active in the other."""
    first, _dot, later = text.partition(".")
    try:
        months = [Months(1, date.fromisoformat(f"{month}-01")).whole for month in (first, later) if month]
    except (ValueError, OverflowError):
        return None
    if by not in (cohorts.JOINED, cohorts.FIRST) or not first or len(months) != 1 + bool(later):
        return None
    nodes = [cohorts.coming(by, months[0]), *map(cohorts.being_active, months[1:])]
    return nodes[0] if len(nodes) == 1 else {"all": nodes}


PARTS = [
    Part(
        "joined",
        gettext_lazy("Cohorts by month of joining"),
        gettext_lazy("Of those who came in a month: the share active, and revenue, in each later month."),
        joined,
        {"cohort": came},
    ),
    Part(
        "first",
        gettext_lazy("Cohorts by month of the first order"),
        gettext_lazy("The same of those who first ordered in a month."),
        first,
    ),
]
