"""The contact manager's filters as they are worked: a long list to choose from opens under its name."""

from collections.abc import Iterable
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField

register = template.Library()

FEW = 6  # options that a plain list shows well


@register.inclusion_tag("contacts/_control.html")
def filter_control(field: BoundField) -> dict[str, Any]:
    """A filter's control: its own field, or a list with a search, of which one or several can be chosen."""
    widget = field.field.widget
    several = isinstance(widget, forms.SelectMultiple)
    picks = several or (isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect))
    options = list(options_of(field)) if picks else []
    asked_for = isinstance(field.field, forms.ModelChoiceField)  # its options cost a query: they are drawn as they are
    if not several and not asked_for and len(options) <= FEW:
        return {"field": field, "options": []}
    return {
        "field": field,
        "options": options,
        "several": several,
        "chosen": [label.strip() for value, label, ticked in options if ticked and value],
        "searched": len(options) > FEW,
    }


def options_of(field: BoundField) -> Iterable[tuple[str, str, bool]]:
    """Value, label and whether it is chosen, of each option."""
    for each in field.subwidgets:
        yield str(each.data["value"]), str(each.data["label"]), bool(each.data["selected"])
