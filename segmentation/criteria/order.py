"""`order`: how many orders a contact placed, and what they came to."""

from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from pydantic import Field
from pyroaring import BitMap

from contacts.id_sets import id_set
from mirror.kinds import ORDER
from mirror.reading import Arrays, Rows, aware
from segmentation.criteria import conditions, sales, tallies
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.conditions import Conditions
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.evidence import semicolons, short
from segmentation.criteria.labels import Within
from segmentation.criteria.tallies import OPERATORS, Totals
from segmentation.criteria.telling import window_told
from segmentation.criteria.times import Span
from segmentation.criteria.values.base import OPPOSITE
from segmentation.criteria.values.number import Number
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.orders import OrderForm

TOTAL = ORDER.column("total")
COMPLEMENTS = OPPOSITE | {"gte": "lt", "lt": "gte", "gt": "lte", "lte": "gt"}
ALWAYS_THERE = ("count", "sum")  # measures that are 0 for nobody's orders


class Chosen(NamedTuple):
    """The orders that are measured, one place in each array for each."""

    ids: np.ndarray
    units: np.ndarray | None  # totals, where the measure needs them
    moments: np.ndarray


def read_number(op: str, value: Any) -> Any:
    """The operand of a comparison with a number that is always there.

    Raises: RefusedError at `op` or within `value`.
    """
    if op not in OPERATORS:
        raise RefusedError(gettext_noop("“{op}” is not possible here."), at="op", op=op[:60])
    return Number().read(op, value)


