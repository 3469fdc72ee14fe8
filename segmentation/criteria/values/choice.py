"""One, or several, of the options that a definition lists. Options are compared exactly."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from typing_extensions import override

from mirror.kinds import SEPARATOR
from segmentation.criteria.errors import RefusedError, within
from segmentation.criteria.values.base import ValueType, listed
from segmentation.criteria.values.text import text
from segmentation.criteria.where import Column, Where, marks
from segmentation.criteria.words import Sentence, Words, phrase


@dataclass(frozen=True)
class _OfOptions(ValueType):
    """options: what there is to choose from, value -> its label; None: not known here, so not checked."""

    options: dict[str, Any] | None = None

    def option(self, value: Any) -> str:
        given = text(value)
        if self.options is not None and given not in self.options:
            raise RefusedError(gettext_noop("There is no option “{option}”."), option=given[:60])
        return given

    def label(self, option: str) -> str:
        return str((self.options or {}).get(option, option))


class Choice(_OfOptions):
    """Exactly one of the options, or none."""

    operators: ClassVar = ("eq", "ne", "in", "not_in", "is_set", "is_not_set")

    @override
    def operand(self, op: str, value: Any) -> Any:
        return listed(value, self.option) if op == "in" else within("value", self.option, value)

    @override
    def where(self, op: str, operand: Any, column: Column, context: Any) -> Where:
        if op == "in":
            return column.where(f"{{}} IN ({marks(operand)})", *operand)
        return column.where("{} = ?", operand)

    @override
    def told(self, op: str, operand: Any, name: Sentence, words: Words) -> Sentence:
        values = words.any_of([self.label(one) for one in (operand if isinstance(operand, list) else [operand])])
        if op in {"eq", "in"}:
            return phrase(_("{field} is {values}"), field=name, values=values)
        return phrase(_("{field} is not {values}"), field=name, values=values)


class Choices(_OfOptions):
    """Several of the options; no option at all is no value."""

    operators: ClassVar = ("any", "all", "none", "is_set", "is_not_set")

    @override
    def operand(self, op: str, value: Any) -> Any:
        return listed(value, self.option)

    @override
    def where(self, op: str, operand: Any, column: Column, context: Any) -> Where:
        joined = f" {'OR' if op == 'any' else 'AND'} ".join(["contains({}, ?)"] * len(operand))
        return column.where(f"({joined})", *(f"{SEPARATOR}{one}{SEPARATOR}" for one in operand))

    @override
    def told(self, op: str, operand: Any, name: Sentence, words: Words) -> Sentence:
        labels = [self.label(one) for one in operand]
        if op == "all":
            return phrase(_("{field} includes {values}"), field=name, values=words.all_of(labels))
        if op == "any":
            return phrase(_("{field} includes {values}"), field=name, values=words.any_of(labels))
        template = ngettext("{field} does not include {values}", "{field} includes none of {values}", len(labels))
        return phrase(template, field=name, values=words.any_of(labels))
