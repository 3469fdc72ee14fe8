"""Buyers by how much and how often they bought, as the page and the file show them."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.charts import Amount, Chart, Series
from config.templatetags.numbers import percent_of
from insights.buyers.counting import BANDS, BY_ORDERS, STEPS, Some
from insights.buyers.parts import NONE
from insights.buyers.taking import TakenSpending
from insights.buyers.telling import Links, each, links, with_shares
from mirror.kinds import MONEY
from segmentation.parts.buyers import BAND_NAMES, BUYER_NAMES


@dataclass(frozen=True)
class Row:
    """Some buyers. Values above `above` up to `upto` are theirs; None: no end, or not for this reader."""

    name: str
    label: str
    some: Some
    links: Links
    above: Any = None
    upto: Any = None
    share: str = ""  # of the buyers
    part: str = ""  # of the revenue

    @property
    def each(self) -> Fraction | None:
        """Revenue for each of them."""
        return each(self.some)


@dataclass(frozen=True)
class Told:
    """Spenders, ready to show."""

    of: TakenSpending
    bands: list[Row]
    kinds: list[Row]
    none: Row

    @property
    def everybody(self) -> Some:
        return self.of.spending.everybody

    @property
    def each(self) -> Fraction | None:
        return each(self.everybody)

    @property
    def fifth(self) -> str:
        """The share of revenue that the best fifth of the buyers brought."""
        line = self.of.spending.line
        return percent_of(line[STEPS.index(20)], self.everybody.units) if line and self.everybody.units > 0 else ""

    @property
    def line(self) -> Chart | None:
        """What the best buyers brought, of all revenue: rising to the whole."""
        whole = self.everybody.units
        if not self.of.spending.line or whole <= 0:
            return None
        values = [Fraction(units * 100, whole) for units in (0, *self.of.spending.line)]
        return Chart(
            label=_("Share of revenue that the best buyers brought, by their share of the buyers"),
            heading=_("Best buyers"),
            places=[f"{step} %" for step in (0, *STEPS)],
            series=[Series(_("Share of revenue"), values)],
            text=percents,
            unit="%",
        )


def percents(value: Amount | None) -> str:
    return "" if value is None else percent_of(Decimal(str(float(value))), 100)


def told(of: TakenSpending, *, today: date) -> Told:
    """In the language in force."""
    spending, whole = of.spending, of.whole
    ends = [Decimal(end) / MONEY for end in spending.ends.bands] if whole else []
    medium, big = ends or (None, None)
    bounds: dict[str, tuple[Any, Any]] = {"big": (big, None), "medium": (medium, big), "low": (None, medium)}
    often = spending.ends.frequent[0] if whole and spending.ends.frequent else None
    bounds |= {"frequent": (often, None)}
    buyers, all_units = spending.everybody.buyers, spending.everybody.units
    return Told(
        of,
        with_shares([row("band", name, spending.bands[name], bounds, today=today) for name in BANDS]),
        [
            replace(one, share=percent_of(one.some.buyers, buyers), part=percent_of(one.some.units, all_units))
            for one in (row("kind", name, spending.by_orders[name], bounds, today=today) for name in BY_ORDERS)
        ],
        row("kind", NONE, Some(of.everyone - buyers), {}, today=today),
    )


def row(key: str, name: str, some: Some, bounds: dict[str, tuple[Any, Any]], *, today: date) -> Row:
    names = BAND_NAMES if key == "band" else BUYER_NAMES
    above, upto = bounds.get(name, (None, None))
    label = str(capfirst(str(names[name])))
    return Row(name, label, some, links(f"{key}~{name}", some.buyers, today=today), above, upto)
