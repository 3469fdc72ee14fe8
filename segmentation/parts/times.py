"""Inputs for how often something happened, and which of the times is meant."""

from dataclasses import dataclass
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from segmentation.parts.base import Control, Option, Tree, Typed, Values, renamed, together
from segmentation.parts.operands import NumberOperand

PREFIX = "times_"
TIMES = {
    "": pgettext_lazy("how often", "at least once"),
    "never": pgettext_lazy("how often", "never"),
    "gte": pgettext_lazy("how often", "at least"),
    "lte": pgettext_lazy("how often", "at most"),
    "gt": pgettext_lazy("how often", "more than"),
    "lt": pgettext_lazy("how often", "fewer than"),
    "eq": pgettext_lazy("how often", "exactly"),
    "ne": pgettext_lazy("how often", "not exactly"),
    "between": pgettext_lazy("how often", "from … to"),
    "in": pgettext_lazy("how often", "one of the numbers"),
    "not_in": pgettext_lazy("how often", "none of the numbers"),
}
NEVER = {"op": "eq", "value": 0}
WITH_NONE = ("lt", "lte", "ne", "not_in")  # they hold for nobody's nothing too, unless it is left out


class TimesInput:
    """The `times` of a criterion."""

    def controls(self, typed: Typed) -> list[Control]:
        part = typed.within(PREFIX)
        op = part.one("op") if part.one("op") in TIMES else ""
        options = [Option(key, str(label)) for key, label in TIMES.items()]
        controls = [Control("op", "select", _("how often"), [op], options, refreshes=True)]
        if op not in ("", "never"):
            counted = NumberOperand(about="times")
            controls += [*counted.inputs(op, part), Control("times", "words", _("times"))]
        return renamed(together(controls), PREFIX)

    @staticmethod
    def never(typed: Typed) -> bool:
        """Whether it is asked for who has done it not once."""
        return typed.within(PREFIX).one("op") == "never"

    def offers(self, typed: Typed) -> list[Control]:
        """What follows the other inputs where people with none are included: a line that offers to leave them out."""
        part = typed.within(PREFIX)
        return renamed(at_least_one(part), PREFIX) if part.one("op") in WITH_NONE else []

    def read(self, typed: Typed) -> Tree:
        """`{"times": …}`, or nothing for at least once."""
        part = typed.within(PREFIX)
        op = part.one("op")
        if op in ("", "never"):
            return {"times": dict(NEVER)} if op else {}
        if op not in TIMES:
            part.complain("op", _("Choose how often."))
        value = NumberOperand().value(op, part) if op in NumberOperand.labels else 0
        times = {"op": op, "value": value}
        if op in WITH_NONE and part.one("some") and not part.errors:
            times = some_of(times, part)
        typed.complain_within(PREFIX, part)
        return {"times": times}

    @staticmethod
    def write(criterion: Tree) -> Values:
        """What stands in the fields for the `times` of a criterion."""
        times = criterion.get("times")
        if times is None:
            return {f"{PREFIX}op": [""]}
        if times["op"] == "eq" and isinstance(times["value"], int) and times["value"] == 0:
            return {f"{PREFIX}op": ["never"]}
        fields = {"op": [times["op"]], **NumberOperand().fields(times["op"], times["value"])}
        return {PREFIX + name: texts for name, texts in fields.items()}


def at_least_one(typed: Typed) -> list[Control]:
    """Says that people with none are included, and offers to leave them out: the field `some`."""
    chosen = typed.one("some")
    box = Control("some", "check", _("and at least one"), [chosen] if chosen else [], refreshes=True)
    said = [] if chosen else [Control("none", "words", _("– otherwise people with none are included"))]
    return [Control("line", "line"), box, *said]


def some_of(times: Tree, typed: Typed) -> Tree:
    """The same numbers without 0, in one comparison of the language."""
    op, value = times["op"], times["value"]
    if op in ("lt", "lte"):
        most = value if op == "lte" else ceil(value) - 1
        if most < 1:
            typed.complain("value", _("Nobody can be left: type a larger number."))
        return {"op": "between", "value": {"from": 1, "to": most}}
    return {"op": "not_in", "value": [0, *(one for one in (value if op == "not_in" else [value]) if one)]}


PICKS = {
    "": gettext_lazy("any of them counts"),
    "first": gettext_lazy("only the very first of all counts"),
    "last": gettext_lazy("only the very last of all counts"),
    "only": gettext_lazy("all of them must fit"),
}


@dataclass(frozen=True)
class PickInput:
    """The `pick` of a criterion."""

    def controls(self, typed: Typed, *, never: bool = False) -> list[Control]:
        """The choice. `never`: of what did not happen there is none to pick; only what was picked before can go."""
        if never and not self.chosen(typed):
            return []
        picks = PICKS | {"": pgettext("which of them counts, of none", "there is none")} if never else PICKS
        options = [Option(key, str(label)) for key, label in picks.items()]
        return [Control("pick", "select", _("which of them"), [self.chosen(typed)], options, refreshes=True)]

    @staticmethod
    def chosen(typed: Typed) -> str:
        """The key of PICKS that is chosen; empty: any."""
        return typed.one("pick") if typed.one("pick") in PICKS else ""

    @staticmethod
    def read(typed: Typed) -> Tree:
        """`{"pick": …}`, or nothing for any."""
        pick = typed.one("pick")
        if pick not in PICKS:
            typed.complain("pick", _("Choose which of them counts."))
        return {"pick": pick} if pick else {}

    @staticmethod
    def write(criterion: Tree) -> Values:
        pick = criterion.get("pick", "any")
        return {"pick": ["" if pick == "any" else pick]}
