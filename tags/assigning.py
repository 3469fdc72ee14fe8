"""Labels on sets of contacts: one statement for a chunk, whatever its size.

Each function gets the ids to be changed and gives back those that really were. Ids of contacts that are gone are
passed over; the others are locked until the end of the transaction, so that none can go before it is committed.
Who does it (`by`, `user`, `action_run_id`) is kept in the history of a category; mass changes of tags leave no
history: 500,000 rows of it would take longer than the tags themselves. What undoing an action goes by is noted for
both, a set for each statement (`contacts.label_writes`); how it is undone is in `tags.undoing`.
"""

from datetime import datetime
from typing import Any

from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import bitmap, id_array
from contacts.label_writes import note_write
from contacts.models import EntryKind, LabelKind
from tags.following import hold_tag, hold_tags
from tags.models import Category, Tag
from tags.tree import readable_path, readable_paths_below
from users.models import User

# Each gives, for each label, the changed ids as one value: a tenth of the time that rows of ids would take. What takes
# labels off for an action also gives the rows as they were: a label put on again has been there as long as before.
ADD_TAG = """
WITH changed AS (
    INSERT INTO tags_contacttag (tag_id, contact_id, assigned_at)
    SELECT %(label)s, id, %(now)s
    FROM (SELECT id FROM contacts_contact WHERE id = ANY(%(ids)s::int[]) ORDER BY id FOR KEY SHARE) present
    ON CONFLICT DO NOTHING RETURNING contact_id
)
SELECT %(label)s, string_agg(int4send(contact_id), ''), NULL FROM changed
"""
REMOVE_TAG = """
WITH changed AS (
    DELETE FROM tags_contacttag WHERE tag_id = %(label)s AND contact_id = ANY(%(ids)s::int[])
    RETURNING contact_id, assigned_at
)
SELECT %(label)s, string_agg(int4send(contact_id), ''),
    json_agg(changed) FILTER (WHERE %(run)s::bigint IS NOT NULL)::text
FROM changed
"""
ADD_CATEGORY = """
WITH changed AS (
    INSERT INTO tags_contactcategory (category_id, contact_id, assigned_at)
    SELECT %(label)s, id, %(now)s
    FROM (SELECT id FROM contacts_contact WHERE id = ANY(%(ids)s::int[]) ORDER BY id FOR KEY SHARE) present
    ON CONFLICT DO NOTHING RETURNING contact_id
), noted AS (
    INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id, action_run_id)
    SELECT contact_id, %(now)s, %(kind)s, %(title)s, '{}', %(by)s, %(user)s, %(run)s FROM changed
)
SELECT %(label)s, string_agg(int4send(contact_id), ''), NULL FROM changed
"""
# A contact may be in several of the categories: an entry for each, the contact counted once.
REMOVE_CATEGORIES = """
WITH titles AS (
    SELECT * FROM unnest(%(labels)s::bigint[], %(titles)s::text[]) AS listed (category_id, title)
), changed AS (
    DELETE FROM tags_contactcategory
    WHERE category_id = ANY(%(labels)s) AND contact_id = ANY(%(ids)s::int[])
    RETURNING contact_id, category_id, assigned_at
), noted AS (
    INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id, action_run_id)
    SELECT contact_id, %(now)s, %(kind)s, title, '{}', %(by)s, %(user)s, %(run)s
    FROM changed JOIN titles USING (category_id)
)
SELECT category_id, string_agg(int4send(contact_id), ''),
    json_agg(changed) FILTER (WHERE %(run)s::bigint IS NOT NULL)::text
FROM changed GROUP BY category_id
"""
HOLD_CATEGORY = "SELECT FROM tags_category WHERE id = %s FOR KEY SHARE"


