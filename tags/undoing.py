"""Labels changed back: what an action put on is taken off, what it took off is put on again as it was.

While a chunk is undone nobody puts the label on anyone (`hold_alone`), so that what was found to be still the action's
is so when it is changed. Taking off goes on meanwhile: each statement sees by itself that a row is gone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from pyroaring import BitMap

from contacts.holding import holders
from contacts.id_sets import bitmap, id_array
from contacts.label_writes import note_write, rows_before, standing, written_by
from contacts.models import Contact, EntryKind, LabelKind, LabelWrite
from tags.assigning import entry
from tags.following import hold_tag, pk_now
from tags.models import Category, ContactCategory, ContactTag, Tag
from tags.tree import readable_path, readable_paths
from users.models import User

TAKE_TAG_OFF = """
WITH changed AS (
    DELETE FROM tags_contacttag
    WHERE tag_id = %(label)s AND contact_id = ANY(%(ids)s::int[]) AND assigned_at = ANY(%(times)s) RETURNING contact_id
)
SELECT %(label)s, string_agg(int4send(contact_id), '') FROM changed
"""
TAKE_CATEGORY_OFF = """
WITH changed AS (
    DELETE FROM tags_contactcategory
    WHERE category_id = %(label)s AND contact_id = ANY(%(ids)s::int[]) AND assigned_at = ANY(%(times)s)
    RETURNING contact_id
), noted AS (
    INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id, action_run_id)
    SELECT contact_id, %(now)s, %(kind)s, %(title)s, '{"undo": true}', %(by)s, %(user)s, %(run)s FROM changed
)
SELECT %(label)s, string_agg(int4send(contact_id), '') FROM changed
"""
PRESENT = "(SELECT id FROM contacts_contact WHERE id = ANY(%(ids)s::int[]) ORDER BY id FOR KEY SHARE) present"
PUT_TAG_ON = f"""
WITH changed AS (
    INSERT INTO tags_contacttag (tag_id, contact_id, assigned_at)
    SELECT %(label)s, id, assigned_at
    FROM {PRESENT}
    JOIN (SELECT row.* FROM unnest(%(before)s::jsonb[]) AS part,
            jsonb_to_recordset(part) AS row (contact_id int, assigned_at timestamptz)) had ON had.contact_id = id
    ON CONFLICT DO NOTHING RETURNING contact_id
)
SELECT %(label)s, string_agg(int4send(contact_id), '') FROM changed
"""  # noqa: S608 (our own text)
PUT_CATEGORIES_ON = f"""
WITH titles AS (
    SELECT * FROM unnest(%(labels)s::bigint[], %(titles)s::text[]) AS listed (category_id, title)
), changed AS (
    INSERT INTO tags_contactcategory (category_id, contact_id, assigned_at)
    SELECT category_id, id, assigned_at
    FROM {PRESENT}
    JOIN (SELECT row.* FROM unnest(%(before)s::jsonb[]) AS part,
            jsonb_to_recordset(part) AS row (contact_id int, category_id bigint, assigned_at timestamptz)) had
        ON had.contact_id = id
    ON CONFLICT DO NOTHING RETURNING contact_id, category_id
), noted AS (
    INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id, action_run_id)
    SELECT contact_id, %(now)s, %(kind)s, title, '{{"undo": true}}', %(by)s, %(user)s, %(run)s
    FROM changed JOIN titles USING (category_id)
)
SELECT category_id, string_agg(int4send(contact_id), '') FROM changed GROUP BY category_id
"""  # noqa: S608 (our own text)
HOLD_CATEGORIES = "SELECT id FROM tags_category WHERE id = ANY(%s) ORDER BY id FOR UPDATE"


# --- what can be changed back: changes nothing ---------------------------------------------------------------
def tag_still_on(ids: BitMap, tag: int, *, action_run_id: int) -> BitMap:
    """Those of `ids` that have the tag from this run, and from nobody since."""
    if not ids:
        return BitMap()
    tag = pk_now(tag)
    links = ContactTag.objects.filter(tag=tag, assigned_at__in=times(action_run_id, LabelKind.TAG, ids))
    return standing(action_run_id, LabelKind.TAG, tag, ids) & holders(links, ids)


def tag_still_off(ids: BitMap, tag: int, *, action_run_id: int) -> BitMap:
    """Those of `ids`, as far as they exist, that this run took the tag off and nobody has put it on since."""
    tag = pk_now(tag)
    ids = standing(action_run_id, LabelKind.TAG, tag, ids)
    return holders(Contact.objects.all(), ids, column="pk") - holders(ContactTag.objects.filter(tag=tag), ids)


def category_still_on(ids: BitMap, category: int, *, action_run_id: int) -> BitMap:
    """Those of `ids` that are in the category by this run, and by nobody since."""
    if not ids:
        return BitMap()
    at = times(action_run_id, LabelKind.CATEGORY, ids)
    links = ContactCategory.objects.filter(category=category, assigned_at__in=at)
    return standing(action_run_id, LabelKind.CATEGORY, category, ids) & holders(links, ids)


def categories_still_off(ids: BitMap, *, action_run_id: int) -> BitMap:
    """Those of `ids`, as far as they exist, that are still out of every category that this run took them out of.

    All or nothing for each contact: whom somebody has put back in one of them since, or who was in one that is deleted
    now, is left as they are.
    """
    if not ids:
        return BitMap()
    taken = taken_out_of(action_run_id, ids)
    there = set(Category.objects.filter(pk__in=taken).values_list("pk", flat=True))
    left = BitMap()
    for category, contacts in taken.items():
        mine = contacts & ids
        still = standing(action_run_id, LabelKind.CATEGORY, category, mine) if category in there else BitMap()
        left |= mine - (still - holders(ContactCategory.objects.filter(category=category), still))
    return holders(Contact.objects.all(), ids & BitMap.union(BitMap(), *taken.values()) - left, column="pk")


def taken_out_of(action_run_id: int, ids: BitMap) -> dict[int, BitMap]:
    """Whom the run took out of which category."""
    taken: dict[int, BitMap] = {}
    writes = written_by(action_run_id, ids).filter(kind=LabelKind.CATEGORY)
    for category, packed in writes.values_list("label_id", "contacts"):
        taken[category] = taken.get(category, BitMap()) | BitMap.deserialize(bytes(packed))
    return taken


def categories_taken(action_run_id: int) -> set[int]:
    """The categories that the run took anybody out of, as far as there still are."""
    taken = LabelWrite.objects.filter(action_run_id=action_run_id, kind=LabelKind.CATEGORY, undone=False)
    return set(Category.objects.filter(pk__in=taken.values("label_id")).values_list("pk", flat=True))


def times(action_run_id: int, kind: LabelKind, ids: BitMap) -> list[datetime]:
    """The times that the run wrote into its rows: no other row is its own."""
    return [
        at for at in written_by(action_run_id, ids).filter(kind=kind).values_list("at", flat=True) if at is not None
    ]


# --- changing it back ----------------------------------------------------------------------------------------
def take_tag_back(ids: BitMap, tag: Tag, *, action_run_id: int) -> BitMap:
    """Takes off the tag that this run put on. Shape: of `ids`, those changed back.

    Raises: Tag.DoesNotExist.
    """
    tag = hold_tag(tag.pk, alone=True)
    back = tag_still_on(ids, tag.pk, action_run_id=action_run_id)
    given = {"label": tag.pk, "times": times(action_run_id, LabelKind.TAG, back) if back else []}
    return undone(TAKE_TAG_OFF, LabelKind.TAG, back, given, action_run_id=action_run_id)


def put_tag_back(ids: BitMap, tag: Tag, *, action_run_id: int) -> BitMap:
    """Puts on again the tag that this run took off, since when it was. Shape: of `ids`, those changed back.

    Raises: Tag.DoesNotExist.
    """
    tag = hold_tag(tag.pk, alone=True)
    back = tag_still_off(ids, tag.pk, action_run_id=action_run_id)
    given = {"label": tag.pk, "before": before(action_run_id, LabelKind.TAG, back)}
    return undone(PUT_TAG_ON, LabelKind.TAG, back, given, action_run_id=action_run_id)


def take_category_back(
    ids: BitMap, category: Category, *, action_run_id: int, now: datetime, by: str, user: User | None
) -> BitMap:
    """Takes the contacts out that this run put in, with their history. Shape: of `ids`, those changed back.

    Raises: Category.DoesNotExist.
    """
    hold_alone(category)
    back = category_still_on(ids, category.pk, action_run_id=action_run_id)
    given = entry(EntryKind.CATEGORY_REMOVED, now=now, by=by, user=user, action_run_id=action_run_id)
    given |= {"label": category.pk, "title": readable_path(category)}
    given |= {"times": times(action_run_id, LabelKind.CATEGORY, back) if back else []}
    return undone(TAKE_CATEGORY_OFF, LabelKind.CATEGORY, back, given, action_run_id=action_run_id)


def put_categories_back(
    ids: BitMap, category: Category, *, action_run_id: int, now: datetime, by: str, user: User | None
) -> BitMap:
    """Puts the contacts back in `category` and those below it, as far as this run took them out, with their history.

    Shape: of `ids`, those changed back.
    Raises: Category.DoesNotExist.
    """
    labels = sorted({category.pk, *taken_out_of(action_run_id, ids)}) if ids else [category.pk]
    hold_alone(category, *Category.objects.filter(pk__in=labels).exclude(pk=category.pk))
    back = categories_still_off(ids, action_run_id=action_run_id)
    titles = readable_paths(labels)
    given = entry(EntryKind.CATEGORY_ADDED, now=now, by=by, user=user, action_run_id=action_run_id)
    given |= {"labels": list(titles), "titles": list(titles.values())}
    given |= {"before": before(action_run_id, LabelKind.CATEGORY, back)}
    return undone(PUT_CATEGORIES_ON, LabelKind.CATEGORY, back, given, action_run_id=action_run_id)


def hold_alone(category: Category, *more: Category) -> None:
    """Until this transaction ends nobody is put into the category by others, and it is not deleted.

    Raises: Category.DoesNotExist; those of `more` that are gone are passed over.
    """
    with connection.cursor() as cursor:
        wanted = [category.pk, *(each.pk for each in more)]
        cursor.execute(HOLD_CATEGORIES, [wanted])
        if category.pk not in {pk for (pk,) in cursor.fetchall()}:
            raise Category.DoesNotExist(f"{category} has been deleted")


def before(action_run_id: int, kind: LabelKind, ids: BitMap) -> list[str]:
    """The rows that the run took away, of those who are to have them again and of others."""
    found: Iterable[LabelWrite] = written_by(action_run_id, ids).filter(kind=kind) if ids else []
    return rows_before(found)


def undone(sql: str, kind: LabelKind, ids: BitMap, given: dict[str, Any], *, action_run_id: int) -> BitMap:
    """Runs the statement for `ids` and notes it; the contacts that it changed."""
    if not ids:
        return BitMap()
    with connection.cursor() as cursor:
        cursor.execute(sql, given | {"ids": id_array(ids)})
        rows = [(label, bitmap(packed)) for label, packed in cursor.fetchall()]
    for label, contacts in rows:
        note_write(kind, label, contacts, action_run_id=action_run_id, undone=True)
    return BitMap.union(BitMap(), *(contacts for _label, contacts in rows))
