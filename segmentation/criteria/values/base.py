"""What can be asked of a value, by its type. Shared by the contact's own columns and by attributes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from segmentation.criteria import limits
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError, within
from segmentation.criteria.where import Column, Where, complement
from segmentation.criteria.words import Sentence, Words, phrase

ABSENT: Any = object()  # no `value` was given; JSON has no way to say this

# Negative operators are complements of their positive ones: they hold for contacts without a value too.
NEGATIVE = {
    "ne": "eq",
    "not_in": "in",
    "not_contains": "contains",
    "none": "any",
    "is_not_set": "is_set",
}
OPPOSITE = NEGATIVE | {positive: negative for negative, positive in NEGATIVE.items()}
WITHOUT_VALUE = ("is_set", "is_not_set", "is_true", "is_false")


class ValueType(ABC):
    """A type of values: its operators, how their operand is read, found in the database and told."""

    operators: ClassVar[tuple[str, ...]]

    def read(self, op: str, value: Any) -> Any:
        """The operand of `op`, from the JSON of `value`.

        Raises: RefusedError at `op` or within `value`.
        """
        if op not in self.operators:
            raise RefusedError(gettext_noop("“{op}” does not fit this kind of value."), at="op", op=op)
        if op in WITHOUT_VALUE:
            if value is not ABSENT:
                raise RefusedError(gettext_noop("“{op}” takes no value."), at="value", op=op)
            return None
        if value is ABSENT:
            raise RefusedError(gettext_noop("This is missing."), at="value")
        return self.operand(NEGATIVE.get(op, op), value)

    def members(self, op: str, operand: Any, *, column: Column, context: Context) -> BitMap:
        """The contacts whose own value in `column` satisfies `op`; for a negative operator everyone else."""
        if op in NEGATIVE:
            return context.but(context.fetch(self.positive(NEGATIVE[op], operand, column, context)))
        return context.fetch(self.positive(op, operand, column, context))

    def test(self, op: str, operand: Any, *, column: Column, context: Context) -> Where:
        """Whether a row's value in `column` satisfies `op`; a negative operator holds for rows without a value too."""
        if op in NEGATIVE:
            return complement(self.positive(NEGATIVE[op], operand, column, context))
        return self.positive(op, operand, column, context)

    def positive(self, op: str, operand: Any, column: Column, context: Context) -> Where:
        if op == "is_set":
            return column.where("{} IS NOT NULL")
        return self.where(op, operand, column, context)

    def sentence(self, op: str, operand: Any, *, name: Sentence, words: Words) -> Sentence:
        """What `op` says about the value called `name`."""
        if op == "is_set":
            return phrase(_("{field} is set"), field=name)
        if op == "is_not_set":
            return phrase(_("{field} is not set"), field=name)
        return self.told(op, operand, name, words)

    @abstractmethod
    def operand(self, op: str, value: Any) -> Any:
        """The operand of a positive operator that takes one."""

    @abstractmethod
    def where(self, op: str, operand: Any, column: Column, context: Context) -> Where:
        """The condition of a positive operator: never true where `column` is NULL."""

    @abstractmethod
    def told(self, op: str, operand: Any, name: Sentence, words: Words) -> Sentence:
        """`sentence` for the type's own operators."""


def taken_by_any(kinds: Iterable[ValueType], op: str, value: Any) -> None:
    """Refuses what none of the types takes, as the first of those that have the operator refuses it.

    Raises: RefusedError at `op` or within `value`.
    """
    first: RefusedError | None = None
    for kind in kinds:
        if op not in kind.operators:
            continue
        try:
            kind.read(op, value)
        except RefusedError as problem:
            first = first or problem
        else:
            return
    raise first or RefusedError(gettext_noop("There is no operator “{op}”."), at="op", op=op[:60])


def listed(value: Any, read: Callable[[Any], Any]) -> list[Any]:
    """A list of 1 to 1,000 values, each as `read` gives it."""
    if not isinstance(value, list):
        raise RefusedError(gettext_noop("A list is expected here."), at="value")
    if not value:
        raise RefusedError(gettext_noop("This list is empty."), at="value")
    if len(value) > limits.VALUES:
        raise RefusedError(
            gettext_noop("This list is too long: at most {limit} values."), at="value", limit=limits.VALUES
        )
    return [within(f"value[{at}]", read, one) for at, one in enumerate(value)]


def keyed(value: Any, *, required: tuple[str, ...]) -> list[Any]:
    """The values of an object that has exactly the `required` keys, in their order."""
    if not isinstance(value, dict):
        raise RefusedError(
            gettext_noop("An object with {keys} is expected here."), at="value", keys=", ".join(required)
        )
    for key in value:
        if key not in required:
            raise RefusedError(gettext_noop("Unknown key “{key}”."), at=f"value.{key[:60]}", key=key[:60])
    for key in required:
        if key not in value:
            raise RefusedError(gettext_noop("This is missing."), at=f"value.{key}")
    return [value[key] for key in required]
