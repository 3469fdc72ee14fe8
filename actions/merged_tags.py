"""Actions name tags by their ids: those of merged tags go over to the result, those of long ago included."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from actions.kinds import KINDS
from actions.services import live_actions
from actions.usage import titled
from tags.hooks import Follower, Merged
from tags.models import Tag

FOLLOW = """
UPDATE actions_action SET params = params || jsonb_build_object('tag', %(result)s::bigint)
WHERE kind = ANY(%(kinds)s) AND params->'tag' = ANY(%(gone)s::jsonb[])
"""


def kinds() -> list[str]:
    """The kinds of actions that name a tag."""
    return [kind.name for kind in KINDS.values() if "tag" in kind.Params.model_fields]


def following_merge(tags: Sequence[Tag], _name: str) -> list[Follower]:
    """Recurring, planned and running actions with one of the tags."""
    found = live_actions().filter(kind__in=kinds(), params__tag__in=[tag.pk for tag in tags])
    rows = found.select_related("segment", "picked").order_by("pk")
    return [Follower("action", str(each.kind_name), titled(each), each.page_url) for each in rows]


def follow_merge(change: Merged, _now: datetime) -> None:
    """A run under way goes on with the result; undoing one that is over takes off, or puts on, the result."""
    with connection.cursor() as cursor:
        for gone, result in change.ids.items():
            cursor.execute(FOLLOW, {"result": result, "kinds": kinds(), "gone": [str(gone)]})
