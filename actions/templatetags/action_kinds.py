"""The kinds of actions, for the contact manager's menus."""

from django import template

from actions.kinds import KINDS, Kind

register = template.Library()


@register.simple_tag
def action_kinds() -> list[Kind]:
    """Every kind, in the order in which they are offered."""
    return list(KINDS.values())
