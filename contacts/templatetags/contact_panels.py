"""Panels that other apps put on the contact's page."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from contacts.manager import Panel

register = template.Library()


@register.simple_tag(takes_context=True)
def panel(context: template.Context, panel: Panel, values: dict[str, Any]) -> SafeString:
    """The panel's template, with the page's context and its own values."""
    engine = context.template.engine if context.template else None
    if engine is None:
        return SafeString("")
    with context.push(**values):
        return SafeString(engine.get_template(panel.template).render(context))
