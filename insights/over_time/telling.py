"""What was taken, as it is told: charts, rows with their lists, the triangle of cohorts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from config.charts import HEATS, Amount, Chart, Heat, HeatMap, HeatRow, Series
from config.templatetags import numbers
from insights.over_time.lists import list_url
from insights.over_time.periods import Period
from insights.over_time.taking import Taken
from insights.statistics.calendars import month_name, month_short, months_after

LINES = 6  # cohorts that are drawn as lines: the newest with a past


@dataclass(frozen=True)
class Row:
    """One period. partial: who left in it is not known, and of its end only those who had not left before it was."""

    period: Period
    beginning: int
    joined: int
    left: int
    between: int
    end: int
    revenue: Decimal
    each: Fraction | None
    partial: bool
    end_partial: bool
    running: bool
    begin_url: str
    joined_url: str
    left_url: str
    between_url: str
    end_url: str


@dataclass(frozen=True)
class CohortRow:
    """A month's newcomers as of now."""

    name: str
    size: int
    still: int
    partial: bool
    url: str
    still_url: str
    gone_url: str

    @property
    def gone(self) -> int:
        return self.size - self.still


@dataclass(frozen=True)
class Told:
    """Of `of`. rows: the newest period first."""

    of: Taken
    rows: list[Row]
    sizes: Chart
    movement: Chart
    revenue: Chart
    cohorts: list[CohortRow]
    survival: HeatMap
    lines: Chart | None

    @property
    def size(self) -> int:
        return self.of.course.counted.sizes[-1]

    @property
    def ever_url(self) -> str:
        return list_url(self.of.subject, "ever")

    @property
    def last_read(self) -> datetime | None:
        """When a segment was last calculated."""
        return self.of.course.last_read

    @property
    def unbought(self) -> str:
        """Why no revenue is drawn; "": it is."""
        if all(row.each is None for row in self.rows):
            return _("There is none: nobody was in at the beginning of any of these periods.")
        if not any(row.each for row in self.rows):
            return _("There is none: nobody who was in at the beginning of one of these periods bought anything in it.")
        return ""

    @property
    def newest(self) -> Row:
        return self.rows[0]

    @property
    def nobody(self) -> bool:
        """Nobody was ever in."""
        return not self.of.course.ever


def told(of: Taken) -> Told:
    rows = list(rows_of(of))
    return Told(
        of=of,
        rows=rows[::-1],
        sizes=sizes(of, rows),
        movement=movement(of, rows),
        revenue=revenue(of, rows),
        cohorts=cohort_rows(of)[::-1],
        survival=survival(of),
        lines=lines(of),
    )


def rows_of(of: Taken) -> list[Row]:
    """Each number with its list, where it has anybody."""
    course, found = of.course, []
    for place, period in enumerate(course.periods):
        begin, end = course.edges[place : place + 2]
        counted, name = course.counted, f"{period.by}.{period.days.first.isoformat()}"
        counts = {
            "begin": counted.sizes[place],
            "joined": counted.joined[place],
            "left": counted.left[place],
            "between": counted.between[place],
            "end": counted.sizes[place + 1],
        }
        urls = {what: list_url(of.subject, f"{name}.{what}") if count else "" for what, count in counts.items()}
        found.append(
            Row(
                period=period,
                beginning=counts["begin"],
                joined=counts["joined"],
                left=counts["left"],
                between=counts["between"],
                end=counts["end"],
                revenue=course.revenue(place),
                each=course.each(place),
                partial=of.partial(begin),
                end_partial=of.partial(end),
                running=of.today and place == len(course.periods) - 1,
                begin_url=urls["begin"],
                joined_url=urls["joined"],
                left_url=urls["left"],
                between_url=urls["between"],
                end_url=urls["end"],
            )
        )
    return found


# --- charts ----------------------------------------------------------------------------------------------------
def heading(of: Taken) -> str:
    return {"day": _("Day"), "week": _("Week"), "month": _("Month")}[of.by]


def axis(of: Taken, rows: list[Row]) -> list[str]:
    """The periods as they stand under the drawings."""
    return [row.period.short(now=of.at) for row in rows]


def sizes(of: Taken, rows: list[Row]) -> Chart:
    """At the end of each period; where not all is known, at least so many."""
    known = [None if row.end_partial else row.end for row in rows]
    series = [Series(_("Contacts"), known, [row.end_url for row in rows])]
    if any(row.end_partial for row in rows):
        series.append(Series(_("At least"), [row.end if row.end_partial else None for row in rows]))
    return Chart(_("Contacts at the end of each period"), heading(of), axis(of, rows), series)


