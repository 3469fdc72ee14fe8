"""How forms are drawn: the project's field template, and Bootstrap's classes on every widget."""

from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest

CONTROL, SELECT, CHECK = "form-control", "form-select", "form-check-input"
BY_TYPE = {"checkbox": CHECK, "radio": CHECK, "select": SELECT, "hidden": ""}


class SitoRenderer(TemplatesSetting):
    """Draws forms with `templates/django/forms/`, adding the class that each kind of input needs."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        if "widget" in context:
            dress(context["widget"])
        return super().render(template_name, context, request)


def dress(widget: dict[str, Any]) -> None:
    """Add Bootstrap's class to a widget's context, to the parts of a compound one, and to the options of a list.

    A class the form set itself stays; the base class is put before it.
    """
    for part in widget.get("subwidgets", []):
        dress(part)
    kind = kind_of(widget)
    if kind == "choices":
        for _name, options, _index in widget["optgroups"]:
            for option in options:
                add_class(option["attrs"], CHECK)
        return
    add_class(widget["attrs"], BY_TYPE.get(kind, CONTROL))


def kind_of(widget: dict[str, Any]) -> str:
    """The input's type; or "select", "choices" (a list of boxes), "textarea"."""
    if "type" in widget:
        return str(widget["type"])
    if "optgroups" not in widget:
        return "textarea"
    return "select" if widget["template_name"].endswith("/select.html") else "choices"


def add_class(attrs: dict[str, Any], name: str) -> None:
    classes = str(attrs.get("class", "")).split()
    if name and name not in classes:
        attrs["class"] = " ".join([name, *classes])
