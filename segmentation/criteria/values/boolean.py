"""Yes or no. Neither holds for a contact who has not said."""

from typing import Any

from django.utils.translation import gettext as _
from typing_extensions import override

from segmentation.criteria.values.base import ValueType
from segmentation.criteria.where import Column, Where
from segmentation.criteria.words import Sentence, Words, phrase


class Boolean(ValueType):
    """`is_false` is no complement of `is_true`: it wants a no."""

    operators = ("is_true", "is_false", "is_set", "is_not_set")

    @override
    def operand(self, op: str, value: Any) -> None:
        raise NotImplementedError(op)  # none of the operators takes a value

    @override
    def where(self, op: str, operand: Any, column: Column, context: Any) -> Where:
        return column.where("{}" if op == "is_true" else "NOT {}")

    @override
    def told(self, op: str, operand: Any, name: Sentence, words: Words) -> Sentence:
        if op == "is_true":
            # Translators: a yes-or-no attribute, after its name
            return phrase(_("{field}: {answer}"), field=name, answer=_("yes"))
        # Translators: a yes-or-no attribute, after its name
        return phrase(_("{field}: {answer}"), field=name, answer=_("no"))
