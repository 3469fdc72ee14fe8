"""Tags that contacts once had and have lost: what a year of work leaves behind, so that there is a past to be seen.

Drawn by plain arithmetic on ids, in one statement: of contacts without a tag about one in a hundred had it, and lost it
at noon of one of the days of the last year.
"""

from datetime import datetime

from django.db import connection

ONE_IN = 97
LOST = """
INSERT INTO tags_pasttag (tag_id, contacts, since, span, removed_at)
SELECT tag_id, array_agg(contact ORDER BY contact), array_agg(since ORDER BY contact),
    int4range(min(contact)::int, max(contact)::int, '[]'), lost
FROM (
    SELECT tag.id AS tag_id, c.id AS contact, lost,
        greatest(c.created_at, lost - (20 + (c.id * 7 + tag.id * 5) %% 500) * interval '1 day') AS since
    FROM tags_tag tag
    JOIN contacts_contact c ON c.id %% {one_in} = (tag.id * 17) %% {one_in}
    CROSS JOIN LATERAL (
        SELECT date_trunc('day', %(now)s::timestamptz) - (1 + (c.id / {one_in} * 13 + tag.id) %% 360) * interval '1 day'
            + interval '12 hours' AS lost
    ) drawn
    WHERE c.created_at < lost - interval '1 day'
        AND NOT EXISTS (SELECT FROM tags_contacttag link WHERE link.tag_id = tag.id AND link.contact_id = c.id)
) had
GROUP BY tag_id, lost
"""
KNOWN = "UPDATE tags_pastknown SET since = COALESCE((SELECT min(created_at) FROM contacts_contact), since)"


def lose_tags(now: datetime) -> None:
    """Writes down who lost which tag when, and that it has been written down for as long as there are contacts."""
    with connection.cursor() as cursor:
        cursor.execute(LOST.format(one_in=ONE_IN), {"now": now})
        cursor.execute(KNOWN)
