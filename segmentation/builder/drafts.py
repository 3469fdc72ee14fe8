"""What somebody is building and has not submitted: kept with every live count, so that nothing is lost on reload."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from segmentation.builder.form import FIELD, Builder, from_criteria, from_post
from segmentation.models import Draft
from segmentation.parts.base import Tree
from users.models import User

MAX_CHARACTERS = 200_000  # of one draft: several times the largest criteria that the language takes
MOST = 50  # drafts of one user; the oldest go
KEPT = timedelta(days=30)
# Of the form besides the criteria: the layout, and what the pages with the builder ask for.
FIELDS = frozenset(
    ("shape", "name", "readiness_hours", "refresh", "refresh_every", "refresh_unit", "noted", "source", "revision")
)
PLACE = re.compile(r"(segment|saved):(new|[1-9][0-9]{0,17})")


def keep_draft(user: User, place: str, data: Mapping[str, Any], *, now: datetime) -> datetime | None:
    """Keeps the form as posted; returns when, or None if it is too large to be kept or of no page there is."""
    if not PLACE.fullmatch(place):
        return None
    lists = data.lists() if hasattr(data, "lists") else data.items()
    form = {
        name: [text.replace("\x00", "") for text in texts if isinstance(text, str)]
        for name, texts in lists
        if name in FIELDS or FIELD.fullmatch(name)
    }
    if sum(len(name) + sum(map(len, texts)) for name, texts in form.items()) > MAX_CHARACTERS:
        return None
    _draft, new = Draft.objects.update_or_create(user=user, place=place, defaults={"form": form, "kept_at": now})
    if new:
        mine = Draft.objects.filter(user=user).order_by("-kept_at", "-pk")
        Draft.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[MOST : MOST + 1000])).delete()
    return now


def remove_old_drafts(now: datetime) -> None:
    """Removes what nobody has come back to for a month."""
    Draft.objects.filter(kept_at__lte=now - KEPT).delete()


def from_draft(user: User, place: str) -> Builder | None:
    """The form as it was kept, `kept_at` and the page's own fields (`settings`) included; None if there is none."""
    draft = Draft.objects.filter(user=user, place=place).first()
    if draft is None:
        return None
    builder = from_post(draft.form, place=place)
    if builder.problem:  # kept by an older version of the form: of no use
        return None
    builder.restored_at = draft.kept_at
    return builder


def draft_kept_at(user: User, place: str) -> datetime | None:
    """When the draft at this place was kept, if there is one: what a page says that opens without it."""
    return Draft.objects.filter(user=user, place=place).values_list("kept_at", flat=True).first()


def discard_draft(user: User, place: str) -> None:
    """Forgets what was kept: it has been submitted, or is not wanted."""
    Draft.objects.filter(user=user, place=place).delete()


def opened(user: User, tree: Tree | None, *, place: str) -> Builder:
    """The form for a page just opened: the draft kept at this place, which the form then says, else `tree`."""
    return from_draft(user, place) or from_criteria(tree, place=place)


def kept_revision(builder: Builder) -> int:
    """The revision of what is edited that the draft was begun at; 0, which nothing has, where it does not say."""
    return revision_of((builder.settings.get("revision") or [""])[-1])


def revision_of(text: str) -> int:
    """The number in a form's hidden field; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
