"""Statistics as a page and a file show them: rows with a label, numbers of the group and of the base, and a list.

Made in the reader's language from what `taking` found, which holds no words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from activities.models import Channel
from config.templatetags.times import day_text
from insights.statistics import lists
from insights.statistics.breakdowns import Breakdown
from insights.statistics.calendars import month_name, month_short, week_name
from insights.statistics.comparing import FEW, Beside, shares, times
from insights.statistics.dimensions import NONE, Dimension
from insights.statistics.happenings import Happening
from insights.statistics.scopes import Scope
from insights.statistics.sets import Sets
from insights.statistics.taking import Statistics

PER = 1_000  # contacts: so that rates of small things are numbers of some size


@dataclass(frozen=True)
class Row:
    """Some contacts of the group beside those of the base. `url`: their list; `width`, `base_width`: in a drawing."""

    label: str
    group: int
    base: int
    beside: Beside
    url: str = ""
    faint: bool = False
    short: str = ""  # below a drawing
    width: float = 0
    base_width: float = 0


@dataclass(frozen=True)
class Card:
    """A dimension. `columns`: drawn as a histogram, its rows without the one of no value."""

    key: str
    title: str
    rows: list[Row]
    columns: bool = False
    several: bool = False
    values: int = 0
    attribute: bool = False
    retired: bool = False

    @property
    def steps(self) -> list[Row]:
        return [row for row in self.rows if not row.faint]

    @property
    def empty(self) -> bool:
        """Whether nobody of the base has a value."""
        return not any(row.base for row in self.steps)


@dataclass(frozen=True)
class Consented:
    """The answers to a consent."""

    name: str
    channel: str
    rows: list[Row]
    retired: bool


@dataclass(frozen=True)
class Weekly:
    """How often something was done in each week, and how often by `PER` contacts: of the group and of the base."""

    counts: tuple[int, ...]
    base_counts: tuple[int, ...]
    rates: list[float]
    base_rates: list[float]


@dataclass(frozen=True)
class Course(Weekly):
    """One kind of thing over weeks. Totals: how often at all."""

    label: str
    total: int
    base_total: int
    row: Row  # the contacts who did it
    each: Beside  # how often, by PER contacts


@dataclass(frozen=True)
class Month:
    """Orders of a month."""

    name: str
    short: str
    orders: int
    revenue: Fraction | int
    base_orders: int
    base_revenue: Fraction | int
    each: Beside


@dataclass(frozen=True)
class Figure:
    """One number at the head of the page. `money`: an amount; `url`: of whom."""

    label: str
    beside: Beside
    money: bool = False
    count: int | None = None
    url: str = ""


@dataclass(frozen=True)
class Told:
    """Statistics, ready to show."""

    of: Statistics
    figures: list[Figure]
    cards: list[Card]
    consents: list[Consented]
    activities: list[Course]
    all_activities: Weekly | None
    visits: list[Course]
    all_visits: Weekly | None
    months: list[Month]
    weeks: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> list[tuple[datetime | str, int]]:
        """The points of the size over time, days in words."""
        return [
            (when if isinstance(when, datetime) else day_text(when, now=self.of.at), count)
            for when, count in self.of.growth.points
        ]

    @property
    def month_names(self) -> list[str]:
        return [month.short for month in self.months]

    @property
    def month_values(self) -> list[float]:
        """Revenue for each contact."""
        return [float(month.each.value or 0) for month in self.months]

    @property
    def month_bases(self) -> list[float]:
        return [float(month.each.base or 0) for month in self.months]

    @property
    def few(self) -> bool:
        """Whether the group is so small that a difference may be chance."""
        return 0 < self.of.group < FEW and not self.of.alone

    @property
    def nobody(self) -> bool:
        return not self.of.group


def told(of: Statistics) -> Told:
    """In the language in force."""
    activities = [_course(of, one, of.types.get(one.key, one.key), "did") for one in of.activities]
    visits = [_course(of, one, str(Channel(one.key).label), "came") for one in of.visits]
    return Told(
        of=of,
        figures=_figures(of),
        cards=cards(of.breakdowns, of.scope, of.sets),
        consents=_consents(of),
        activities=sorted(activities, key=lambda one: (-one.total, -one.base_total, one.label)),
        all_activities=_together(of, activities),
        visits=sorted(visits, key=lambda one: (-one.total, -one.base_total, one.label)),
        all_visits=_together(of, visits),
        months=_months(of),
        weeks=[week_name(week) for week in of.weeks.all],
    )


def list_url(scope: Scope, dimension: str, part: str) -> str:
    """The contacts of the group that a part names; "" for a part of a part, which no address names."""
    named = f"{lists.NAME}={quote(f'{scope.token}~{dimension}~{part}', safe='~.:')}"
    if scope.kind != "contacts":
        return f"{reverse('contacts:manager')}?{named}"
    _path, _sign, query = scope.list_url.partition("?")
    if f"{lists.NAME}=" in query:
        return ""
    return f"{scope.list_url}{'&' if query else ''}{named}"


# --- contacts --------------------------------------------------------------------------------------------------
def cards(found: Sequence[tuple[Dimension, Breakdown]], scope: Scope, sets: Sets) -> list[Card]:
    """One for each dimension."""
    return [_card(dimension, breakdown, scope, sets) for dimension, breakdown in found]


def _card(dimension: Dimension, breakdown: Breakdown, scope: Scope, sets: Sets) -> Card:
    group, base = len(sets.group), len(sets.base)
    rows = []
    for place, part in enumerate(breakdown.parts):
        if part.name == NONE and not part.base:
            continue  # everybody has one
        rows.append(
            Row(
                dimension.label(part.name, place, whole=breakdown.whole),
                part.group,
                part.base,
                shares(part.group, group, part.base, base),
                list_url(scope, dimension.key, named) if part.group and (named := breakdown.address(part)) else "",
                faint=part.name == NONE,
                short=dimension.short(part.name),
            )
        )
    return Card(
        dimension.key,
        dimension.name,
        widened(rows),
        breakdown.steps and len(rows) > 1,
        breakdown.several,
        breakdown.values,
        dimension.attribute,
        dimension.retired,
    )


def widened(rows: list[Row]) -> list[Row]:
    """With widths: the largest share of either set is 100."""
    top = max((value for row in rows for value in (row.beside.value, row.beside.base) if value), default=Fraction(1))

    def width(value: Fraction | None) -> float:
        return round(float((value or 0) / top * 100), 2)

    return [replace(row, width=width(row.beside.value), base_width=width(row.beside.base)) for row in rows]


def _consents(of: Statistics) -> list[Consented]:
    labels = {
        "given": pgettext("answers to a consent", "given"),
        "withdrawn": pgettext("answers to a consent", "withdrawn"),
        "unknown": pgettext("answers to a consent", "not answered"),
    }
    found = []
    for one in of.consents:
        rows = []
        for state, label in labels.items():
            group, base = getattr(one, state)
            url = list_url(of.scope, "consent", f"{one.consent.key}.{state}") if group else ""
            rows.append(Row(label, group, base, shares(group, of.group, base, of.base), url))
        channel, retired = str(one.consent.get_channel_display()), one.consent.retired_at is not None
        found.append(Consented(one.consent.name, channel, widened(rows), retired))
    return found


# --- what they did ---------------------------------------------------------------------------------------------
def _course(of: Statistics, one: Happening, label: str, what: str) -> Course:
    first, last = of.weeks.whole
    part = f"{one.key}.{first.isoformat()}:{last.isoformat()}"
    beside = shares(one.group_contacts, of.group, one.base_contacts, of.base)
    url = list_url(of.scope, what, part) if one.group_contacts else ""
    return Course(
        one.group,
        one.base,
        rates(one.group, of.group),
        rates(one.base, of.base),
        label,
        one.total,
        one.base_total,
        Row(label, one.group_contacts, one.base_contacts, beside, url),
        times((one.total, of.group), (one.base_total, of.base), one.base_contacts, per=PER),
    )


def _together(of: Statistics, courses: Sequence[Course]) -> Weekly | None:
    """All of them as one; who did any of them is not told."""
    if not courses:
        return None
    group = tuple(map(sum, zip(*(one.counts for one in courses), strict=True)))
    base = tuple(map(sum, zip(*(one.base_counts for one in courses), strict=True)))
    return Weekly(group, base, rates(group, of.group), rates(base, of.base))


def rates(counts: Sequence[int], contacts: int) -> list[float]:
    """For so many contacts, by `PER` of them."""
    return [count * PER / contacts if contacts else 0.0 for count in counts]


# --- what they bought ------------------------------------------------------------------------------------------
def _months(of: Statistics) -> list[Month]:
    return [
        Month(
            month_name(month.first),
            month_short(month.first),
            sold.orders,
            Fraction(sold.revenue),
            sold.base_orders,
            Fraction(sold.base_revenue),
            sold.each(of.group, of.base),
        )
        for month, sold in zip(of.months.all, of.sales.months, strict=True)
    ]


def _figures(of: Statistics) -> list[Figure]:
    sales, lately = of.sales, of.sales.within
    window = ":".join(day.isoformat() for day in of.months.whole)
    months = {"first": month_name(of.months.whole.first), "last": month_name(of.months.whole.last)}
    return [
        Figure(
            _("have ordered"),
            shares(sales.buyers, of.group, sales.base_buyers, of.base),
            count=sales.buyers,
            url=list_url(of.scope, "bought", "ever") if sales.buyers else "",
        ),
        Figure(
            _("have ordered, %(first)s to %(last)s") % months,
            shares(sales.lately, of.group, sales.base_lately, of.base),
            count=sales.lately,
            url=list_url(of.scope, "bought", window) if sales.lately else "",
        ),
        Figure(_("revenue for each contact, ever"), sales.ever.each(of.group, of.base, sales.base_buyers), money=True),
        Figure(
            _("revenue for each contact, %(first)s to %(last)s") % months,
            lately.each(of.group, of.base, sales.base_lately),
            money=True,
        ),
        Figure(_("orders of each contact, ever"), sales.ever.orders_each(of.group, of.base, sales.base_buyers)),
        Figure(_("value of an order on average"), sales.ever.average, money=True),
    ]
