"""What the pages about users say of somebody's recurring actions: they go on whatever becomes of who added them."""

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import ngettext

from actions.models import Action
from config.templatetags.numbers import number
from users.models import User
from users.parts import Going

LINKED = 10


def recurring_of(person: User) -> Going | None:
    """How many recurring actions of theirs go on, and on which segments."""
    found = Action.objects.filter(created_by=person, every_refresh=True, stopped_at__isnull=True)
    rows = found.values_list("segment_id", "segment__name").annotate(actions=Count("pk")).order_by("segment__name")
    segments = list(rows)
    count = sum(actions for _pk, _name, actions in segments)
    if not count:
        return None
    text = ngettext(
        "%(number)s recurring action that this user added goes on after each refresh until somebody stops it, also "
        "when the user becomes an analyst or is deactivated. It is on:",
        "%(number)s recurring actions that this user added go on after each refresh until somebody stops them, also "
        "when the user becomes an analyst or is deactivated. They are on:",
        count,
    )
    links = [(name, reverse("actions:list", args=[pk])) for pk, name, _actions in segments[:LINKED]]
    if (more := len(segments) - LINKED) > 0:
        text_of_more = ngettext("and %(number)s more", "and %(number)s more", more)
        links.append((text_of_more % {"number": number(more)}, reverse("segmentation:ready")))
    return Going(text % {"number": number(count)}, links)
