"""Add a tag to 500,000 of a million contacts: our run against one bare INSERT … SELECT, in turns.

`DATABASE_URL=… python bench/actions.py [contacts] [pairs]`
"""

import sys
from secrets import token_hex

from made import compare, make_account

CONTACTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
PAIRS = int(sys.argv[2]) if len(sys.argv) > 2 else 5


def main() -> None:
    make_account(CONTACTS)
    from django.db import connection
    from pyroaring import BitMap

    from actions.services import plan_action
    from jobs.services import run
    from tags.models import ContactTag, Tag
    from tests.support.audiences import NOW, ready_segment

    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM contacts_contact")
        first, last = cursor.fetchone()
    half = BitMap(range(first, last + 1, 2))

    def cleared(name: str) -> Tag:
        tag, _made = Tag.objects.get_or_create(name=name)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM tags_contacttag WHERE tag_id = %s", [tag.pk])
            cursor.execute("VACUUM ANALYZE tags_contacttag")
        return tag

    def planned(tag: Tag) -> int:
        segment = ready_segment(half, name=token_hex(8))
        params = {"tag": tag.pk, "name": tag.name}
        return plan_action(segment, kind="add_tag", params=params, now=NOW, by=None).runs.get().pk

    def bare(tag: Tag) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO tags_contacttag (tag_id, contact_id, assigned_at)"
                " SELECT %s, id, now() FROM contacts_contact WHERE id %% 2 = %s",
                [tag.pk, first % 2],
            )

    # Both are made anew before each measurement, outside it.
    ours_ready: list[int] = []
    bare_ready: list[Tag] = []

    def prepare() -> None:
        ours_ready.append(planned(cleared("OURS")))
        bare_ready.append(cleared("BARE"))

    told = compare(
        lambda: run("action", ours_ready[-1], now=NOW), lambda: bare(bare_ready[-1]), pairs=PAIRS, prepare=prepare
    )
    count = ContactTag.objects.filter(tag__name="OURS").count()
    print(f"tag on {count:,} against one bare INSERT … SELECT: {told}")


main()