def movement(of: Taken, rows: list[Row]) -> Chart:
    left = [None if row.partial else row.left for row in rows]
    series = [
        Series(_("Joined"), [row.joined for row in rows], [row.joined_url for row in rows]),
        Series(pgettext("contacts who left", "Left"), left, [row.left_url for row in rows]),
    ]
    return Chart(_("Contacts who joined and left in each period"), _("Period"), axis(of, rows), series)


def revenue(of: Taken, rows: list[Row]) -> Chart:
    def text(value: Amount | None) -> str:
        return numbers.NONE if value is None else numbers.money(f"{round(float(value), 2):.2f}", of.currency)

    series = [Series(_("Revenue per member"), [row.each for row in rows])]
    label = _("Revenue in each period for each of those who were in at its beginning")
    return Chart(label, heading(of), axis(of, rows), series, text)


# --- cohorts ---------------------------------------------------------------------------------------------------
def cohort_rows(of: Taken) -> list[CohortRow]:
    cohorts, found = of.course.cohorts, []
    for place, month in enumerate(cohorts.months):
        name = f"cohort.{month.days.first:%Y-%m}"
        after, size, still = len(cohorts.months) - 1 - place, cohorts.sizes[place], cohorts.still[place][-1]
        found.append(
            CohortRow(
                name=month_name(month.days.first),
                size=size,
                still=still,
                partial=of.partial(cohorts.edges[place]),
                url=list_url(of.subject, name),
                still_url=list_url(of.subject, f"{name}.{after}.in") if still else "",
                gone_url=list_url(of.subject, f"{name}.{after}.gone") if size - still else "",
            )
        )
    return [row for row in found if row.size]


def survival(of: Taken) -> HeatMap:
    """A row for each month's newcomers, a column for each month since."""
    cohorts = of.course.cohorts
    count = len(cohorts.months)
    rows = []
    for place, month in enumerate(cohorts.months):
        if not cohorts.sizes[place]:
            continue
        name = f"cohort.{month.days.first:%Y-%m}"
        cells = [cell(of, place, after) for after in range(count - place)]
        cells += [Heat("", None)] * (count - len(cells))
        size = cohorts.sizes[place]
        template = (
            ngettext("at least %(n)s contact", "at least %(n)s contacts", size)
            if of.partial(cohorts.edges[place])
            else ngettext("%(n)s contact", "%(n)s contacts", size)
        )
        under = template % {"n": numbers.number(size)}
        rows.append(HeatRow(month_name(month.days.first), cells, under, list_url(of.subject, name)))
    columns = [months_after(after) for after in range(count)]
    legend = [_("nobody"), *(f"{20 * step}\N{EN DASH}{20 * (step + 1)} %" for step in range(HEATS))]
    label = _(
        "Of those who were in for the first time in a month: how many were in at the end of it and of later months"
    )
    return HeatMap(label, _("Newcomers of"), columns, rows[::-1], legend)


def cell(of: Taken, place: int, after: int) -> Heat:
    cohorts = of.course.cohorts
    month, size, still = cohorts.months[place].days.first, cohorts.sizes[place], cohorts.still[place][place + after]
    if of.partial(cohorts.edges[place + after + 1]):
        return Heat(numbers.NONE, None)
    later = cohorts.months[place + after].days.first
    title = _("Newcomers of %(month)s, in at the end of %(later)s") % {
        "month": month_name(month),
        "later": month_name(later),
    }
    url = list_url(of.subject, f"cohort.{month:%Y-%m}.{after}.in") if still else ""
    step = min(HEATS, 1 + still * HEATS // size) if still else 0
    return Heat(numbers.percent_of(still, size), step, numbers.number(still), url, title)


def lines(of: Taken) -> Chart | None:
    """Survival of the newest cohorts that are at least a month old."""
    cohorts = of.course.cohorts
    count = len(cohorts.months)
    shown = [place for place in range(count - 1) if cohorts.sizes[place] and not of.partial(cohorts.edges[place])]
    shown = shown[-LINES:]
    if not shown:
        return None
    places = range(count - shown[0])
    series = []
    for place in shown:
        size, row = cohorts.sizes[place], cohorts.still[place]
        values = [Fraction(100 * row[place + after], size) if place + after < count else None for after in places]
        series.append(Series(month_short(cohorts.months[place].days.first), values))

    def text(value: Amount | None) -> str:
        return numbers.NONE if value is None else f"{numbers.number(round(float(value), 1), 1)} %"

    return Chart(
        _("Share of each month's newcomers still in, in per cent"),
        _("Months since"),
        [str(after) for after in places],
        series,
        text,
    )
