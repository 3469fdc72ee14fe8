"""What the apps above add to activities without being imported: lists of functions, filled in their AppConfig.ready."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from activities.models import ActivityType, Parameter
from contacts.hooks import Use

type_usage: list[Callable[[ActivityType], list[Use]]] = []
parameter_usage: list[Callable[[Parameter], list[Use]]] = []


class Recorded(Protocol):
    """Told how many rows a batch wrote, after it was written; must be quick."""

    def __call__(self, rows: int, *, now: datetime) -> None: ...


recorded: list[Recorded] = []


def tell_recorded(rows: int, *, now: datetime) -> None:
    """So many rows have just been written."""
    for told in recorded:
        told(rows, now=now)


def uses_of_type(kind: ActivityType) -> list[Use]:
    """Everything that would stop making sense without the type."""
    return [use for usage in type_usage for use in usage(kind)]


def uses_of_parameter(parameter: Parameter) -> list[Use]:
    """Everything that would stop making sense without the parameter."""
    return [use for usage in parameter_usage for use in usage(parameter)]
