"""Tags by ids that may be of yesterday: whoever took one in hand before it was merged is led to what it became."""

from collections.abc import Iterable

from django.db import connection

from tags.models import MergedTag, Tag

HOLD = "SELECT id, name FROM tags_tag WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
HOLD_ALONE = "SELECT id, name FROM tags_tag WHERE id = ANY(%s) ORDER BY id FOR UPDATE"


def tag_now(pk: int) -> Tag:
    """The tag with that id, or the one it was merged into.

    Raises: Tag.DoesNotExist.
    """
    tag = Tag.objects.filter(pk=pk).first() or Tag.objects.filter(merged=pk).first()
    if tag is None:
        raise Tag.DoesNotExist(f"no tag {pk}")
    return tag


def pk_now(pk: int) -> int:
    """The id that stands for it now; its own, also of a tag that has been deleted."""
    return MergedTag.objects.filter(pk=pk).values_list("tag", flat=True).first() or pk


def hold_tags(ids: Iterable[int], *, alone: bool = False) -> dict[int, Tag]:
    """The tags, kept until this transaction ends from being deleted, merged or renamed; by the ids asked for.

    `alone`: others don't put them on anybody meanwhile either. Who is merging one of them is waited for, and the
    result is held in its place. Those that are gone are left out. All at once and in the order of ids: two that hold
    several never wait for each other.
    """
    wanted = {pk: pk for pk in ids}
    held: dict[int, Tag] = {}
    while missing := set(wanted.values()) - held.keys():
        with connection.cursor() as cursor:
            cursor.execute(HOLD_ALONE if alone else HOLD, [sorted(missing)])
            held |= {pk: Tag(pk=pk, name=name) for pk, name in cursor.fetchall()}
        gone = missing - held.keys()
        became = dict(MergedTag.objects.filter(pk__in=gone).values_list("pk", "tag")) if gone else {}
        wanted = {asked: became.get(pk, pk) for asked, pk in wanted.items() if pk not in gone or pk in became}
    return {asked: held[pk] for asked, pk in wanted.items()}


def hold_tag(pk: int, *, alone: bool = False) -> Tag:
    """As `hold_tags`, of one.

    Raises: Tag.DoesNotExist.
    """
    found = hold_tags([pk], alone=alone)
    if pk not in found:
        raise Tag.DoesNotExist(f"tag {pk} has been deleted")
    return found[pk]
