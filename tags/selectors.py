"""Reads about labels."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from config.requests import Request
from jobs.models import ACTIVE, JobState
from tags.models import Category, MergedTag, Tag, TagDeletion, TagMerge, TagStar
from tags.normalising import parts
from users.models import User

ORDERS = ("name", "contacts_count", "created_at")
DEFAULT_ORDER = "name"
SUGGESTED = 12
LONGEST_QUERY = 500
TOLD = timedelta(days=1)  # how long a deletion that came to nothing is told of


def tag_for(_request: Request, pk: int) -> Tag:
    """The tag with that id in this account."""
    return get_object_or_404(Tag, pk=pk)


def category_for(_request: Request, pk: int) -> Category:
    """The category with that id in this account."""
    return get_object_or_404(Category, pk=pk)


def tags(*, text: str = "", sort: str = DEFAULT_ORDER, user: User | None = None) -> QuerySet[Tag]:
    """The tags whose name holds what `text`, normalised, looks for: any of the names that commas separate.

    `user`: whose starred tags come first, marked `starred`.
    """
    name, down = sort.lstrip("-"), sort.startswith("-")
    key = F(name if name in ORDERS else DEFAULT_ORDER)
    order = key.desc(nulls_last=True) if down else key.asc(nulls_last=True)
    wanted = Q()
    for part in parts(text[:LONGEST_QUERY]):
        wanted |= Q(name__contains=part)
    found = Tag.objects.filter(wanted)
    if user is None:
        return found.order_by(order, "name")
    starred = Exists(TagStar.objects.filter(user=user, tag=OuterRef("pk")))
    return found.annotate(starred=starred).order_by("-starred", order, "name")


def suggested(text: str, *, without: Sequence[int] = (), by_use: bool = True) -> list[Tag]:
    """Tags that begin with the last name in `text`, then those that hold it, the most used first or by name."""
    last = parts(text.rsplit(",", 1)[-1][:LONGEST_QUERY])
    order = [F("contacts_count").desc(nulls_last=True), "name"] if by_use else ["name"]
    found = Tag.objects.exclude(pk__in=without).order_by(*order)
    if not last:
        return list(found[:SUGGESTED])
    first = list(found.filter(name__startswith=last[0])[:SUGGESTED])
    more = found.filter(name__contains=last[0]).exclude(name__startswith=last[0])
    return first + list(more[: SUGGESTED - len(first)])


def merges_of(ids: Sequence[int]) -> QuerySet[TagMerge]:
    """The merges still to be done that any of these tags are part of."""
    named = Q(pk__in=[])
    for pk in ids:
        named |= Q(parts__contains=[{"tag": pk}])
    return TagMerge.objects.filter(named, state__in=ACTIVE)


def tag_deletions(*, now: datetime) -> list[TagDeletion]:
    """Of each tag that there is, the last deletion: one under way, or that lately came to nothing."""
    latest = TagDeletion.objects.filter(tag__isnull=False).order_by("tag_id", "-pk").distinct("tag_id")
    return [
        deletion
        for deletion in latest
        if deletion.active
        or (deletion.state in (JobState.FAILED, JobState.ERRORED) and deletion.finished_at > now - TOLD)
    ]


def former_names(tags: Iterable[Tag]) -> dict[int, list[str]]:
    """Of each tag, the names of those that were merged into it, and its own from before a merge gave it another."""
    found: dict[int, list[str]] = {}
    rows = MergedTag.objects.filter(tag__in=[tag.pk for tag in tags]).order_by("name").values_list("tag", "name")
    for pk, name in rows:
        if name not in found.setdefault(pk, []):
            found[pk].append(name)
    for merge in TagMerge.objects.filter(result__in=list(found), state=JobState.DONE):
        found[merge.result_id] = sorted({*found[merge.result_id], *merge.others})
    return found
