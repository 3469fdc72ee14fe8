"""How many contacts have each label: counted every fifteen minutes, and at once for one label when asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min
from pyroaring import BitMap

from contacts.id_sets import bitmap
from tags.models import Category, ContactTag, Tag

COUNTED_EVERY = timedelta(minutes=15)

# Tags that are just being merged, deleted or renamed are passed over, to be counted the next time: else this would wait
# for a merge with the others in its hands, and the merge for one of those.
COUNT_TAGS = """
WITH held AS MATERIALIZED (SELECT id FROM tags_tag ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
UPDATE tags_tag SET counted_at = %(now)s, contacts_count = COALESCE(counted.number, 0)
FROM held LEFT JOIN (SELECT tag_id, count(*) AS number FROM tags_contacttag GROUP BY tag_id) counted
    ON counted.tag_id = held.id
WHERE tags_tag.id = held.id
"""


def count_due(now: datetime) -> datetime | None:
    """The scheduler's look: counts all labels once the oldest count is fifteen minutes old."""
    moments: list[datetime] = []
    for model in (Tag, Category):
        if model.objects.filter(counted_at=None).exists():
            break
        if (oldest := model.objects.aggregate(oldest=Min("counted_at"))["oldest"]) is not None:
            moments.append(oldest)
    else:
        if not moments:
            return None
        if min(moments) + COUNTED_EVERY > now:
            return min(moments) + COUNTED_EVERY
    count_all(now)
    return now + COUNTED_EVERY


def count_all(now: datetime) -> None:
    """Count every tag and every category."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(COUNT_TAGS, {"now": now})
        count_categories(list(Category.objects.all()), now=now)


def count_tag(tag: Tag, *, now: datetime) -> Tag:
    """Count one tag, at once."""
    tag.contacts_count = ContactTag.objects.filter(tag=tag).count()
    tag.counted_at = now
    Tag.objects.filter(pk=tag.pk).update(contacts_count=tag.contacts_count, counted_at=now)  # it may just have gone
    return tag


def count_category(category: Category, *, now: datetime) -> None:
    """Count one category and everything below it, at once."""
    with transaction.atomic():
        count_categories(list(Category.objects.filter(path__startswith=category.path)), now=now)


def count_categories(categories: list[Category], *, now: datetime) -> None:
    """Count these; of each, all that lie below it must be among them.

    One pass over the rows, then unions of bitmaps up the tree: counting distinct contacts per ancestor in SQL would
    sort every row once for each level.
    """
    if not categories:
        return
    own = members_by_category([category.pk for category in categories])
    within = with_below(categories, own)
    for category in categories:
        category.contacts_count, category.subtree_count = len(own[category.pk]), len(within[category.pk])
        category.counted_at = now
    Category.objects.bulk_update(categories, ["contacts_count", "subtree_count", "counted_at"], batch_size=500)


def with_below(categories: Sequence[Category], own: Mapping[int, BitMap]) -> dict[int, BitMap]:
    """Of each category the contacts in it or below it, from those exactly in it (`own`; who is missing has none).

    Of each, all that lie below it must be among them.
    """
    within = {category.pk: own.get(category.pk, BitMap()) for category in categories}
    by_path = {category.path: category.pk for category in categories}
    for category in sorted(categories, key=lambda each: -each.depth):
        parent = by_path.get(category.path[: -Category.steplen])
        if parent is not None:
            within[parent] = within[parent] | within[category.pk]
    return within


def members_by_category(ids: list[int]) -> dict[int, BitMap]:
    """Of each category, the contacts exactly in it."""
    members = {pk: BitMap() for pk in ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT category_id, string_agg(int4send(contact_id), '') FROM tags_contactcategory"
            " WHERE category_id = ANY(%s) GROUP BY category_id",
            [ids],
        )
        for pk, found in cursor.fetchall():
            members[pk] = bitmap(found)
    return members
