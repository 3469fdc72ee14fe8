"""`field`: a contact's own columns."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from contacts.models import Contact, Status
from mirror.kinds import CONTACT
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.context import Context
from segmentation.criteria.evidence import own_value_told
from segmentation.criteria.values.base import ABSENT, OPPOSITE, ValueType
from segmentation.criteria.values.choice import Choice
from segmentation.criteria.values.moment import Instant
from segmentation.criteria.values.number import Number
from segmentation.criteria.values.text import Text
from segmentation.criteria.where import Column
from segmentation.criteria.words import Sentence, Words, plain
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, Values
from segmentation.parts.operands import Operand, operand_for


@dataclass(frozen=True)
class Field:
    """A column: its type, where its value is, and what it is called in a sentence."""

    type: ValueType
    column: Column
    name: Promise


def _column(name: str, *more: str) -> Column:
    return Column(name, tuple(CONTACT.column(each) for each in (name, *more)))


def _text(name: str, label: Promise) -> Field:
    return Field(Text(), _column(name, f"{name}_f"), label)


FIELDS: dict[str, Field] = {
    "id": Field(Number(), _column("contact_id"), _("contact id")),
    "email": _text("email", _("e-mail")),
    "phone": _text("phone", _("phone")),
    "first_name": _text("first_name", _("first name")),
    "last_name": _text("last_name", _("last name")),
    "status": Field(Choice(dict(Status.choices)), _column("status"), _("subscription status")),
    "lead_score": Field(Number(), _column("lead_score"), _("lead score")),
    "source": _text("source", _("source")),
    "created_at": Field(Instant(), _column("created_at"), _("creation date")),
}
UNIQUE = ("id", "email", "phone")  # everybody's own: how they are spread says nothing
FieldName = Literal[
    "id", "email", "phone", "first_name", "last_name", "status", "lead_score", "source", "created_at"
]  # fmt: skip


class FieldForm(FormPart):
    """Each column is a subject of its own; its type decides the conditions."""

    kind = "field"
    icon = "user"
    icons: ClassVar = {"lead_score": "activity", "created_at": "calendar", "status": "mail-check", "source": "link"}
    first: ClassVar = ("lead_score", "status")  # what is asked for most

    def subjects(self, _choices: Choosing) -> list[Subject]:
        order = [*self.first, *(key for key in FIELDS if key not in self.first)]
        return [Subject(f"field:{key}", capfirst(str(FIELDS[key].name)), gettext("Contact")) for key in order]

    def icon_for(self, what: str) -> str:
        return self.icons.get(what.partition(":")[2], self.icon)

    def controls(self, typed: Typed) -> list[Control]:
        key = self.detail(typed)
        if key not in FIELDS:
            return []
        return _operand_of(key).controls(typed)

    def read(self, typed: Typed) -> Tree:
        key = self.detail(typed)
        if key not in FIELDS:
            typed.complain("what", gettext("Choose what to look at."))
            typed.finish()
        criterion = {"kind": "field", "field": key, **_operand_of(key).read(typed)}
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        key = criterion["field"]
        return {"what": [f"field:{key}"], **_operand_of(key).write(criterion)}


def _operand_of(key: str) -> Operand:
    names: dict[type[ValueType], str] = {Number: "number", Text: "text", Choice: "choice", Instant: "datetime"}
    type_ = FIELDS[key].type
    options = [Option(value, str(label)) for value, label in (getattr(type_, "options", None) or {}).items()]
    return operand_for(names[type(type_)], options, f"field:{key}" if key not in UNIQUE else "")


@register
class FieldCriterion(Criterion):
    """`{"kind": "field", "field": "lead_score", "op": "gt", "value": 20}`."""

    form: ClassVar = FieldForm()
    reads: ClassVar = ("contact",)

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

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        value = Contact.objects.values_list(self.field, flat=True).get(pk=contact)
        return own_value_told(value, self.definition.type, op=self.op, operand=self._operand, words=words)

    def opposite(self) -> "FieldCriterion | None":
        return self.model_copy(update={"op": OPPOSITE[self.op]}) if self.op in OPPOSITE else None

    @property
    def _operand(self) -> Any:
        return self.definition.type.read(self.op, self.value)
