"""Two tags become one: our merge against one bare INSERT … SELECT of as many rows, in turns.

`DATABASE_URL=… python bench/merging.py [contacts] [pairs] [overlap in %]`

Each tag is on half of the contacts and a share of the other half, so that they have a million assignments together.
"""

import sys
from secrets import token_hex

from made import compare, make_account

CONTACTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
PAIRS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
OVERLAP = int(sys.argv[3]) if len(sys.argv) > 3 else 0

PUT_ON = """
INSERT INTO tags_contacttag (tag_id, contact_id, assigned_at)
SELECT %s, id, now() - id * interval '1 second' FROM contacts_contact WHERE id %% 2 = %s OR id %% 100 < %s
"""


def main() -> None:
    make_account(CONTACTS)
    from django.db import connection

    from jobs.services import run
    from tags.merging import ask_merge
    from tags.models import ContactTag, Tag, TagMerge
    from tests.factories import NOW

    def made(half: int) -> Tag:
        tag = Tag.objects.create(name=token_hex(8).upper(), contacts_count=CONTACTS // 2)
        with connection.cursor() as cursor:
            cursor.execute(PUT_ON, [tag.pk, half, OVERLAP])
        return tag

    merges: list[TagMerge] = []
    bare: list[Tag] = []

    def prepare() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE tags_contacttag")
            Tag.objects.all().delete()
            one, two = made(0), made(1)
            bare.append(Tag.objects.create(name=token_hex(8).upper()))
            cursor.execute("VACUUM ANALYZE tags_contacttag")
        merges.append(ask_merge([one, two], token_hex(8), now=NOW, by="bench", user=None))

    def insert() -> None:
        with connection.cursor() as cursor:
            cursor.execute(PUT_ON, [bare[-1].pk, 0, OVERLAP])

    told = compare(lambda: run("tag_merge", merges[-1].pk, now=NOW), insert, pairs=PAIRS, prepare=prepare)
    merge = TagMerge.objects.get(pk=merges[-1].pk)
    links = ContactTag.objects.filter(tag=merge.result).count()
    print(f"{merge.state}: {links:,} contacts, {merge.several:,} of both; against one bare INSERT … SELECT: {told}")


main()
