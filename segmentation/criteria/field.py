"""`field`: a contact's own columns."""

from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from contacts.models import Status
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.context import Context
from segmentation.criteria.values.base import ABSENT, OPPOSITE, ValueType
from segmentation.criteria.values.choice import Choice
from segmentation.criteria.values.moment import Instant
from segmentation.criteria.values.number import Number
from segmentation.criteria.values.text import Text
from segmentation.criteria.where import Column
from segmentation.criteria.words import Sentence, Words, plain


@dataclass(frozen=True)
class Field:
    """A column: its type, where its value is (an empty text is none), and what it is called in a sentence."""

    type: ValueType
    column: Column
    name: Promise


def _text(column: str, name: Promise) -> Field:
    return Field(Text(), Column(f"NULLIF(c.{column}, '')"), name)


FIELDS: dict[str, Field] = {
    "id": Field(Number(), Column("c.id"), _("contact id")),
    "email": _text("email", _("e-mail")),
    "phone": _text("phone", _("phone")),
    "first_name": _text("first_name", _("first name")),
    "last_name": _text("last_name", _("last name")),
    "status": Field(Choice(dict(Status.choices)), Column("c.status"), _("subscription status")),
    "lead_score": Field(Number(), Column("c.lead_score"), _("lead score")),
    "source": _text("source", _("source")),
    "created_at": Field(Instant(), Column("c.created_at"), _("creation date")),
}
FieldName = Literal[
    "id", "email", "phone", "first_name", "last_name", "status", "lead_score", "source", "created_at"
]  # fmt: skip


@register
class FieldCriterion(Criterion):
    """`{"kind": "field", "field": "lead_score", "op": "gt", "value": 20}`."""

    kind: Literal["field"]
    field: FieldName
    op: str
    value: Any = ABSENT

    @property
    def definition(self) -> Field:
        return FIELDS[self.field]

    def refine(self) -> None:
        self.definition.type.read(self.op, self.value)

    def members(self, context: Context) -> BitMap:
        field = self.definition
        return field.type.members(self.op, self._operand, column=field.column, context=context)

    def sentence(self, words: Words) -> Sentence:
        field = self.definition
        return field.type.sentence(self.op, self._operand, name=plain(str(field.name)), words=words)

    def opposite(self) -> "FieldCriterion | None":
        return self.model_copy(update={"op": OPPOSITE[self.op]}) if self.op in OPPOSITE else None

    @property
    def _operand(self) -> Any:
        return self.definition.type.read(self.op, self.value)
