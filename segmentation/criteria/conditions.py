"""`where`: conditions on one row (an activity, a visit, an order, a line), all of which the same row must satisfy."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, ConfigDict, Field

from segmentation.criteria import limits
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.labels import Name
from segmentation.criteria.values.base import ABSENT, ValueType, taken_by_any
from segmentation.criteria.where import Column, Where
from segmentation.criteria.words import Sentence, Words, phrase, plain


class Param(NamedTuple):
    """Something that can be asked of a row: the type of its values, where they are, what it is called in a sentence."""

    type: ValueType
    column: Column
    label: str | Promise


Params = Mapping[str, Param]


class Condition(BaseModel):
    """`{"param": "url", "op": "contains", "value": "/cennik"}`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    param: Name
    op: str
    value: Any = ABSENT

    def read(self, params: Params) -> Any:
        """The operand.

        Raises: RefusedError at `param`, `op` or within `value`.
        """
        if self.param not in params:
            raise RefusedError(_("There is no parameter “{key}”."), at="param", key=self.param[:60])
        return params[self.param].type.read(self.op, self.value)

    def test(self, params: Params, context: Context) -> Where:
        """As a condition of DuckDB."""
        param = params[self.param]
        return param.type.test(self.op, self.read(params), column=param.column, context=context.facts)

    def sentence(self, params: Params, words: Words) -> Sentence:
        """In words. Never fails: what was declared once and is not any more is told as it is written."""
        try:
            operand = self.read(params)
        except RefusedError:
            value = "" if self.value is ABSENT else str(self.value)
            return phrase("{field} {op} {value}", field=plain(self.param), op=self.op, value=value)
        param = params[self.param]
        return param.type.sentence(self.op, operand, name=plain(str(param.label)), words=words)


Conditions = Annotated[list[Condition], Field(min_length=1, max_length=limits.CONDITIONS)]


def check(where: Sequence[Condition] | None, params: Params) -> None:
    """Check that every parameter is there and takes its operator and value.

    Raises: RefusedError, at `where[0].value` for instance.
    """
    for at, condition in enumerate(where or ()):
        try:
            condition.read(params)
        except RefusedError as refusal:
            raise RefusedError(refusal.text, at=f"where[{at}].{refusal.at}", **refusal.params) from None


def refine(where: Sequence[Condition] | None, types: Sequence[ValueType]) -> None:
    """Check what shows without knowing the parameters: one of `types` must take the operator with its value.

    Raises: RefusedError.
    """
    for at, condition in enumerate(where or ()):
        try:
            taken_by_any(types, condition.op, condition.value)
        except RefusedError as refusal:
            raise RefusedError(refusal.text, at=f"where[{at}].{refusal.at}", **refusal.params) from None


def joined(where: Sequence[Condition] | None, params: Params, context: Context) -> Where:
    """All of the conditions as one; without any it is empty. `columns` are those that must be read."""
    tests = [condition.test(params, context) for condition in where or ()]
    columns = dict.fromkeys(column for test in tests for column in test.columns)
    return Where(
        " AND ".join(f"({test.sql})" for test in tests),
        tuple(value for test in tests for value in test.params),
        tuple(columns),
    )


def told(where: Sequence[Condition] | None, params: Params, words: Words) -> Sentence:
    """The conditions one after another: `address contains “/cennik”, page title is Prices`."""
    sentence = Sentence(())
    for condition in where or ():
        told = condition.sentence(params, words)
        sentence = phrase("{sentence}, {told}", sentence=sentence, told=told) if sentence.parts else told
    return sentence
