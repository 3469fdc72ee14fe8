"""Who has a label, kept in the cache for as long as it is true.

A set is kept with the number below which every transaction had ended when it was read. It is right as long as no change
of its label is seen that a transaction from that number on has made: later ones have greater numbers, and those that
were under way then are not below it. So it is exact in every snapshot, whatever the order of commits.

Numbers are those of one run of the server, and changes those of one table: a restored backup is another run, or has
other tables, and what was kept before is not found any more.
"""

from collections.abc import Callable, Sequence

from django.core.cache import cache
from django.db import connection
from pyroaring import BitMap

from mirror.snapshots import RUN

TABLES = {"tag": "tags_contacttag", "category": "tags_contactcategory", "consent": "contacts_contactconsent"}
KEPT_S = 3600  # no longer than changes are remembered for (mirror.purging)

Read = Callable[[Sequence[int]], dict[int, BitMap]]


def holders(kind: str, labels: Sequence[int], *, state: str = "", read: Read) -> dict[int, BitMap]:
    """The contacts of each label; `read` finds those that are not kept. `state`: the answer, of a consent.

    In two queries for any number of labels, and one more for those that are not kept.
    """
    settled, table, changes = _changes(kind, labels)
    keys = {label: f"label:{table}:{state}:{label}" for label in labels}
    kept = cache.get_many(keys.values())
    found: dict[int, BitMap] = {}
    for label in labels:
        since, packed = kept.get(keys[label], (0, b""))
        if settled >= since > max(changes.get(label, 0), changes.get(0, 0)):  # no newer than this snapshot
            found[label] = BitMap.deserialize(packed)
    missing = [label for label in labels if label not in found]
    if missing:
        fresh = {label: BitMap() for label in missing} | read(missing)
        found |= fresh
        cache.set_many(
            {
                keys[label]: (settled, ids.serialize())
                for label, ids in fresh.items()
                if settled > max(changes.get(label, 0), changes.get(0, 0))
            },
            KEPT_S,
        )
    return found


def _changes(kind: str, labels: Sequence[int]) -> tuple[int, str, dict[int, int]]:
    """Below which number every transaction has ended, and the last change of each label. Before anything is read.

    In between, where these hold: which table it is, in which run of the server.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, {RUN}, pg_relation_filenode(%s::regclass)",
            [TABLES[kind]],
        )
        settled, run, file = cursor.fetchone()
        cursor.execute(
            "SELECT label_id, max(written) FROM mirror_labelchange WHERE kind = %s AND label_id = ANY (%s)"
            " GROUP BY label_id",
            [kind, [0, *labels]],
        )
        return settled, f"{kind}:{run}:{file}", dict(cursor.fetchall())
