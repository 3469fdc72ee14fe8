"""Writing the ways of contacts through a sunset: each in the transaction of the chunk that changed the contacts."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from pyroaring import BitMap

from contacts.id_sets import id_array
from sunset.models import Passage, Sunset
from tags.following import pk_now
from tags.models import ContactTag

# Who got the tag although it was on its way already (somebody took it off by hand) begins anew.
LEAVE = """
UPDATE sunset_passage
SET current = false, ended_at = COALESCE(ended_at, %(now)s),
    outcome = CASE outcome WHEN '' THEN 'other' ELSE outcome END
WHERE sunset_id = %(sunset)s AND contact_id = ANY(%(ids)s::int[]) AND current
"""
ENTER = """
INSERT INTO sunset_passage (sunset_id, contact_id, tagged_at, outcome, current)
SELECT %(sunset)s, id, %(now)s, '', true FROM unnest(%(ids)s::int[]) AS listed (id) ORDER BY id
"""
WITHDRAW = """
UPDATE sunset_passage SET withdrawn_at = %(now)s, outcome = 'withdrawn'
WHERE sunset_id = %(sunset)s AND contact_id = ANY(%(ids)s::int[]) AND current AND outcome = ''
"""
END = """
UPDATE sunset_passage passage
SET ended_at = %(now)s, run_id = %(run)s, back_at = listed.at,
    outcome = CASE WHEN outcome <> '' THEN outcome WHEN listed.at IS NULL THEN 'other' ELSE 'back' END
FROM unnest(%(ids)s::int[], %(at)s::timestamptz[]) AS listed (id, at)
WHERE sunset_id = %(sunset)s AND contact_id = listed.id AND current AND ended_at IS NULL
"""
# The tag that the sunset gave is off: by hand, by an import, by another action. Put on again it is not the sunset's.
LOSE = """
UPDATE sunset_passage passage
SET ended_at = %(now)s, outcome = CASE outcome WHEN '' THEN 'other' ELSE outcome END
WHERE sunset_id = %(sunset)s AND current AND ended_at IS NULL AND NOT EXISTS (
    SELECT FROM tags_contacttag link
    WHERE link.tag_id = %(tag)s AND link.contact_id = passage.contact_id AND link.assigned_at <= passage.tagged_at
)
"""
# Undone: the tag was never given; the consent is given again; the tag is on again.
NEVER = """
UPDATE sunset_passage
SET ended_at = COALESCE(ended_at, %(now)s), outcome = CASE outcome WHEN '' THEN 'other' ELSE outcome END
WHERE sunset_id = %(sunset)s AND contact_id = ANY(%(ids)s::int[]) AND current
"""
NOT_WITHDRAWN = """
UPDATE sunset_passage
SET withdrawn_at = NULL,
    outcome = CASE WHEN ended_at IS NULL THEN '' WHEN back_at IS NULL THEN 'other' ELSE 'back' END
WHERE sunset_id = %(sunset)s AND contact_id = ANY(%(ids)s::int[]) AND current AND outcome = 'withdrawn'
"""
GO_ON = """
UPDATE sunset_passage
SET ended_at = NULL, back_at = NULL, run_id = NULL,
    outcome = CASE WHEN withdrawn_at IS NULL THEN '' ELSE 'withdrawn' END
WHERE sunset_id = %(sunset)s AND contact_id = ANY(%(ids)s::int[]) AND current AND run_id = %(run)s
"""


def on_the_way(sunset: Sunset) -> QuerySet[Passage]:
    """Those who have the tag from the sunset, and have had it ever since: one put on later is from somebody else."""
    own = ContactTag.objects.filter(
        tag=pk_now(sunset.tag_id), contact=OuterRef("contact"), assigned_at__lte=OuterRef("tagged_at")
    )
    return Passage.objects.filter(Exists(own), sunset=sunset, current=True, ended_at=None)


def since_when(sunset: Sunset) -> QuerySet[Passage, tuple[int, datetime]]:
    """Everybody on the way, and since when; the longest first."""
    return on_the_way(sunset).order_by("tagged_at", "contact_id").values_list("contact_id", "tagged_at")


def tagged_since(sunset: Sunset, ids: BitMap) -> dict[int, datetime]:
    """Of those of `ids` who are on the way, since when."""
    rows = on_the_way(sunset).filter(contact_id__in=list(ids))
    return dict(rows.values_list("contact_id", "tagged_at"))


def waiting_since(waiting: Mapping[int, BitMap]) -> dict[int, dict[int, datetime]]:
    """By sunset, since when each of those is on the way who are known to be. One query, however many sunsets."""
    everybody = BitMap.union(BitMap(), *waiting.values())
    rows = Passage.objects.filter(sunset__in=list(waiting), contact__in=list(everybody), current=True, ended_at=None)
    found: dict[int, dict[int, datetime]] = {}
    for sunset, contact, at in rows.values_list("sunset", "contact", "tagged_at"):
        if contact in waiting[sunset]:
            found.setdefault(sunset, {})[contact] = at
    return found


def waited(since: Mapping[int, datetime], *, wait: int, today: date, zone: ZoneInfo) -> BitMap:
    """Those on whom the tag has been for `wait` days: given on the 1st, 14 days are over on the 15th."""
    return BitMap(pk for pk, at in since.items() if (today - at.astimezone(zone).date()).days >= wait)


def enter(sunset: int, ids: BitMap, *, now: datetime) -> None:
    """They have just got the tag."""
    run(LEAVE, sunset, ids, now=now)
    run(ENTER, sunset, ids, now=now)


def withdraw(sunset: int, ids: BitMap, *, now: datetime) -> None:
    """A consent of theirs has just been withdrawn."""
    run(WITHDRAW, sunset, ids, now=now)


def end(sunset: int, back: Mapping[int, datetime | None], *, now: datetime, by_run: int | None = None) -> None:
    """They have just lost the tag. `back`: what each did first since it was given; None: nothing."""
    if back:
        given: dict[str, Any] = {
            "sunset": sunset,
            "ids": list(back),
            "at": list(back.values()),
            "now": now,
            "run": by_run,
        }
        with connection.cursor() as cursor:
            cursor.execute(END, given)


def lose(sunset: Sunset, *, now: datetime) -> None:
    """Ends the ways of all who have lost the tag otherwise than by this sunset."""
    with connection.cursor() as cursor:
        cursor.execute(LOSE, {"sunset": sunset.pk, "tag": pk_now(sunset.tag_id), "now": now})


def undo_enter(sunset: int, ids: BitMap, *, now: datetime) -> None:
    """Giving the tag was undone."""
    run(NEVER, sunset, ids, now=now)


def undo_withdraw(sunset: int, ids: BitMap) -> None:
    """Withdrawing was undone."""
    run(NOT_WITHDRAWN, sunset, ids)


def undo_end(sunset: int, ids: BitMap, *, by_run: int) -> None:
    """Taking the tag off was undone."""
    run(GO_ON, sunset, ids, run=by_run)


def run(statement: str, sunset: int, ids: BitMap, **given: Any) -> None:
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"sunset": sunset, "ids": id_array(ids), **given})
