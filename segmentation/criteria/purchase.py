"""`purchase`: what a contact bought: how many, for how much, in how many orders."""

from decimal import Decimal
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import Field
from pyroaring import BitMap

from mirror.kinds import LINE
from mirror.reading import Arrays, Rows, aware
from segmentation.criteria import conditions, sales, tallies
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.conditions import Condition, Conditions
from segmentation.criteria.context import Context
from segmentation.criteria.evidence import semicolons, short
from segmentation.criteria.labels import Within
from segmentation.criteria.order import COMPLEMENTS, never, read_number
from segmentation.criteria.tallies import Totals
from segmentation.criteria.telling import window_told
from segmentation.criteria.times import Span
from segmentation.criteria.words import Part, Sentence, Words, phrase, plain
from segmentation.parts.orders import PurchaseForm

MEASURED = {"quantity": sales.PIECES, "amount": sales.MONEY}


@register
class PurchaseCriterion(Criterion):
    """`{"kind": "purchase", "measure": "amount", "op": "gt", "value": 300, "where": [{"param": "brand", …}]}`.

    Over the lines of orders that satisfy all of `where`: nothing bought counts as 0.
    """

    form: ClassVar = PurchaseForm()
    reads: ClassVar = ("line",)

    kind: Literal["purchase"]
    measure: Literal["quantity", "amount", "orders"]
    op: str
    value: Any
    where: Conditions = Field(default_factory=list)
    within: Within = None

    def refine(self) -> None:
        read_number(self.op, self.value)
        conditions.check(self.where, sales.LINE_PARAMS)

    # --- who ---------------------------------------------------------------------------------------------------
    def members(self, context: Context) -> BitMap:
        totals = self.totals(self.read(context))
        return tallies.holding(totals, self.op, self._operand, empty=0, context=context)

    def read(self, context: Context, *, moments: bool = False) -> Arrays:
        """The lines that are measured. `moments`: told as well."""
        fits = sales.fitting(LINE, self.where, sales.LINE_PARAMS, context)
        span = Span(None, None) if self.within is None else context.span(self.within)
        if self.measure == "orders":
            columns, measured = fits.columns, "order_id"
        else:
            column = LINE.column(self.measure)
            columns = tuple(dict.fromkeys((*fits.columns, column)))
            measured = f"{column.name} AS units"
        condition = f" WHERE {fits.sql}" if fits.sql else ""
        query = f"SELECT contact_id, {measured}{', moment' if moments else ''} FROM {{rows}}{condition}"  # noqa: S608 - constants
        return context.reader.select(Rows(LINE, columns, first=span.start, last=span.last), query, fits.params)

    def totals(self, read: Arrays) -> Totals:
        """What is compared."""
        if self.measure == "orders":
            return tallies.distinct(read["contact_id"], read["order_id"])
        return tallies.add(read["contact_id"], read["units"], unit=MEASURED[self.measure])

    @property
    def _operand(self) -> Any:
        return read_number(self.op, self.value)

    # --- in words ----------------------------------------------------------------------------------------------
    @property
    def compound(self) -> bool:
        named, others = self._parted()
        return len(named) > 1 or bool(others)

    def _parted(self) -> tuple[list[Condition], list[Condition]]:
        """The conditions that name what was bought, and the others."""
        named = [one for one in self.where if one.op in ("eq", "in") and one.param in sales.PRODUCT]
        return named, [one for one in self.where if one not in named]

    def sentence(self, words: Words) -> Sentence:
        """`spent more than 300 PLN on brand X in the last 6 months (since 22 May)`."""
        named, others = self._parted()
        sentence = self.told(_things(named, words), words)
        if self.within is not None:
            sentence = phrase("{what} {window}", what=sentence, window=window_told(self.within, words))
        if others:
            told = conditions.told(others, sales.LINE_PARAMS, words)
            # Translators: what somebody did, and conditions on it: "viewed a page, address contains “/prices”"
            sentence = phrase(_("{what}, {conditions}"), what=sentence, conditions=told)
        return sentence

    def told(self, things: Sentence, words: Words) -> Sentence:
        operand = self._operand
        if never(self.op, operand) and (self.measure != "quantity" or self.op == "eq"):
            # Translators: things: "brand X", "anything"
            return phrase(_("never bought {things}"), things=things)
        if self.measure == "amount":
            # Translators: amount: "more than 300 PLN"; things: "brand X", "anything"
            amount = sales.compared(self.op, operand, sales.money(words), words)
            return phrase(_("spent {amount} on {things}"), amount=amount, things=things)
        number, n = sales.compared(self.op, operand, words.number, words, counts=True), sales.deciding(self.op, operand)
        if self.measure == "quantity":
            # Translators: number: "at least 3"; things: "brand X", "anything"
            template = ngettext("bought {number} piece of {things}", "bought {number} pieces of {things}", n)
        else:
            # Translators: number: "at least 3"; things: "brand X", "anything"
            template = ngettext("bought {things} in {number} order", "bought {things} in {number} orders", n)
        return phrase(template, number=number, things=things)

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """`458.80 PLN, 41.20 PLN short of 500 PLN; last 12 Nov, 14:03`."""
        read = self.read(context, moments=True)
        number = self.totals(read).of(contact)
        if number is None:
            return plain(_("nothing of it bought"))
        told = {"quantity": _pieces(words), "amount": sales.money(words), "orders": sales.orders_told(words)}
        value = sales.in_decimals(number)
        measured = short(value, self.op, self._operand, words, told=told[self.measure])
        last = words.moment(aware(read["moment"].max()))
        return semicolons([measured, phrase(_("last bought {date}"), date=last)])

    def opposite(self) -> "PurchaseCriterion | None":
        return self.model_copy(update={"op": COMPLEMENTS[self.op]}) if self.op in COMPLEMENTS else None


def _things(named: list[Condition], words: Words) -> Sentence:
    """`brand X`, `brand X, product category Y`: what the lines are said to be of."""
    if not named:
        return plain(_("anything"))
    parts: list[Part] = []
    for condition in named:
        values = words.any_of([condition.value] if condition.op == "eq" else condition.value)
        # Translators: label: "brand", "product category"; values: "X", "X or Y"
        told = phrase(_("{label} {values}"), label=plain(str(sales.PRODUCT[condition.param])), values=values)
        parts += [Part(", "), *told.parts] if parts else told.parts
    return Sentence(tuple(parts))


def _pieces(words: Words) -> Any:
    def told(number: Decimal | int) -> str:
        n = int(number) if number == int(number) else 2
        return ngettext("{n} piece", "{n} pieces", n).format(n=words.number(number))

    return told
