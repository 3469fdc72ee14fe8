"""The contact manager cut down to those who have exactly one stored value of an attribute: `?value=ID:TEXT`.

A hidden filter: the pages about attributes lead there, also for a value that would not fit another type.
"""

from dataclasses import dataclass

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Func, QuerySet, TextField, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.attributes import value_text
from contacts.manager import ManagerFilter
from contacts.models import Attribute, Contact
from contacts.retyping import raw_text

LONGEST = 1_200  # a stored text has at most 1,000 characters


@dataclass(frozen=True)
class Stored:
    """A value as it is in the database, of an attribute."""

    attribute: Attribute
    text: str


class ValueField(forms.CharField):
    """`ID:TEXT`. Raises: ValidationError, if there is no such attribute."""

    widget = forms.HiddenInput

    def clean(self, value: object) -> Stored | None:
        text = super().clean(value)
        if not text:
            return None
        pk, _colon, wanted = text.partition(":")
        known = pk.isascii() and pk.isdecimal() and len(pk) < 10
        attribute = Attribute.objects.filter(pk=int(pk)).first() if known else None
        if attribute is None:
            raise ValidationError(_("There is no such attribute any more."))
        return Stored(attribute, wanted)


class ValueFilter(django_filters.Filter):
    field_class = ValueField

    def filter(self, qs: QuerySet[Contact], value: Stored | None) -> QuerySet[Contact]:
        if value is None:
            return qs
        plain = Func(
            "attributes", Value(value.attribute.key), function="jsonb_extract_path_text", output_field=TextField()
        )
        joined = Func(
            "attributes",
            Value(value.attribute.key),
            template="(SELECT string_agg(one, '; ') FROM "
            "jsonb_array_elements_text(jsonb_extract_path(%(expressions)s)) AS each (one))",
            output_field=TextField(),
        )
        several = value.attribute.type == "choices"
        return qs.alias(stored_value=joined if several else plain).filter(stored_value=value.text)


def words(value: Stored) -> str:
    said = {"name": value.attribute.name, "value": value_text("", value.text)}
    return _("%(name)s is exactly “%(value)s”") % said


def parameter(attribute: Attribute, value: object) -> str:
    """What leads to those who have the value."""
    return f"{attribute.pk}:{raw_text(value)}"


VALUE = ManagerFilter(
    name="value",
    filter=lambda _request: ValueFilter(label=gettext_lazy("Value"), max_length=LONGEST, strip=False),
    words=words,
    hidden=True,
)
