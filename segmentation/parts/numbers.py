"""Numbers as people type them, as JSON writes them."""

import re

from django.utils.translation import gettext as _

from segmentation.parts.base import Typed

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?", re.ASCII)
BLANKS = re.compile(r"[\s\u00a0\u202f]+")


def number(text: str, name: str, typed: Typed) -> int | float:
    """A number as typed: blanks between digits and a decimal comma are understood."""
    digits = BLANKS.sub("", text).replace("\u2212", "-")
    if not NUMBER.fullmatch(digits):
        typed.complain(name, _("Type a number.") if not digits else _("“%(text)s” is no number.") % {"text": text[:40]})
        return 0
    point = digits.replace(",", ".")
    if re.fullmatch(r"[+-]?\d+", point):
        if len(point) > 40:
            typed.complain(name, _("This number is too long."))
            return 0
        return int(point)
    value = float(point)
    if len(point) > 40 or value in (float("inf"), float("-inf")):
        typed.complain(name, _("This number is too long."))
    return value


def whole(typed: Typed, name: str) -> int:
    """A whole number."""
    value = number(typed.one(name), name, typed)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, float):
        typed.complain(name, _("Type a whole number."))
        return 0
    return value


def written(value: float) -> str:
    """A number of JSON as it stands in an input."""
    return repr(value)
