"""The kinds of actions, for the contact manager's menus."""

from django import template

from actions.kinds import Kind, offered_kinds

register = template.Library()


@register.simple_tag
def action_kinds() -> list[Kind]:
    """Every kind that is offered, in its order."""
    return list(offered_kinds().values())