def assign_tag(contact_ids: BitMap, tag: Tag, *, now: datetime, action_run_id: int | None = None) -> BitMap:
    """Put `tag` on the contacts; those who have it keep the time at which they got it.

    Shape: of `contact_ids`, those that did not have it.
    Raises: Tag.DoesNotExist, if the tag has been deleted. One that was merged meanwhile is the result.
    """
    held = hold_tag(tag.pk)
    given = {"label": held.pk, "now": now, "run": action_run_id}
    return written(ADD_TAG, [held.pk], contact_ids, kind=LabelKind.TAG, given=given)


def remove_tag(contact_ids: BitMap, tag: Tag, *, action_run_id: int | None = None) -> BitMap:
    """Take `tag` off the contacts. Shape: of `contact_ids`, those that had it."""
    held = hold_tags([tag.pk]).get(tag.pk)  # whoever merges it sees all of this or nothing
    if held is None:
        return BitMap()
    given = {"label": held.pk, "run": action_run_id}
    return written(REMOVE_TAG, [held.pk], contact_ids, kind=LabelKind.TAG, given=given)


def assign_category(
    contact_ids: BitMap,
    category: Category,
    *,
    now: datetime,
    by: str,
    user: User | None,
    action_run_id: int | None = None,
) -> BitMap:
    """Put the contacts in exactly this category, with an entry in the history of each, in the same statement.

    Shape: of `contact_ids`, those that were not in it (being below it is something else).
    Raises: Category.DoesNotExist, if the category has been deleted.
    """
    hold(category)
    given = entry(EntryKind.CATEGORY_ADDED, now=now, by=by, user=user, action_run_id=action_run_id)
    given |= {"label": category.pk, "title": readable_path(category)}
    return written(ADD_CATEGORY, [category.pk], contact_ids, kind=LabelKind.CATEGORY, given=given)


def remove_category(
    contact_ids: BitMap,
    category: Category,
    *,
    below: bool = False,
    now: datetime,
    by: str,
    user: User | None,
    action_run_id: int | None = None,
) -> BitMap:
    """Take the contacts out of this category, and with `below` out of every one under it.

    Shape: of `contact_ids`, those that were in one of them. The history names each category they left.
    """
    names = readable_paths_below(category) if below else {category.pk: readable_path(category)}
    given = entry(EntryKind.CATEGORY_REMOVED, now=now, by=by, user=user, action_run_id=action_run_id)
    given |= {"labels": list(names), "titles": list(names.values())}
    return written(REMOVE_CATEGORIES, list(names), contact_ids, kind=LabelKind.CATEGORY, given=given)


def hold(label: Tag | Category) -> None:
    """Keep the label from being deleted before this transaction ends.

    Raises: Tag.DoesNotExist or Category.DoesNotExist.
    """
    if isinstance(label, Tag):
        hold_tag(label.pk)
        return
    with connection.cursor() as cursor:
        cursor.execute(HOLD_CATEGORY, [label.pk])
        if cursor.fetchone() is None:
            raise Category.DoesNotExist(f"{label} has been deleted")


def entry(kind: EntryKind, *, now: datetime, by: str, user: User | None, action_run_id: int | None) -> dict[str, Any]:
    """What every entry of the history holds."""
    return {"kind": kind.value, "now": now, "by": by, "user": user and user.pk, "run": action_run_id}


def written(sql: str, labels: list[int], contact_ids: BitMap, *, kind: LabelKind, given: dict[str, Any]) -> BitMap:
    """Runs the statement and notes it for those who undo; the contacts that it changed.

    An action has written what it changed. Anybody else has said how it is to be of everyone named, those included who
    were so already: undoing an action goes by that too.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, given | {"ids": id_array(contact_ids)})
        rows = [(label, bitmap(ids), before) for label, ids, before in cursor.fetchall()]
    run = given["run"]
    if run is None:
        for label in labels:
            note_write(kind, label, contact_ids)
    else:
        for label, changed, before in rows:
            note_write(kind, label, changed, at=given.get("now"), action_run_id=run, before=before)
    return BitMap.union(BitMap(), *(changed for _label, changed, _before in rows))
