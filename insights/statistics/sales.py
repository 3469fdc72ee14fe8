"""What the contacts of a group bought, month by month and ever, beside the base. Amounts are exact.

Cancelled and refunded orders count nowhere. Amounts are in the account's currency, whatever an order was paid in.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from pyroaring import BitMap

from insights.statistics.calendars import Months, Stretch
from insights.statistics.comparing import AMOUNTS, Beside, averages, ratio, times
from insights.statistics.sets import Look
from mirror.kinds import MONEY, ORDER
from mirror.reading import Rows


@dataclass(frozen=True)
class Sold:
    """Orders and what they came to, in whole units of the mirror: of the group, and of the base."""

    orders: int = 0
    units: int = 0
    base_orders: int = 0
    base_units: int = 0

    @property
    def revenue(self) -> Decimal:
        return Decimal(self.units) / MONEY

    @property
    def base_revenue(self) -> Decimal:
        return Decimal(self.base_units) / MONEY

    @property
    def average(self) -> Beside:
        """Of an order."""
        own, base = ratio(self.units, self.orders), ratio(self.base_units, self.base_orders)
        return averages(own and own / MONEY, base and base / MONEY, self.orders, self.base_orders)

    def each(self, group: int, base: int, buyers: int | None = None) -> Beside:
        """Revenue for each contact, buyers or not. `buyers`: of the base; None: each order is of another one."""
        found = self.orders_each(group, base, buyers, spread=AMOUNTS)
        own, whole = ratio(Fraction(self.units, MONEY), group), ratio(Fraction(self.base_units, MONEY), base)
        return replace(found, value=own, base=whole)

    def orders_each(self, group: int, base: int, buyers: int | None = None, *, spread: int = 1) -> Beside:
        """Orders of each contact."""
        doers = self.base_orders if buyers is None else buyers
        return times((self.orders, group), (self.base_orders, base), doers, spread=spread)

    def __add__(self, other: "Sold") -> "Sold":
        return Sold(
            self.orders + other.orders,
            self.units + other.units,
            self.base_orders + other.base_orders,
            self.base_units + other.base_units,
        )


@dataclass(frozen=True)
class Sales:
    """`ever`: with orders dated ahead; `months`: each of the last ones. Buyers: contacts with an order that counts."""

    ever: Sold
    months: tuple[Sold, ...]
    buyers: int
    base_buyers: int
    lately: int  # buyers within the months
    base_lately: int

    @property
    def within(self) -> Sold:
        """All of the months together."""
        return sum(self.months, Sold())


def sales(months: Months, look: Look) -> Sales:
    """Of the group and of the base. Three statements over all orders."""
    sets, columns = look.sets, (ORDER.column("total"), ORDER.column("counted"))
    ever, lately = _buyers(look), _buyers(look, months.whole)
    asked = sets.asked(ever)
    query = (
        f"SELECT month, count(*) AS base, sum(own)::BIGINT AS n, sum(total)::VARCHAR AS base_units,"  # noqa: S608 - constants
        f" COALESCE(sum(total) FILTER (own = 1), 0)::VARCHAR AS units FROM ("
        f"SELECT {months.sql(look.zone)} AS month, total, {asked.own} AS own FROM {{rows}}"
        f" WHERE counted AND {asked.where}) GROUP BY month"
    )
    read = look.reader.select(Rows(ORDER, columns), query, asked.params)
    names = ("month", "n", "units", "base", "base_units")
    found = {
        int(month): Sold(int(n), int(units), int(base), int(base_units))
        for month, n, units, base, base_units in zip(*(read[name] for name in names), strict=True)
    }
    return Sales(
        ever=sum(found.values(), Sold()),
        months=tuple(found.get(month, Sold()) for month in range(months.count)),
        buyers=sets.told(ever)[0],
        base_buyers=sets.told(ever)[1],
        lately=sets.told(lately)[0],
        base_lately=sets.told(lately)[1],
    )


def _buyers(look: Look, days: Stretch | None = None) -> BitMap:
    """The contacts with an order that counts, on these days."""
    span = days.span(look.zone) if days else None
    rows = Rows(ORDER, (ORDER.column("counted"),), 0, span and span.start, span and span.last)
    query = f"SELECT {look.sets.all_bits} AS ids FROM {{rows}} WHERE counted"  # noqa: S608 - constants
    return look.sets.found(look.reader.select(rows, query)["ids"][0])
