"""Inputs for `where`: conditions on one row, one below the other. The fields of each begin with a letter of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from segmentation.parts.base import Control, Option, Tree, Typed, TypedParameter, Values, renamed
from segmentation.parts.operands import Operand, operand_for

ROWS = "abcdefgh"  # as many as the language takes
DATED = ("on", "before", "after", "between", "last", "next", "ago", "anniversary")


def prefix(letter: str) -> str:
    """What the names of a row's fields begin with."""
    return f"where_{letter}_"


def used(values: Values) -> list[str]:
    """The letters of the rows in which something is chosen, in their order.

    A row that does not say what it asks about counts too, so that it is refused; one that says nothing is to go.
    """
    return [letter for letter in ROWS if _stands(values, prefix(letter))]


def _stands(values: Values, start: str) -> bool:
    asked = values.get(f"{start}param")
    return bool(asked[0]) if asked else any(name.startswith(start) for name in values)


@dataclass(frozen=True)
class ConditionsInput:
    """The `where` of a criterion; `parameters`: what can be asked. The empty row at the end adds another.

    about: of which rows, where their values can be looked at: "visit", "activity:page_view".
    """

    parameters: Mapping[str, TypedParameter]
    about: str = ""

    def controls(self, typed: Typed) -> list[Control]:
        """Each condition on a line of its own, then the select that begins the next."""
        rows = used(typed.values)
        controls: list[Control] = []
        for number, letter in enumerate(rows):
            lead = _("and") if number else pgettext("before conditions on one row", "where")
            controls += [
                Control("line", "line", lead),
                *renamed(self._row(typed.within(prefix(letter))), prefix(letter)),
            ]
        if self.parameters and (letter := self._next(rows)):
            adding = pgettext("one more condition on the same row", "+ condition")
            options = [Option("", adding), *self._names()]
            control = Control("param", "select", _("one more condition"), [""], options, refreshes=True, size="adding")
            controls += [Control("line", "line"), *renamed([control], prefix(letter))]
        return controls

    def read(self, typed: Typed) -> Tree:
        """`{"where": […]}`, or nothing without conditions."""
        where = []
        for letter in used(typed.values):
            part = typed.within(prefix(letter))
            where.append(self._condition(part))
            typed.complain_within(prefix(letter), part)
        return {"where": where} if where else {}

    @staticmethod
    def write(criterion: Tree) -> Values:
        """What stands in the fields for the `where` of a criterion."""
        values: Values = {}
        for letter, condition in zip(ROWS, criterion.get("where", []), strict=False):
            fields = {"param": [condition["param"]], **held(condition).write(condition)}
            values |= {prefix(letter) + name: texts for name, texts in fields.items()}
        return values

    def _row(self, typed: Typed) -> list[Control]:
        key = typed.one("param")
        options = [Option("", pgettext("a condition", "(remove)")), *self._names()]
        controls = [Control("param", "select", _("what of it"), [key], options, refreshes=True)]
        known = self.parameters.get(key)
        if known is None:
            return controls
        about = f"{self.about}:{key}" if self.about else ""
        asked = operand_for(known.type, known.options, about).controls(typed)
        for control in asked:
            if control.label and control.type != "words":
                control.label = f"{known.label}: {control.label}"
        return controls + asked

    def _condition(self, typed: Typed) -> Tree:
        key = typed.one("param")
        known = self.parameters.get(key)
        if known is None:
            typed.complain("param", _("There is no such parameter any more. Choose another, or remove this."))
            return {}
        return {"param": key, **operand_for(known.type, known.options).read(typed)}

    def _names(self) -> list[Option]:
        return [Option(key, known.label) for key, known in self.parameters.items()]

    @staticmethod
    def _next(rows: list[str]) -> str:
        """The row after the last, so that no other moves; once the letters are used up the first that is free."""
        later = [letter for letter in ROWS if not rows or letter > rows[-1]]
        return next((letter for letter in [*later, *ROWS] if letter not in rows), "")


def held(condition: Tree) -> Operand:
    """The inputs that hold a condition's value, told by its shape: of which type the parameter is now is not asked."""
    value = condition.get("value")
    first = value[0] if isinstance(value, list) else value.get("from", value) if isinstance(value, dict) else value
    number = isinstance(first, int | float) and not isinstance(first, bool)
    return operand_for("number" if number else "datetime" if condition["op"] in DATED else "text")
