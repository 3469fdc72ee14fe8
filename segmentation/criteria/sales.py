"""Orders that count, what can be asked of orders and of their lines, and amounts in words.

A cancelled or refunded order counts nowhere, unless the criteria ask for a status themselves: then all are looked at,
and what they ask decides.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.models import Channel, OrderStatus
from mirror import kinds
from mirror.kinds import LINE, ORDER, Kind
from segmentation.criteria import conditions
from segmentation.criteria.conditions import Condition, Param, Params
from segmentation.criteria.context import Context
from segmentation.criteria.values.choice import Choice
from segmentation.criteria.values.number import Number
from segmentation.criteria.values.text import Text
from segmentation.criteria.visit import UTM, asked
from segmentation.criteria.where import Column, Where
from segmentation.criteria.words import Sentence, Words, phrase

MONEY = Fraction(1, kinds.MONEY)  # what amounts are counted in
PIECES = Fraction(1, kinds.QUANTITY)  # what quantities are counted in

PRODUCT = {"product": gettext_lazy("product"), "name": gettext_lazy("product name")} | {
    "category": gettext_lazy("product category"),
    "brand": gettext_lazy("brand"),
}


class Code(Column):
    """A code of capital letters, compared as any text is; it is not kept folded."""

    @property
    def folded(self) -> str:
        return f"lower({self.name})"

    def where(self, template: str, *params: Any) -> Where:
        return super().where(template, *params)._replace(columns=self.columns)


ORDER_PARAMS: Params = {
    "channel": asked(ORDER, "channel", Choice(dict(Channel.choices)), gettext_lazy("channel")),
    **{name: asked(ORDER, name, Text(), label) for name, label in UTM.items()},
    "status": asked(ORDER, "status", Choice(dict(OrderStatus.choices)), gettext_lazy("order status")),
    "currency": Param(Text(), Code("currency", (ORDER.column("currency"),)), gettext_lazy("currency")),
    "total": asked(ORDER, "total", Number(), gettext_lazy("order total")),
}
LINE_PARAMS: Params = {
    **{name: asked(LINE, name, Text(), label) for name, label in PRODUCT.items()},
    "price": asked(LINE, "price", Number(), gettext_lazy("price")),
    "status": asked(LINE, "status", Choice(dict(OrderStatus.choices)), gettext_lazy("order status")),
}


# --- rows ------------------------------------------------------------------------------------------------------
def counted(kind: Kind, where: Sequence[Condition] = ()) -> Where:
    """The condition that leaves out orders that count nowhere; empty where `where` asks for a status itself."""
    if any(condition.param == "status" for condition in where):
        return Where("")
    return Where("counted", (), (kind.column("counted"),))


def both(one: Where, other: Where) -> Where:
    """Both conditions in one; an empty one holds for all rows."""
    sql = " AND ".join(f"({each.sql})" for each in (one, other) if each.sql)
    return Where(sql, one.params + other.params, tuple(dict.fromkeys(one.columns + other.columns)))


def fitting(kind: Kind, where: Sequence[Condition], params: Params, context: Context) -> Where:
    """The condition for rows that count and satisfy all of `where`."""
    return both(counted(kind, where), conditions.joined(where, params, context))


# --- in words --------------------------------------------------------------------------------------------------
def compared(op: str, operand: Any, told: Callable[[Decimal], str], words: Words, *, counts: bool = False) -> Sentence:
    """`more than 300 PLN`: an operator of numbers as part of a sentence. `told`: how a number is written.

    counts: of things that are counted, so that there are fewer of them, not less.
    """
    if op == "between":
        return phrase(_("from {low} to {high}"), low=told(operand.low), high=told(operand.high))
    if op in ("in", "not_in"):
        values = words.any_of([told(one) for one in operand])
        return phrase(_("exactly {values}") if op == "in" else _("not exactly {values}"), values=values)
    template = {
        "eq": _("exactly {value}"),
        "ne": _("not exactly {value}"),
        "lt": _("fewer than {value}") if counts else _("less than {value}"),
        "lte": _("at most {value}"),
        "gt": _("more than {value}"),
        "gte": _("at least {value}"),
    }[op]
    return phrase(template, value=told(operand))


def deciding(op: str, operand: Any) -> int:
    """The number that a noun after `compared` follows."""
    last = operand.high if op == "between" else operand[-1] if op in ("in", "not_in") else operand
    return int(last) if last == int(last) else 2


def money(words: Words) -> Callable[[Decimal | int], str]:
    """How an amount is written: `41.20 PLN`."""
    currency = words.catalog.currency

    def told(amount: Decimal | int) -> str:
        exact = Decimal(amount)
        places = 0 if exact == int(exact) else max(2, -int(exact.normalize().as_tuple().exponent))
        return f"{number_format(exact, decimal_pos=places, use_l10n=True)}\N{NO-BREAK SPACE}{currency}"

    return told


def orders_told(words: Words) -> Callable[[Decimal | int], str]:
    """How a number of orders is written: `3 orders`."""

    def told(number: Decimal | int) -> str:
        n = int(number) if number == int(number) else 2
        return ngettext("{n} order", "{n} orders", n).format(n=words.number(number))

    return told


def in_decimals(number: Fraction, places: int = 4) -> Decimal:
    """As near as `places` decimals come."""
    near = Decimal(round(number * 10**places)).scaleb(-places)
    return Decimal(int(near)) if near == int(near) else near.normalize()
