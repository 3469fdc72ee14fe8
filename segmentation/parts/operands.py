"""Inputs for a value of each type: which operators, which inputs for an operator, read and written exactly.

Named after the language's types of values; that the operators are the language's is held by a test.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from segmentation.parts.base import Control, Option, Tree, Typed, Values, together
from segmentation.parts.moments import MomentInput, WindowLength
from segmentation.parts.numbers import number, whole, written

WITHOUT_VALUE = ("is_set", "is_not_set", "is_true", "is_false")


class Operand(ABC):
    """The operator and value of one type."""

    labels: ClassVar[dict[str, Any]]  # operator -> what it is called in the list
    options: Sequence[Option] = ()
    about: str = ""  # whose values these are, where they can be looked at: "attribute:city", "visit:utm_source"

    def operator(self, typed: Typed) -> str:
        """The chosen operator, or the first if it does not fit this type (any more)."""
        return typed.among("op", self.labels)

    def controls(self, typed: Typed) -> list[Control]:
        """The operator, and the inputs that it takes."""
        op = self.operator(typed)
        operators = [Option(key, str(label)) for key, label in self.labels.items()]
        controls = [Control("op", "select", _("condition"), [op], operators, refreshes=True)]
        return controls if op in WITHOUT_VALUE else [*controls, *self.inputs(op, typed)]

    def read(self, typed: Typed) -> Tree:
        """`{"op": …}` with its `value`; what is missing is complained of in `typed`."""
        op = typed.one("op")
        if op not in self.labels:
            typed.complain("op", _("Choose a condition."))
            return {}
        return {"op": op} if op in WITHOUT_VALUE else {"op": op, "value": self.value(op, typed)}

    def write(self, criterion: Tree) -> Values:
        """What stands in the fields."""
        op = criterion["op"]
        return {"op": [op]} if "value" not in criterion else {"op": [op], **self.fields(op, criterion["value"])}

    @abstractmethod
    def inputs(self, op: str, typed: Typed) -> list[Control]:
        """The inputs after an operator that takes a value."""

    @abstractmethod
    def value(self, op: str, typed: Typed) -> Any:
        """The `value` of an operator, from its inputs."""

    @abstractmethod
    def fields(self, op: str, value: Any) -> Values:
        """The inputs' contents for a `value`."""


class TextOperand(Operand):
    """Texts, taken as typed."""

    labels: ClassVar = {
        "eq": pgettext_lazy("operator", "is"),
        "ne": pgettext_lazy("operator", "is not"),
        "in": pgettext_lazy("operator", "is one of"),
        "not_in": pgettext_lazy("operator", "is none of"),
        "contains": pgettext_lazy("operator", "contains"),
        "not_contains": pgettext_lazy("operator", "does not contain"),
        "starts_with": pgettext_lazy("operator", "starts with"),
        "ends_with": pgettext_lazy("operator", "ends with"),
        "matches": pgettext_lazy("operator", "matches the pattern"),
        "is_set": pgettext_lazy("operator", "is set"),
        "is_not_set": pgettext_lazy("operator", "is not set"),
    }

    def inputs(self, op: str, typed: Typed) -> list[Control]:
        if op in {"in", "not_in"}:
            hint = _("a value, then Enter")
            return [Control("value", "chips", _("values"), typed.many("value"), hint=hint, seen=self.about)]
        values = [typed.one("value")]
        hint = _("A regular expression, found anywhere in the text; case does not matter") if op == "matches" else ""
        seen = self.about if op in ("eq", "ne") else ""  # of a part of a text whole ones are no suggestion
        return [Control("value", "text", _("value"), values, hint=hint, seen=seen)]

    def value(self, op: str, typed: Typed) -> Any:
        if op in {"in", "not_in"}:
            return some(typed, "value")
        text = typed.one("value")
        if not text:
            typed.complain("value", _("Type a value."))
        return text

    def fields(self, op: str, value: Any) -> Values:
        return {"value": list(value) if isinstance(value, list) else [value]}


