"""What contacts are told apart by: columns of their own and attributes, in values or in steps, each a set of contacts.

A part of a dimension has a name for addresses: `v.Warszawa`, `n.10:20`, `d.2026-01-01:2026-01-31`, `none`; other values
than those that are told: `other.Warszawa|Kraków`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.templatetags.numbers import number
from contacts.models import Attribute, AttributeType, Status
from insights.statistics.calendars import begins_short, stretch_name
from mirror.kinds import CONTACT, Column, attribute_columns
from segmentation.builder.distribution import told
from segmentation.criteria.field import FIELDS
from segmentation.criteria.times import DAY, shift

NONE, OTHER = "none", "other"
LONGEST = 120  # letters of a text that an address names; a longer value has no list
LONGEST_REST = 2_000  # signs of an address with all values told, to list whoever has another one
DIGITS = 20  # of a number in an address; the language takes fewer
AGES = ((1, "month"), (3, "month"), (6, "month"), (1, "year"), (2, "year"), (3, "year"))
TOLD = r"(?:[^\\|]|\\[\\|])+"  # a value in an address, in which `|` stands between values
SIGN, BEFORE_SIGN = r"[\\|]", r"\\\g<0>"

Days = tuple[date | None, date | None]


@dataclass(frozen=True)
class Dimension:
    """`type`: of an attribute, or `text` without its folded column, `age`. `about`: the criterion without a condition.

    `options`: the values there can be, in the order in which they are declared.
    """

    key: str
    type: str
    columns: tuple[Column, ...]
    about: tuple[tuple[str, str], ...]
    title: str = ""
    options: tuple[str, ...] = ()
    retired: bool = False

    @property
    def name(self) -> str:
        """What it is called in the reader's language."""
        if self.title:
            return self.title
        if self.type == "age":
            return pgettext("since when somebody is a contact", "Time in the account")
        return str(capfirst(str(FIELDS[self.key].name)))

    @property
    def value(self) -> str:
        """The column with the values."""
        return self.columns[0].name

    @property
    def attribute(self) -> bool:
        return bool(self.title)

    # --- parts -----------------------------------------------------------------------------------------------
    def criteria(self, part: str) -> dict[str, Any] | None:
        """The criteria that exactly the contacts of a part satisfy; None: there is no such part."""
        conditions = self._conditions(part)
        nodes = [dict(self.about) | condition for condition in conditions or ()]
        return {"all": nodes} if len(nodes) > 1 else nodes[0] if nodes else None

    def _conditions(self, part: str) -> list[dict[str, Any]] | None:
        what, _dot, rest = part.partition(".")
        if part == NONE:
            return [{"op": "is_not_set"}]
        match what, self.type:
            case "v" | "other", "text" if rest:
                return [{"op": "eq", "value": rest}] if what == "v" else _other_than(rest)
            case "v", "choice" if rest in self.options:
                return [{"op": "eq", "value": rest}]
            case "v", "choices" if rest in self.options:
                return [{"op": "any", "value": [rest]}]
            case "v", "boolean" if rest in ("yes", "no"):
                return [{"op": "is_true" if rest == "yes" else "is_false"}]
            case "n", "number":
                return self._between(rest)
            case "d", "date" | "datetime" | "age":
                return self._on(rest)
        return None

    @staticmethod
    def _between(text: str) -> list[dict[str, Any]] | None:
        low, _colon, high = text.partition(":")
        try:
            bounds = [(op, Decimal(bound)) for op, bound in (("gte", low), ("lt", high)) if bound]
        except InvalidOperation:
            return None
        if not bounds or not all(bound.is_finite() and abs(bound.adjusted()) < DIGITS for _op, bound in bounds):
            return None
        return [{"op": op, "value": written(bound)} for op, bound in bounds]

    @staticmethod
    def _on(text: str) -> list[dict[str, Any]] | None:
        try:
            first, last = days_in(text)
            if first is None:
                return None if last is None else [{"op": "before", "value": (last + DAY).isoformat()}]
            if last is None:
                return [{"op": "after", "value": (first - DAY).isoformat()}]
        except (ValueError, OverflowError):
            return None
        return [{"op": "between", "value": {"from": first.isoformat(), "to": last.isoformat()}}]

    # --- in words --------------------------------------------------------------------------------------------
    def label(self, part: str, place: int = 0, *, whole: bool = True) -> str:
        """What a part is called. `place`: of an age, among its like; `whole`: there are whole numbers only."""
        what, _dot, rest = part.partition(".")
        if part == NONE:
            return pgettext("contacts without a value", "no value")
        if what == OTHER:
            return pgettext("values of contacts", "other values")
        match what, self.type:
            case "d", "age":
                return ages()[place]
            case "d", _type:
                return stretch_name(days_in(rest))
            case "n", _type:
                return stretch_of_numbers(rest, whole=whole)
            case "v", "boolean":
                return _("Yes") if rest == "yes" else _("No")
        return str(Status(rest).label) if self.key == "status" and rest in Status.values else rest

    def short(self, part: str) -> str:
        """Where a step begins, for an axis."""
        what, _dot, rest = part.partition(".")
        first, _colon, last = rest.partition(":")
        if what == "n":
            return f"{told(Decimal(first))}{'' if last else '+'}" if first else ""
        if what != "d" or self.type == "age":
            return ""
        if not first:
            return f"< {begins_short(date.fromisoformat(last) + DAY)}"
        return f"{begins_short(date.fromisoformat(first))}{'' if last else '+'}"


