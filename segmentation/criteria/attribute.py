"""`attribute`: a typed property that the account keeps of its contacts."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import Field
from pyroaring import BitMap

from contacts.models import Attribute, AttributeType, Contact
from mirror.kinds import attribute_columns
from segmentation.criteria import limits
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.evidence import own_value_told
from segmentation.criteria.values.base import ABSENT, OPPOSITE, ValueType, taken_by_any
from segmentation.criteria.values.boolean import Boolean
from segmentation.criteria.values.choice import Choice, Choices
from segmentation.criteria.values.moment import Date, Instant
from segmentation.criteria.values.number import Number
from segmentation.criteria.values.text import Text
from segmentation.criteria.where import Column
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, TypedAttribute, Values
from segmentation.parts.operands import Operand, operand_for

TYPES: dict[str, ValueType] = {
    AttributeType.TEXT: Text(),
    AttributeType.NUMBER: Number(),
    AttributeType.BOOLEAN: Boolean(),
    AttributeType.DATE: Date(),
    AttributeType.DATETIME: Instant(),
    AttributeType.CHOICE: Choice(),
    AttributeType.CHOICES: Choices(),
}


def value_type(attribute: Attribute) -> ValueType:
    """What can be asked of the attribute's values."""
    if attribute.type == AttributeType.CHOICE:
        return Choice({option: option for option in attribute.options})
    if attribute.type == AttributeType.CHOICES:
        return Choices({option: option for option in attribute.options})
    return TYPES[attribute.type]


def column(attribute: Attribute) -> Column:
    """Where the attribute's value is, NULL for contacts without one."""
    columns = attribute_columns(attribute)
    return Column(columns[0].name, tuple(columns))


DATED = ("on", "before", "after", "between", "last", "next", "ago", "anniversary")


def said(attribute: TypedAttribute) -> str:
    """Its name in a form."""
    return gettext("%(name)s (retired)") % {"name": attribute.name} if attribute.retired else attribute.name


class AttributeForm(FormPart):
    """Each attribute of the account is a subject of its own; its type decides the conditions."""

    kind = "attribute"
    icon = "sliders-vertical"

    def subjects(self, choices: Choosing) -> list[Subject]:
        return [
            Subject(f"attribute:{key}", said(attribute), gettext("Attributes"), attribute.retired)
            for key, attribute in choices.attributes.items()
        ]

    def controls(self, typed: Typed) -> list[Control]:
        operand = self._operand(typed)
        return operand.controls(typed) if operand else []

    def read(self, typed: Typed) -> Tree:
        operand = self._operand(typed)
        if operand is None:
            typed.complain("what", gettext("There is no such attribute any more. Choose another, or remove this."))
            typed.finish()
        criterion = {"kind": "attribute", "attribute": self.detail(typed), **(operand.read(typed) if operand else {})}
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        # Of which type the attribute is now is not asked here: the value's shape says which inputs hold it.
        value = criterion.get("value")
        first = value[0] if isinstance(value, list) else value.get("from", value) if isinstance(value, dict) else value
        held = "number" if isinstance(first, int | float) else "datetime" if criterion["op"] in DATED else "text"
        return {"what": [f"attribute:{criterion['attribute']}"], **operand_for(held).write(criterion)}

    def _operand(self, typed: Typed) -> Operand | None:
        attribute = typed.choices.attributes.get(self.detail(typed))
        if attribute is None:
            return None
        options = [Option(option, option) for option in attribute.options]
        return operand_for(attribute.type, options, f"attribute:{self.detail(typed)}")


@register
class AttributeCriterion(Criterion):
    """`{"kind": "attribute", "attribute": "city", "op": "eq", "value": "Warszawa"}`."""

    form: ClassVar = AttributeForm()
    refers: ClassVar = {"attribute": "attribute"}
    reads: ClassVar = ("contact",)

    kind: Literal["attribute"]
    attribute: Annotated[str, Field(min_length=1, max_length=limits.NAME)]
    op: str
    value: Any = ABSENT

    def refine(self) -> None:
        """The attribute's type is not known here: one of the types must take this operator with this value."""
        taken_by_any(TYPES.values(), self.op, self.value)

    def check(self, catalog: Catalog) -> None:
        if self.attribute not in catalog.attributes:
            raise RefusedError(_("There is no attribute “{key}”."), at="attribute", key=self.attribute[:60])
        value_type(catalog.attributes[self.attribute]).read(self.op, self.value)

    def settings(self, catalog: Catalog) -> Any:
        """What the values are: with another type the same condition may mean others."""
        attribute = catalog.attributes.get(self.attribute)
        return attribute and [attribute.type, attribute.options]

    def members(self, context: Context) -> BitMap:
        attribute = context.catalog.attributes[self.attribute]
        kind = value_type(attribute)
        return kind.members(self.op, kind.read(self.op, self.value), column=column(attribute), context=context)

    def sentence(self, words: Words) -> Sentence:
        attribute = words.catalog.attributes.get(self.attribute)
        name = plain(attribute.name if attribute else self.attribute)
        kinds = [value_type(attribute)] if attribute else list(TYPES.values())
        for kind in kinds:
            try:
                return kind.sentence(self.op, kind.read(self.op, self.value), name=name, words=words)
            except RefusedError:
                continue  # the attribute was changed or deleted since; what is left is told below
        return phrase(
            "{field} {op} {value}", field=name, op=self.op, value="" if self.value is ABSENT else str(self.value)
        )

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        kind = value_type(context.catalog.attributes[self.attribute])
        value = Contact.objects.values_list("attributes", flat=True).get(pk=contact).get(self.attribute)
        if value is not None and isinstance(kind, Date | Instant):
            value = (date if isinstance(kind, Date) else datetime).fromisoformat(value)
        operand = kind.read(self.op, self.value)
        return own_value_told(value, kind, op=self.op, operand=operand, words=words)

    def opposite(self) -> "AttributeCriterion | None":
        return self.model_copy(update={"op": OPPOSITE[self.op]}) if self.op in OPPOSITE else None