class NumberOperand(Operand):
    """Numbers, with a comma or a point, as exact as they are typed."""

    def __init__(self, *, about: str = "") -> None:
        self.about = about

    labels: ClassVar = {
        "eq": pgettext_lazy("operator", "is"),
        "ne": pgettext_lazy("operator", "is not"),
        "gt": pgettext_lazy("operator", "more than"),
        "gte": pgettext_lazy("operator", "at least"),
        "lt": pgettext_lazy("operator", "less than"),
        "lte": pgettext_lazy("operator", "at most"),
        "between": pgettext_lazy("operator", "from … to"),
        "in": pgettext_lazy("operator", "is one of"),
        "not_in": pgettext_lazy("operator", "is none of"),
        "is_set": pgettext_lazy("operator", "is set"),
        "is_not_set": pgettext_lazy("operator", "is not set"),
    }

    def controls(self, typed: Typed) -> list[Control]:
        return together(super().controls(typed))

    def inputs(self, op: str, typed: Typed) -> list[Control]:
        if op in {"in", "not_in"}:
            return [
                Control(
                    "value", "chips", _("values"), typed.many("value"), numeric=True, hint=_("a number, then Enter")
                )
            ]
        if op == "between":
            return [
                Control("from", "number", _("from"), [typed.one("from")]),
                Control("between", "words", "–"),
                Control("to", "number", _("to"), [typed.one("to")], spread=bool(self.about)),
            ]
        return [Control("value", "number", _("value"), [typed.one("value")], spread=bool(self.about))]

    def value(self, op: str, typed: Typed) -> Any:
        if op in {"in", "not_in"}:
            return [number(text, "value", typed) for text in some(typed, "value")]
        if op == "between":
            return {name: number(typed.one(name), name, typed) for name in ("from", "to")}
        return number(typed.one("value"), "value", typed)

    def fields(self, op: str, value: Any) -> Values:
        if op == "between":
            return {name: [written(value[name])] for name in ("from", "to")}
        return {"value": [written(one) for one in (value if isinstance(value, list) else [value])]}


class BooleanOperand(Operand):
    """Yes or no: the operator says it all."""

    labels: ClassVar = {
        "is_true": pgettext_lazy("operator", "is yes"),
        "is_false": pgettext_lazy("operator", "is no"),
        "is_set": pgettext_lazy("operator", "is set"),
        "is_not_set": pgettext_lazy("operator", "is not set"),
    }

    def inputs(self, op: str, typed: Typed) -> list[Control]:
        raise NotImplementedError(op)

    def value(self, op: str, typed: Typed) -> Any:
        raise NotImplementedError(op)

    def fields(self, op: str, value: Any) -> Values:
        raise NotImplementedError(op)


class ChoiceOperand(Operand):
    """One of the options of a definition."""

    labels: ClassVar = {
        "eq": pgettext_lazy("operator", "is"),
        "ne": pgettext_lazy("operator", "is not"),
        "in": pgettext_lazy("operator", "is one of"),
        "not_in": pgettext_lazy("operator", "is none of"),
        "is_set": pgettext_lazy("operator", "is set"),
        "is_not_set": pgettext_lazy("operator", "is not set"),
    }

    def inputs(self, op: str, typed: Typed) -> list[Control]:
        if op in {"in", "not_in"}:
            return [Control("value", "pick", _("values"), typed.many("value"), self.options)]
        return [Control("value", "select", _("value"), [typed.one("value")], self.options)]

    def value(self, op: str, typed: Typed) -> Any:
        if op in {"in", "not_in"}:
            return some(typed, "value")
        return typed.required("value", _("Choose a value."))

    def fields(self, op: str, value: Any) -> Values:
        return {"value": list(value) if isinstance(value, list) else [value]}


class ChoicesOperand(Operand):
    """Several of the options of a definition."""

    labels: ClassVar = {
        "any": pgettext_lazy("operator", "has any of"),
        "all": pgettext_lazy("operator", "has all of"),
        "none": pgettext_lazy("operator", "has none of"),
        "is_set": pgettext_lazy("operator", "is set"),
        "is_not_set": pgettext_lazy("operator", "is not set"),
    }

    def inputs(self, op: str, typed: Typed) -> list[Control]:
        return [Control("value", "pick", _("values"), typed.many("value"), self.options)]

    def value(self, op: str, typed: Typed) -> Any:
        return some(typed, "value")

    def fields(self, op: str, value: Any) -> Values:
        return {"value": list(value)}


