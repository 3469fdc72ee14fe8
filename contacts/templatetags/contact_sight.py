"""What the frame says to those who see some of the contacts only."""

from typing import Any

from django import template

from contacts.sight import names, whole_sight
from users.models import User

register = template.Library()

NAMED = 2  # categories that the bar names; the rest opens with a click


@register.inclusion_tag("contacts/_part_seen.html", takes_context=True)
def part_seen(context: template.Context) -> dict[str, Any]:
    """A quiet chip: "Part of the contacts: Media, Press". Nothing for who sees all of them."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or not isinstance(user, User) or whole_sight(request):
        return {"part": False}
    found = names(user)
    return {"part": True, "names": found, "named": found[:NAMED], "more": len(found) - NAMED}
