"""What the apps above add to activities without being imported: lists of functions, filled in their AppConfig.ready."""

from collections.abc import Callable

from activities.models import ActivityType, Parameter
from contacts.hooks import Use

type_usage: list[Callable[[ActivityType], list[Use]]] = []
parameter_usage: list[Callable[[Parameter], list[Use]]] = []


def uses_of_type(kind: ActivityType) -> list[Use]:
    """Everything that would stop making sense without the type."""
    return [use for usage in type_usage for use in usage(kind)]


def uses_of_parameter(parameter: Parameter) -> list[Use]:
    """Everything that would stop making sense without the parameter."""
    return [use for usage in parameter_usage for use in usage(parameter)]
