"""The form parts of what contacts bought: orders, what was in them, when they were."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from typing_extensions import override

from activities.models import OrderStatus
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, TypedParameter, Values
from segmentation.parts.conditions import ConditionsInput
from segmentation.parts.moments import WindowInput
from segmentation.parts.occurrences import Parameters, came_from
from segmentation.parts.operands import MomentOperand, NumberOperand
from segmentation.parts.times import PickInput, at_least_one, some_of

WITH_NONE = ("eq", "ne", "lt", "lte", "between", "in", "not_in")


class AmountOperand(NumberOperand):
    """A number that is always there, or that nobody without orders has."""

    labels: ClassVar = {op: label for op, label in NumberOperand.labels.items() if op not in ("is_set", "is_not_set")}


class MeasuredForm(FormPart):
    """A measure and what it comes to on the first line, then when, then the conditions.

    Where people with none would count as 0, it says so, and offers to leave them out where one criterion can say that.
    """

    measures: ClassVar[dict[str, Any]]
    counts: ClassVar[Sequence[str]]  # measures that are numbers of orders
    with_none: ClassVar[Sequence[str]]  # measures that are 0 for those without orders

    def parameters(self, typed: Typed) -> Parameters:
        """What can be asked of the rows."""
        raise NotImplementedError

    @override
    def controls(self, typed: Typed) -> list[Control]:
        measure = typed.among("measure", self.measures)
        options = [Option(key, str(label)) for key, label in self.measures.items()]
        return [
            Control("measure", "select", _("what of it"), [measure], options, refreshes=True),
            *AmountOperand(about=self.kind).controls(typed),
            *WindowInput(future=False).controls(typed),
            *self.about_none(measure, typed),
            *ConditionsInput(self.parameters(typed), self.kind).controls(typed),
        ]

    @override
    def read(self, typed: Typed) -> Tree:
        measure = typed.one("measure")
        if measure not in self.measures:
            typed.complain("measure", _("Choose what to measure."))
        compared = AmountOperand().read(typed)
        if typed.one("some") and not typed.errors and self.leaves_out(measure, typed):
            compared = some_of(compared, typed)
        return {
            "kind": self.kind,
            "measure": measure,
            **compared,
            **ConditionsInput(self.parameters(typed)).read(typed),
            **WindowInput().read(typed),
        }

    @override
    def write(self, criterion: Tree) -> Values:
        return {
            "what": [self.kind],
            "measure": [criterion["measure"]],
            **AmountOperand().write(criterion),
            **WindowInput().write(criterion),
            **ConditionsInput.write(criterion),
        }

    def about_none(self, measure: str, typed: Typed) -> list[Control]:
        if measure not in self.with_none or not holds_for_none(typed):
            return []
        if self.leaves_out(measure, typed):
            return at_least_one(typed)
        return [Control("none", "words", _("includes people with none"))]

    def leaves_out(self, measure: str, typed: Typed) -> bool:
        """Whether the comparison itself can leave out those with none."""
        return measure in self.counts and AmountOperand().operator(typed) in ("ne", "lt", "lte", "not_in")


class OrderForm(MeasuredForm):
    """Numbers and totals of orders."""

    kind = "order"
    icon = "shopping-bag"
    measures: ClassVar = {
        "count": pgettext_lazy("of orders", "number of orders"),
        "sum": pgettext_lazy("of orders", "total spent"),
        "avg": pgettext_lazy("of orders", "average order"),
        "max": pgettext_lazy("of orders", "largest order"),
        "min": pgettext_lazy("of orders", "smallest order"),
    }
    counts: ClassVar = ("count",)
    with_none: ClassVar = ("count", "sum")

    @override
    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("order", _("Orders"), _("Orders"))]

    @override
    def parameters(self, typed: Typed) -> Parameters:
        return {
            **came_from(),
            "status": statuses(),
            "currency": TypedParameter(_("currency"), "text"),
            "total": TypedParameter(_("order total"), "number"),
        }

    @override
    def controls(self, typed: Typed) -> list[Control]:
        return [*super().controls(typed), *PickInput().controls(typed)]

    @override
    def read(self, typed: Typed) -> Tree:
        criterion = {**super().read(typed), **PickInput.read(typed)}
        typed.finish()
        return criterion

    @override
    def write(self, criterion: Tree) -> Values:
        return {**super().write(criterion), **PickInput.write(criterion)}

    @override
    def about_none(self, measure: str, typed: Typed) -> list[Control]:
        return [] if PickInput().chosen(typed) else super().about_none(measure, typed)


class PurchaseForm(MeasuredForm):
    """What was in the orders."""

    kind = "purchase"
    icon = "shopping-cart"
    measures: ClassVar = {
        "amount": pgettext_lazy("of products bought", "amount spent"),
        "quantity": pgettext_lazy("of products bought", "number of pieces"),
        "orders": pgettext_lazy("of products bought", "number of orders"),
    }
    counts: ClassVar = ("orders",)
    with_none: ClassVar = ("amount", "quantity", "orders")

    @override
    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("purchase", _("Products bought"), _("Orders"))]

    @override
    def parameters(self, typed: Typed) -> Parameters:
        return {
            "product": TypedParameter(_("product"), "text"),
            "name": TypedParameter(_("product name"), "text"),
            "category": TypedParameter(_("product category"), "text"),
            "brand": TypedParameter(_("brand"), "text"),
            "price": TypedParameter(_("price"), "number"),
            "status": statuses(),
        }

    @override
    def read(self, typed: Typed) -> Tree:
        criterion = super().read(typed)
        typed.finish()
        return criterion


class OrderDateForm(FormPart):
    """The first and the last order are subjects of their own."""

    kind = "order_date"
    icon = "calendar"

    @override
    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [
            Subject("order_date:first", _("Date of the first order"), _("Orders")),
            Subject("order_date:last", _("Date of the last order"), _("Orders")),
        ]

    @override
    def controls(self, typed: Typed) -> list[Control]:
        return MomentOperand(times=True).controls(typed)

    @override
    def read(self, typed: Typed) -> Tree:
        which = self.detail(typed)
        if which not in ("first", "last"):
            typed.complain("what", _("Choose what to look at."))
            typed.finish()
        criterion = {"kind": "order_date", "which": which, **MomentOperand(times=True).read(typed)}
        typed.finish()
        return criterion

    @override
    def write(self, criterion: Tree) -> Values:
        return {"what": [f"order_date:{criterion['which']}"], **MomentOperand(times=True).write(criterion)}


def statuses() -> TypedParameter:
    """The status of an order: asked for, it decides which orders count."""
    return TypedParameter(_("order status"), "choice", [Option(key, str(label)) for key, label in OrderStatus.choices])


def holds_for_none(typed: Typed) -> bool:
    """Whether the comparison may hold for 0; a number that can't be read yet may be any."""
    part = Typed(typed.values, typed.choices)
    op = AmountOperand().operator(part)
    value = AmountOperand().value(op, part)
    if part.errors:
        return op in WITH_NONE
    match op:
        case "between":
            return bool(value["from"] <= 0 <= value["to"])
        case "in" | "not_in":
            return bool((0 in value) == (op == "in"))
    return bool(
        {"eq": value == 0, "ne": value != 0, "lt": value > 0, "lte": value >= 0, "gt": value < 0}.get(op, value <= 0)
    )
