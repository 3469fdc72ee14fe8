"""Labels of contacts that are merged into one: it has all of them, each since the first of them had it."""

from typing import Any

from django.db import connection
from pyroaring import BitMap

from contacts.hooks import Merge
from contacts.label_writes import note_write
from contacts.models import LabelKind
from tags.models import Tag
from tags.tree import readable_paths

TABLES = {LabelKind.TAG: ("tags_contacttag", "tag_id"), LabelKind.CATEGORY: ("tags_contactcategory", "category_id")}
PAST = ("tags_pasttag", "tags_pastcategory")
# Before the contacts are, as everybody who labels them does it: a label that is being deleted is waited for.
HOLD = """
SELECT FROM {labels} WHERE id IN (SELECT {label} FROM {table} WHERE contact_id = ANY (%s::int[]))
ORDER BY id FOR KEY SHARE
"""
MOVE = """
WITH had AS (
    DELETE FROM {table} WHERE contact_id = ANY (%(others)s::int[]) RETURNING {label}, assigned_at
), earliest AS (
    SELECT {label}, min(assigned_at) AS assigned_at FROM had GROUP BY {label}
)
INSERT INTO {table} AS link ({label}, contact_id, assigned_at)
SELECT {label}, %(kept)s, assigned_at FROM earliest ORDER BY {label}
ON CONFLICT ({label}, contact_id) DO UPDATE SET assigned_at = least(link.assigned_at, EXCLUDED.assigned_at)
RETURNING new.{label}, old.{label} IS NULL
"""
# What the others once had, the kept one once had. What they have is moved, not lost: that it left them goes with them.
MOVE_PAST = """
UPDATE {past} SET contacts = array_replace(contacts, %(other)s::int, %(kept)s::int),
    span = range_merge(span, int4range(%(kept)s::int, %(kept)s::int, '[]'))
WHERE span @> %(other)s::int AND %(other)s::int = ANY (contacts)
"""


def hold_labels(contacts: list[int]) -> None:
    with connection.cursor() as cursor:
        for kind, (table, label) in TABLES.items():
            labels = "tags_tag" if kind == LabelKind.TAG else "tags_category"
            cursor.execute(HOLD.format(labels=labels, label=label, table=table), [contacts])


def move_labels(merge: Merge) -> dict[str, Any]:
    """The labels that the kept contact did not have, by name.

    What an action put on is not changed back any more where another record had it too.
    """
    move_past(merge)
    added: dict[LabelKind, list[int]] = {}
    for kind, (table, label) in TABLES.items():
        with connection.cursor() as cursor:
            cursor.execute(MOVE.format(table=table, label=label), {"kept": merge.kept, "others": merge.others})
            rows = cursor.fetchall()
        added[kind] = [pk for pk, is_new in rows if is_new]
        for pk, _is_new in rows:
            note_write(kind, pk, BitMap([merge.kept]))
    paths = readable_paths(added[LabelKind.CATEGORY])
    told = {
        "tags": sorted(Tag.objects.filter(pk__in=added[LabelKind.TAG]).values_list("name", flat=True)),
        "categories": sorted(paths.values()),
    }
    return {name: labels for name, labels in told.items() if labels}


def move_past(merge: Merge) -> None:
    with connection.cursor() as cursor:
        for past in PAST:
            for other in merge.others:
                cursor.execute(MOVE_PAST.format(past=past), {"kept": merge.kept, "other": other})
