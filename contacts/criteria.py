"""The filters of the manager in the criteria language: who fits a filter satisfies its criteria, and nobody else does.

Only JSON is made here; the language itself (docs/criteria.md) stands above contacts and judges what it is given.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from contacts.manager import Criteria
from contacts.models import Attribute, AttributeType

DAY = timedelta(days=1)


def field(name: str, **condition: Any) -> Criteria:
    """A criterion on a contact's own column."""
    return {"kind": "field", "field": name, **condition}


def numbers(value: slice) -> Criteria | None:
    """A range of numbers, inclusive at both ends, as operator and value. None: of one JSON can't tell all digits."""
    low, high = (None if bound is None else plain(bound) for bound in (value.start, value.stop))
    if any(
        told is not None and Decimal(repr(told)) != bound for told, bound in ((low, value.start), (high, value.stop))
    ):
        return None
    if low is None:
        return {"op": "lte", "value": high}
    if high is None:
        return {"op": "gte", "value": low}
    return {"op": "between", "value": {"from": low, "to": high}}


def plain(number: Decimal | int) -> int | float:
    """As JSON has it: of a decimal with very many digits, the nearest float."""
    return int(number) if number == int(number) else float(number)


def days(value: slice) -> Criteria | None:
    """A range of days, inclusive at both ends, as operator and value. None: there is no day before or after a bound."""
    if value.start is None:
        return {"op": "before", "value": (value.stop + DAY).isoformat()} if value.stop < date.max else None
    if value.stop is None:
        return {"op": "after", "value": (value.start - DAY).isoformat()} if value.start > date.min else None
    return {"op": "between", "value": {"from": value.start.isoformat(), "to": value.stop.isoformat()}}


def lead_score(value: slice) -> Criteria | None:
    """A range of lead scores."""
    condition = numbers(value)
    return field("lead_score", **condition) if condition else None


def created(value: slice) -> Criteria | None:
    """The days on which a contact came in."""
    condition = days(value)
    return field("created_at", **condition) if condition else None


def consent(value: str) -> Criteria:
    """`KEY:STATE`, as the filter has it."""
    key, _colon, state = value.partition(":")
    return {"kind": "consent", "consent": key, "state": state}


def attribute(definition: Attribute, value: Any) -> Criteria | None:
    """The filter of an attribute, as its type needs."""
    condition: Criteria | None
    match AttributeType(definition.type):
        case AttributeType.TEXT:
            condition = {"op": "contains", "value": value}
        case AttributeType.NUMBER:
            condition = numbers(value)
        case AttributeType.BOOLEAN:
            condition = {"op": "is_true" if value == "true" else "is_false"}
        case AttributeType.DATE | AttributeType.DATETIME:
            condition = days(value)
        case AttributeType.CHOICE:
            condition = {"op": "in", "value": list(value)}
        case AttributeType.CHOICES:
            condition = {"op": "any", "value": list(value)}
    return None if condition is None else {"kind": "attribute", "attribute": definition.key, **condition}