@register
class OrderCriterion(Criterion):
    """`{"kind": "order", "measure": "sum", "op": "gt", "value": 300, "within": {"last": 6, "unit": "month"}}`.

    pick: `first` or `last`: the contact's very first or last order of all must itself satisfy `where`, in the window,
    and it alone is measured; `only`: there are orders in the window, every one satisfies `where`, they are measured.
    """

    form: ClassVar = OrderForm()
    reads: ClassVar = ("order",)

    kind: Literal["order"]
    measure: Literal["count", "sum", "avg", "max", "min"]
    op: str
    value: Any
    where: Conditions = Field(default_factory=list)
    within: Within = None
    pick: Literal["any", "first", "last", "only"] = "any"

    def refine(self) -> None:
        read_number(self.op, self.value)
        conditions.check(self.where, sales.ORDER_PARAMS)

    # --- who ---------------------------------------------------------------------------------------------------
    def members(self, context: Context) -> BitMap:
        totals = self.totals(self.chosen(context))
        empty = 0 if self.pick == "any" and self.measure in ALWAYS_THERE else None
        found = tallies.holding(totals, self.op, self._operand, empty=empty, context=context)
        return found if self.pick == "any" else found & id_set(totals.ids)

    def totals(self, chosen: Chosen) -> Totals:
        """What is compared."""
        if chosen.units is None:
            return tallies.count(chosen.ids)
        match self.measure:
            case "sum":
                return tallies.add(chosen.ids, chosen.units, unit=sales.MONEY)
            case "avg":
                return tallies.average(chosen.ids, chosen.units, unit=sales.MONEY)
        largest = self.measure == "max"
        return tallies.extreme(chosen.ids, chosen.units, largest=largest, unit=sales.MONEY)

    def chosen(self, context: Context, *, moments: bool = False) -> Chosen:
        """The orders that are measured. `moments`: told as well."""
        match self.pick:
            case "any":
                fits = sales.fitting(ORDER, self.where, sales.ORDER_PARAMS, context)
                span = self.span(context)
                condition = f" WHERE {fits.sql}" if fits.sql else ""
                extra = ", moment" if moments else ""
                query = f"SELECT contact_id{self._unit}{extra} FROM {{rows}}{condition}"  # noqa: S608 - constants
                rows = Rows(ORDER, self._columns(fits.columns), first=span.start, last=span.last)
                return _chosen(context.reader.select(rows, query, fits.params))
            case "only":
                read = self.read(context, self.span(context), placed=moments)
                fit = tallies.besides(read["contact_id"], read["contact_id"][~read["fits"]])
                return _chosen(read, fit)
            case _:
                read = self.read(context, self.reach(context))
                ends = tallies.ends(read["contact_id"], read["moment"], read["id"], last=self.pick == "last")
                return _chosen(read, ends[read["fits"][ends]])

    def read(self, context: Context, reach: Span, *, placed: bool = True) -> Arrays:
        """All orders that count, and whether each `fits`: `where` holds, in the window. `placed`: with id, moment."""
        counted = sales.counted(ORDER, self.where)
        fits = conditions.joined(self.where, sales.ORDER_PARAMS, context)
        tests, params = [f"({fits.sql})"] if fits.sql else [], list(fits.params)
        for sign, bound in zip((">=", "<="), self.span(context), strict=True):
            if bound is not None:
                tests.append(f"moment {sign} ?")
                params.append(bound.astimezone(UTC).replace(tzinfo=None))
        test = f"({' AND '.join(tests)}) IS TRUE" if tests else "true"
        condition = f" WHERE {counted.sql}" if counted.sql else ""
        place = ", id, moment" if placed else ""
        query = f"SELECT contact_id{place}, {test} AS fits{self._unit} FROM {{rows}}{condition}"  # noqa: S608 - constants
        rows = Rows(ORDER, self._columns(fits.columns + counted.columns), first=reach.start, last=reach.last)
        return context.reader.select(rows, query, params)

    def span(self, context: Context) -> Span:
        return Span(None, None) if self.within is None else context.span(self.within)

    def reach(self, context: Context) -> Span:
        """The orders of which the first, or last, is looked for: those on the far side of the window decide nothing."""
        start, last = self.span(context)
        return Span(None, last) if self.pick == "first" else Span(start, None)

    @property
    def _unit(self) -> str:
        return "" if self.measure == "count" else f", {TOTAL.name} AS units"

    def _columns(self, needed: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(needed if self.measure == "count" else (*needed, TOTAL)))

    @property
    def _operand(self) -> Any:
        return read_number(self.op, self.value)

    # --- in words ----------------------------------------------------------------------------------------------
    @property
    def compound(self) -> bool:
        return bool(self.where) or self.pick in ("first", "last")

    def sentence(self, words: Words) -> Sentence:
        """`spent more than 300 PLN on orders in the last 6 months (since 22 May), channel is Ad`."""
        sentence = self.told(words)
        if self.within is not None:
            sentence = phrase("{what} {window}", what=sentence, window=window_told(self.within, words))
        if self.where:
            # Translators: what somebody did, and conditions on it: "viewed a page, address contains “/prices”"
            template = (
                _("{what}, and for every order {conditions}") if self.pick == "only" else _("{what}, {conditions}")
            )
            told = conditions.told(self.where, sales.ORDER_PARAMS, words)
            sentence = phrase(template, what=sentence, conditions=told)
        match self.pick:
            case "first":
                return phrase(_("looking at the very first order alone: {what}"), what=sentence)
            case "last":
                return phrase(_("looking at the very last order alone: {what}"), what=sentence)
        return sentence

    def told(self, words: Words) -> Sentence:
        operand = self._operand
        if self.measure == "count":
            if never(self.op, operand):
                return plain(_("placed no orders"))
            number = sales.compared(self.op, operand, words.number, words, counts=True)
            n = sales.deciding(self.op, operand)
            # Translators: number: "at least 3", "from 2 to 5"
            return phrase(ngettext("placed {number} order", "placed {number} orders", n), number=number)
        # Translators, of the four: amount: "more than 300 PLN", "from 100 to 500 PLN"
        template = {
            "sum": _("spent {amount} on orders"),
            "avg": _("spent {amount} on an average order"),
            "max": _("spent {amount} on the largest order"),
            "min": _("spent {amount} on the smallest order"),
        }[self.measure]
        return phrase(template, amount=sales.compared(self.op, operand, sales.money(words), words))

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """`458.80 PLN, 41.20 PLN short of 500 PLN; 3 orders, last 12 Nov, 14:03`."""
        misfit = None if self.pick == "any" else self.misfit(self.read(context, self.span_for_words(context)), words)
        if misfit is not None:
            return misfit
        chosen = self.chosen(context, moments=True)
        if not len(chosen.ids):
            return plain(_("no such order"))
        told: Callable[[Decimal | int], str] = sales.orders_told(words)
        number = self.totals(chosen).of(contact)
        facts = []
        if number is not None and self.measure != "count":
            value = sales.in_decimals(number)
            facts.append(short(value, self.op, self._operand, words, told=sales.money(words)))
            counted = phrase("{orders}", orders=told(len(chosen.ids)))
        else:
            counted = short(len(chosen.ids), self.op, self._operand, words, told=told)
        last = words.moment(aware(chosen.moments.max()))
        # Translators: facts: "2 orders"; date: when the last of them was
        return semicolons([*facts, phrase(_("{facts}, last {date}"), facts=counted, date=last)])

    def span_for_words(self, context: Context) -> Span:
        return self.span(context) if self.pick == "only" else Span(None, None)

    def misfit(self, read: Arrays, words: Words) -> Sentence | None:
        """What is said where the order, or one of the orders, is not as it should be."""
        fits = read["fits"]
        if not len(fits):
            return plain(_("no orders"))
        if self.pick == "only":
            if fits.all():
                return None
            number, fitting = sales.orders_told(words)(len(fits)), words.number(int(fits.sum()))
            # Translators: of several orders only some are as asked: "1 of 3 orders fits"
            template = ngettext("{n} of {orders} fits", "{n} of {orders} fit", int(fits.sum()))
            return phrase(template, n=fitting, orders=number)
        end = np.lexsort((read["id"], read["moment"]))[0 if self.pick == "first" else -1]
        if fits[end]:
            return None
        date = words.moment(aware(read["moment"][end]))
        if self.pick == "first":
            return phrase(_("the first order was on {date}, and does not fit"), date=date)
        return phrase(_("the last order was on {date}, and does not fit"), date=date)

    def opposite(self) -> "OrderCriterion | None":
        if self.pick != "any":
            return None
        complements = COMPLEMENTS if self.measure in ALWAYS_THERE else OPPOSITE
        return self.model_copy(update={"op": complements[self.op]}) if self.op in complements else None


def never(op: str, operand: Any) -> bool:
    """Whether a number of things says: none at all."""
    return (op == "eq" and operand == 0) or (op == "lt" and 0 < operand <= 1) or (op == "lte" and 0 <= operand < 1)


def _chosen(read: Arrays, at: np.ndarray | None = None) -> Chosen:
    """Some of the rows that were read, or all."""
    chosen = {name: np.asarray(values) if at is None else values[at] for name, values in read.items()}
    return Chosen(chosen["contact_id"], chosen.get("units"), chosen.get("moment", np.zeros(0, "datetime64[us]")))