class MomentOperand(Operand):
    """Days; with `times`, instants, where a time of day may be given."""

    labels: ClassVar = {
        "on": pgettext_lazy("operator", "is on"),
        "before": pgettext_lazy("operator", "is before"),
        "after": pgettext_lazy("operator", "is after"),
        "between": pgettext_lazy("operator", "is between"),
        "last": pgettext_lazy("operator", "in the last"),
        "next": pgettext_lazy("operator", "in the next"),
        "ago": format_lazy("{}…", pgettext_lazy("operator", "exactly so long ago")),
        "anniversary": pgettext_lazy("operator", "has its anniversary"),
        "is_set": pgettext_lazy("operator", "is set"),
        "is_not_set": pgettext_lazy("operator", "is not set"),
    }

    def __init__(self, *, times: bool) -> None:
        self.times = times

    def inputs(self, op: str, typed: Typed) -> list[Control]:
        if op == "between":
            start, end = MomentInput("from", times=self.times), MomentInput("to", times=self.times)
            return [*start.controls(typed, _("from")), Control("and", "words", "–"), *end.controls(typed, _("to"))]
        if op in {"last", "next", "ago"}:
            return WindowLength(hours=self.times and op != "ago").controls(typed)
        if op == "anniversary":
            return anniversary_controls(typed)
        return MomentInput("value", times=self.times and op != "on").controls(typed, _("date"))

    def value(self, op: str, typed: Typed) -> Any:
        if op == "between":
            return {name: MomentInput(name, times=self.times).read(typed) for name in ("from", "to")}
        if op in {"last", "next", "ago"}:
            count, unit = WindowLength(hours=self.times and op != "ago").read(typed)
            return {"n": count, "unit": unit}
        if op == "anniversary":
            return read_anniversary(typed)
        return MomentInput("value", times=self.times and op != "on").read(typed)

    def fields(self, op: str, value: Any) -> Values:
        if op == "between":
            return MomentInput("from").write(value["from"]) | MomentInput("to").write(value["to"])
        if op in {"last", "next", "ago"}:
            return {"n": [str(value["n"])], "unit": [value["unit"]]}
        if op == "anniversary":
            (when, days), *_rest = value.items()
            return {"when": [when]} if when == "on" else {"when": [when], "n": [str(days)]}
        return MomentInput("value").write(value)


def operand_for(type_: str, options: Sequence[Option] = (), about: str = "") -> Operand:
    """The inputs for values of a type; `options`: what choices are made from; `about`: whose values they are."""
    if type_ in ("date", "datetime"):
        return MomentOperand(times=type_ == "datetime")
    operand = OPERANDS[type_]()
    operand.options = options
    operand.about = about
    return operand


OPERANDS: dict[str, type[Operand]] = {
    "text": TextOperand,
    "url": TextOperand,
    "number": NumberOperand,
    "boolean": BooleanOperand,
    "choice": ChoiceOperand,
    "choices": ChoicesOperand,
}


# --- pieces --------------------------------------------------------------------------------------------------
ANNIVERSARY = {
    "on": gettext_lazy("today"),
    "in_next": gettext_lazy("in the next"),
    "in_last": gettext_lazy("in the last"),
}


def anniversary_controls(typed: Typed) -> list[Control]:
    when = typed.among("when", ANNIVERSARY)
    options = [Option(key, str(label)) for key, label in ANNIVERSARY.items()]
    controls = [Control("when", "select", _("when"), [when], options, refreshes=True)]
    if when != "on":
        controls += [
            Control("n", "number", _("number of days"), [typed.one("n")]),
            Control("days", "words", _("days, today counted")),
        ]
    return controls


def read_anniversary(typed: Typed) -> Tree:
    when = typed.one("when", "on")
    if when not in ANNIVERSARY:
        typed.complain("when", _("Choose when."))
    return {"on": "today"} if when == "on" else {when: whole(typed, "n")}


def some(typed: Typed, name: str) -> list[str]:
    """The values of a field that needs at least one."""
    values = typed.many(name)
    if not values:
        typed.complain(name, _("Choose or type at least one value."))
    return values
