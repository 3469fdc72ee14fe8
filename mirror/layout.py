"""Which columns files have, and a fingerprint of how their values are made.

Files made by another release, which folds or names something otherwise, are as good as none: they are read no more, and
made anew. Each unit has its own: what changes in contacts has nothing made anew of what they did.
"""

from functools import cache
from hashlib import blake2b

from activities.models import ActivityType, Parameter, ParameterType
from contacts.models import Attribute, AttributeType
from mirror.kinds import Column, Kind, attribute_columns, parameter_columns
from mirror.units import UNITS


def fixed(kind: Kind) -> list[Column]:
    """The columns that say whose row it is and when it happened; every reader gets them, in this order."""
    return [kind.contact] if kind.moment is None else [kind.contact, kind.key, kind.moment]


def columns(kind: Kind) -> dict[int, list[Column]]:
    """All columns of a kind's files by activity type (0 where there is none), as declared in this snapshot."""
    if kind.name == "contact":
        declared = [column for each in Attribute.objects.order_by("pk") for column in attribute_columns(each)]
        return {0: [*fixed(kind), *kind.columns.values(), *declared]}
    if kind.name != "activity":
        return {0: [*fixed(kind), *kind.columns.values()]}
    by_type = {type_: fixed(kind) for type_ in ActivityType.objects.order_by("pk").values_list("pk", flat=True)}
    for parameter in Parameter.objects.order_by("pk"):
        by_type[parameter.activity_type_id] += parameter_columns(parameter)
    return by_type


@cache
def fingerprint(unit: str) -> str:
    """Of all that decides on the values in a unit's files, but for what is declared in an account."""
    told = [
        repr((kind.name, kind.source, kind.written, fixed(kind), list(kind.columns.values()))) for kind in UNITS[unit]
    ]
    if unit == "contact":
        told += [repr(attribute_columns(Attribute(pk=1, key="key", type=each))) for each in AttributeType.values]
    if unit == "activity":
        told += [repr(parameter_columns(Parameter(pk=1, key="key", type=each))) for each in ParameterType.values]
    return blake2b("\n".join(told).encode(), digest_size=16).hexdigest()
