"""Numbers: decimals throughout, so that 0.1 is 0.1."""

from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from typing_extensions import override

from segmentation.criteria import limits
from segmentation.criteria.errors import RefusedError, within
from segmentation.criteria.values.base import ValueType, keyed, listed
from segmentation.criteria.where import Column, Where, marks
from segmentation.criteria.words import Sentence, Words, phrase

EXPECTED = gettext_noop("A number is expected here.")
TOO_LONG = gettext_noop("This number is too long: at most {limit} digits.")


class Between(NamedTuple):
    """Both ends belong to it."""

    low: Decimal
    high: Decimal


def exact(value: Any) -> Decimal:
    """The number that was written: a float of at most 15 digits is told by its shortest text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RefusedError(EXPECTED)
    if isinstance(value, int) and abs(value) >= 10**limits.DIGITS:  # before its text is made: that takes time
        raise RefusedError(TOO_LONG, limit=limits.DIGITS)
    return _bounded(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))


def exact_literal(digits: str) -> Decimal:
    """The number a JSON text spells."""
    if len(digits) > 3 * limits.DIGITS:
        raise RefusedError(TOO_LONG, limit=limits.DIGITS)
    try:
        return _bounded(Decimal(digits))
    except InvalidOperation:
        raise RefusedError(EXPECTED) from None


def _bounded(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise RefusedError(EXPECTED)
    if not number:
        return Decimal(0)
    # The magnitude first: arithmetic on 1e999999999 overflows.
    if (
        not -limits.DIGITS <= number.adjusted() < limits.DIGITS
        or len(number.normalize().as_tuple().digits) > limits.DIGITS
    ):
        raise RefusedError(TOO_LONG, limit=limits.DIGITS)
    return number


class Number(ValueType):
    """Whole or decimal numbers. Comparisons never hold for a missing one."""

    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "not_in", "is_set", "is_not_set")

    @override
    def operand(self, op: str, value: Any) -> Any:
        if op == "in":
            return listed(value, exact)
        if op == "between":
            low, high = keyed(value, required=("from", "to"))
            between = Between(within("value.from", exact, low), within("value.to", exact, high))
            if between.low > between.high:
                raise RefusedError(gettext_noop("The end lies before the start."), at="value")
            return between
        return within("value", exact, value)

    @override
    def where(self, op: str, operand: Any, column: Column, context: Any) -> Where:
        if op == "in":
            return column.where(f"{{}} IN ({marks(operand)})", *(_bound(one, column) for one in operand))
        if op == "between":
            return column.where("{} BETWEEN ? AND ?", _bound(operand.low, column), _bound(operand.high, column))
        sign = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[op]
        return column.where(f"{{}} {sign} ?", _bound(operand, column))

    @override
    def told(self, op: str, operand: Any, name: Sentence, words: Words) -> Sentence:
        if op == "between":
            low, high = words.number(operand.low), words.number(operand.high)
            return phrase(_("{field} is from {low} to {high}"), field=name, low=low, high=high)
        if op in {"in", "not_in"}:
            values = words.any_of([words.number(one) for one in operand])
            return phrase(
                _("{field} is {values}") if op == "in" else _("{field} is not {values}"), field=name, values=values
            )
        return phrase(_told(op), field=name, value=words.number(operand))


def _told(op: str) -> str:
    return {
        "eq": _("{field} is {value}"),
        "ne": _("{field} is not {value}"),
        "lt": _("{field} is less than {value}"),
        "lte": _("{field} is at most {value}"),
        "gt": _("{field} is more than {value}"),
        "gte": _("{field} is at least {value}"),
    }[op]


def _bound(number: Decimal, column: Column) -> Decimal | int | float:
    """As the column keeps numbers. Those of at most 15 digits are told apart as doubles, and in the same order."""
    if column.type == "DOUBLE":
        return float(number)
    number *= column.unit
    return int(number) if number == number.to_integral_value() else number