def written(value: Decimal) -> int | float:
    """As criteria have it."""
    return int(value) if value == value.to_integral_value() else float(value)


def days_in(text: str) -> Days:
    """`FIRST:LAST`, each may be empty: open. Raises: ValueError."""
    first, _colon, last = text.partition(":")
    return (date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)


def days_named(days: Days) -> str:
    """The part of these days."""
    first, last = days
    return f"d.{first.isoformat() if first else ''}:{last.isoformat() if last else ''}"


def stretch_of_numbers(text: str, *, whole: bool) -> str:
    """ "10–19" of whole numbers, "10–20" of others; the last one may be open."""
    low, high = (Decimal(bound) if bound else None for bound in text.split(":"))
    if low is None:
        return _("less than %(high)s") % {"high": number(high)}
    if high is None:
        return _("%(low)s or more") % {"low": told(low)}
    last = high - 1 if whole else high
    between = "\N{NO-BREAK SPACE}\N{EN DASH} " if low < 0 else "\N{EN DASH}"  # apart from a minus
    return told(low) if last == low else f"{told(low)}{between}{told(last)}"


def ages() -> list[str]:
    """How long somebody has been in the account, from the newest on."""
    return [
        _("up to 1 month"),
        _("1 to 3 months"),
        _("3 to 6 months"),
        _("6 to 12 months"),
        _("1 to 2 years"),
        _("2 to 3 years"),
        _("over 3 years"),
    ]


def age_days(today: date) -> list[Days]:
    """The days on which those of each age came in, from the newest on; none is outside, whatever the calendar."""
    edges = [shift(today, -count, unit) for count, unit in AGES]
    starts: list[date | None] = [edge + DAY for edge in edges]
    return list(zip([*starts, None], [None, *edges], strict=True))


# --- other values ----------------------------------------------------------------------------------------------
def other_than(values: Sequence[str]) -> str:
    """The part of whoever has a value that is none of these, which are told beside it.

    It names them: those most frequent in a list are not those of everybody, of whom an address might be read.
    """
    return f"{OTHER}.{'|'.join(re.sub(SIGN, BEFORE_SIGN, value) for value in values)}"


def _other_than(text: str) -> list[dict[str, Any]] | None:
    """The conditions of a part that `other_than` named; None, if it did not name this."""
    if not re.fullmatch(rf"{TOLD}(\|{TOLD})*", text):
        return None
    values = [re.sub(r"\\(.)", r"\1", value) for value in re.findall(TOLD, text)]
    return [{"op": "is_set"}, {"op": "not_in", "value": values}]


# --- what there is ---------------------------------------------------------------------------------------------
def own() -> list[Dimension]:
    """A contact's own columns that say something of many."""
    return [
        Dimension("status", "choice", _own("status"), _field("status"), options=tuple(Status.values)),
        Dimension("lead_score", "number", _own("lead_score"), _field("lead_score")),
        Dimension("source", "text", _own("source", "source_f"), _field("source")),
        Dimension("age", "age", _own("created_at"), _field("created_at")),
    ]


def of_attributes(attributes: Iterable[Attribute]) -> list[Dimension]:
    """One for each."""
    return [
        Dimension(
            f"a{attribute.pk}",
            AttributeType(attribute.type).value,
            tuple(attribute_columns(attribute)),
            (("kind", "attribute"), ("attribute", attribute.key)),
            attribute.name,
            tuple(attribute.options),
            attribute.retired_at is not None,
        )
        for attribute in attributes
    ]


def dimension(key: str) -> Dimension | None:
    """The one of that key, if there is one."""
    if key.startswith("a") and key[1:].isascii() and key[1:].isdecimal() and len(key) < 10:
        return next(iter(of_attributes(Attribute.objects.filter(pk=int(key[1:])))), None)
    return next((one for one in own() if one.key == key), None)


def _own(*names: str) -> tuple[Column, ...]:
    return tuple(CONTACT.column(name) for name in names)


def _field(name: str) -> tuple[tuple[str, str], ...]:
    return (("kind", "field"), ("field", name))
