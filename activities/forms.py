"""Forms about activity types. They carry what was typed; the services judge it."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from activities.models import ActivityType, Parameter, ParameterType
from activities.services import Declared
from contacts.forms import key_field

FIRST_ROWS = 3  # for parameters of a new type, before more are asked for
MOST_ROWS = 50


class NameForm(forms.Form):
    """What a type or a parameter is called."""

    name = forms.CharField(label=_("Name"), max_length=120)

    def __init__(self, *args: Any, named: ActivityType | Parameter | None = None, **kwargs: Any) -> None:
        if named is not None:
            kwargs["initial"] = {"name": named.name}
        super().__init__(*args, **kwargs)


class ParameterForm(forms.Form):
    """A parameter to be declared; of a new type, a row that may stay empty."""

    name = forms.CharField(label=_("Name"), max_length=120)
    key = key_field("")
    type = forms.ChoiceField(label=_("Type"), choices=ParameterType.choices)

    def __init__(self, *args: Any, optional: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values() if optional else ():
            field.required = False

    @property
    def blank(self) -> bool:
        """Whether nothing was typed into it: the type alone says nothing."""
        return not (self.cleaned_data.get("name") or self.cleaned_data.get("key"))

    @property
    def declared(self) -> Declared:
        return Declared(**self.cleaned_data)


def rows_in(data: QueryDict | None) -> int:
    """How many rows for parameters the form has; with the button for more pressed, more."""
    given = data.get("rows", "") if data is not None else ""
    rows = int(given) if given.isascii() and given.isdecimal() and len(given) < 4 else FIRST_ROWS
    return min(rows + FIRST_ROWS if data is not None and "more" in data else rows, MOST_ROWS)


class TypeForm(forms.Form):
    """A new type, with rows for its parameters."""

    name = forms.CharField(label=_("Name"), max_length=120)
    key = key_field()

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        """With the button for more rows pressed, what was typed stands in the fields and nothing is judged."""
        rows, growing = rows_in(data), data is not None and "more" in data
        typed = data or QueryDict()
        if growing:
            kwargs["initial"] = {name: typed.get(name, "") for name in ("name", "key")}
        super().__init__(None if growing else data, **kwargs)
        self.parameters = [
            ParameterForm(
                None if growing else data,
                prefix=f"p{n}",
                optional=True,
                initial={name: typed.get(f"p{n}-{name}", "") for name in ParameterForm.base_fields}
                if growing
                else None,
            )
            for n in range(rows)
        ]

    @property
    def may_grow(self) -> bool:
        return len(self.parameters) < MOST_ROWS

    def is_valid(self) -> bool:
        """Every row is judged, also when the first is wrong."""
        rows = [row.is_valid() for row in self.parameters]
        return super().is_valid() and all(rows)

    @property
    def filled(self) -> list[ParameterForm]:
        """The rows in which something was typed, in their order."""
        return [row for row in self.parameters if not row.blank]
