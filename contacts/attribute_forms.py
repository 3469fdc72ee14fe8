"""The form of another type for an attribute."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import Attribute, AttributeType


class TypeForm(forms.Form):
    """The new type, with options where it needs a list. `unfit`: of how many contacts the value is agreed to go."""

    type = forms.ChoiceField(label=_("New type"))
    options = forms.CharField(
        label=_("Options"),
        required=False,
        max_length=120_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One on each line; only for one or several of a list. Left empty: the values there are."),
    )
    unfit = forms.IntegerField(required=False, min_value=0, max_value=2**40, widget=forms.HiddenInput)
    agreed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, attribute: Attribute, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].choices = [each for each in AttributeType.choices if each[0] != attribute.type]  # type: ignore[attr-defined]

    def clean_options(self) -> list[str]:
        return [line for line in self.cleaned_data["options"].splitlines() if line.strip()]
