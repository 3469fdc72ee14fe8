"""What has become of those whom a sunset gave its tag: sets of contacts by stage and by week, cut to what is seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import bitmap
from contacts.sight import within
from segmentation.criteria import Context, CriteriaError, parse
from segmentation.engine import evaluate, snapshot
from sunset.looking import first_signs
from sunset.models import Stage, Sunset
from sunset.passages import waiting_since
from sunset.standing import Around, around

MESSAGE, BACK, WITHDRAWN, OTHER, GOT = STAGES = ("message", "back", "withdrawn", "other", "tagged")
WEEKS = 12

# A tag put on later than the sunset gave its own is somebody else's: that one was taken off (`passages.on_the_way`).
STATES = """
SELECT sunset_id, CASE
        WHEN outcome <> '' THEN outcome
        WHEN ended_at IS NOT NULL THEN 'other'
        WHEN asked.tag IS NULL OR link.assigned_at <= passage.tagged_at THEN ''
        ELSE 'other'
    END AS state, string_agg(int4send(passage.contact_id), '')
FROM unnest(%s::bigint[], %s::bigint[]) AS asked (sunset_id, tag)
JOIN sunset_passage passage USING (sunset_id)
LEFT JOIN tags_contacttag link ON link.tag_id = asked.tag AND link.contact_id = passage.contact_id
WHERE current GROUP BY 1, 2
"""
RETURNS = """
SELECT sunset_id, string_agg(int4send(contact_id), '' ORDER BY id),
    string_agg(int4send(extract(epoch FROM back_at - tagged_at)::int), '' ORDER BY id)
FROM sunset_passage WHERE sunset_id = ANY(%s) AND current AND outcome = 'back' GROUP BY 1
"""
# One pass over the sunset's rows, however much happened to each.
EVENTS = """
SELECT what, date_trunc('week', at AT TIME ZONE %(zone)s)::date, string_agg(int4send(contact_id), '')
FROM sunset_passage, LATERAL (VALUES
    ('tagged', tagged_at),
    ('back', CASE WHEN outcome = 'back' THEN back_at END),
    ('withdrawn', CASE WHEN outcome = 'withdrawn' THEN withdrawn_at END)
) happened (what, at)
WHERE sunset_id = %(sunset)s AND at IS NOT NULL
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Standing:
    """The contacts of a sunset, each in one set by its last way through it. `tagged`: all of them.

    Of one that has ended as it stood then: nobody comes back to what is over.
    returning: in the message stage, and back by now; their tag goes with the next refresh. They are among `back`.
    """

    message: BitMap
    back: BitMap
    withdrawn: BitMap
    other: BitMap
    returning: BitMap

    @property
    def tagged(self) -> BitMap:
        return self.message | self.back | self.withdrawn | self.other

    def stage(self, name: str) -> BitMap:
        found: BitMap = getattr(self, name)
        return found


@dataclass(frozen=True)
class Week:
    """What happened in the week that begins on `first`, a Monday: how many contacts."""

    first: date
    tagged: int
    back: int
    withdrawn: int


def standings(
    sunsets: Sequence[Sunset], *, now: datetime, zone: ZoneInfo, mask: BitMap | None, known: Around | None = None
) -> dict[int, Standing]:
    """Of each, by its id, in one snapshot. Who came back since the last refresh counts as back.

    Somebody who loses the tag with the next refresh costs a look at their rows, and their sunset a query.

    known: what they depend on, if it has been read.
    """
    known = known or around(sunsets)
    with snapshot():
        rows = states(sunsets, known)
        context = Context(now=now, zone=zone, mask=mask)
        kept = {
            each.pk: {
                state: within(members, mask) & context.everyone for state, members in rows.get(each.pk, {}).items()
            }
            for each in sunsets
        }
        waiting = [each for each in sunsets if not each.ended and kept[each.pk].get("")]
        if names := [tag.name for each in waiting if (tag := known.tag(each))]:
            evaluate(parse({"kind": "tag", "op": "any", "tags": names}), context=context)  # all read at once, and kept
        quiet, leaving = (
            {each.pk: now_in(each, stage, kept[each.pk][""], context) for each in waiting}
            for stage in (Stage.QUIET, Stage.BACK)
        )
        back = came_back(waiting, leaving, now=now)
        return {
            each.pk: standing(
                kept[each.pk],
                quiet=quiet.get(each.pk),
                leaving=leaving.get(each.pk),
                back=back.get(each.pk, BitMap()),
            )
            for each in sunsets
        }


def states(sunsets: Sequence[Sunset], known: Around) -> dict[int, dict[str, BitMap]]:
    """Who stands where by what was noted; of one that has ended also who has the tag from somebody else by now."""
    tags = [None if each.ended else tag.pk if (tag := known.tag(each)) else 0 for each in sunsets]
    found: dict[int, dict[str, BitMap]] = {}
    with connection.cursor() as cursor:
        cursor.execute(STATES, [[each.pk for each in sunsets], tags])
        for sunset, state, packed in cursor.fetchall():
            found.setdefault(sunset, {})[state] = bitmap(packed)
    return found


def now_in(sunset: Sunset, stage: str, ids: BitMap, context: Context) -> BitMap | None:
    """Those of `ids` who meet the criteria of the segment at this moment; None: of criteria that cannot be used."""
    segment = sunset.segment_of(stage)
    if segment is None or segment.version is None:
        return None
    try:
        return evaluate(parse(segment.version.criteria), context=context).members & ids
    except CriteriaError:
        return None


def came_back(sunsets: Sequence[Sunset], leaving: Mapping[int, BitMap | None], *, now: datetime) -> dict[int, BitMap]:
    """Of those who lose the tag with the next refresh, by sunset, who gave a sign of life since they got it.

    As the action will note it: who is left alone by now, or gave the sign before the tag, has not come back.
    """
    since = waiting_since({pk: ids for pk, ids in leaving.items() if ids})
    asked = [(each, since[each.pk]) for each in sunsets if each.pk in since]
    found = first_signs(asked, now=now)
    return {each.pk: BitMap(signs) for (each, _since), signs in zip(asked, found, strict=True)}


def standing(kept: Mapping[str, BitMap], *, quiet: BitMap | None, leaving: BitMap | None, back: BitMap) -> Standing:
    """quiet, leaving: of those who wait, who meets the criteria of being silent, of losing the tag.

    None: nobody is asked, of a sunset that has ended; or the criteria cannot be used. Then whoever waits goes on
    waiting: nobody is acted on.
    """
    none = BitMap()
    waiting = kept.get("", none)
    message = waiting - back if quiet is None or leaving is None else waiting & quiet - leaving
    return Standing(
        message=message,
        back=kept.get(BACK, none) | back,
        withdrawn=kept.get(WITHDRAWN, none),
        other=kept.get(OTHER, none) | (waiting - message - back),
        returning=back,
    )


def median_days(sunsets: Sequence[Sunset], mask: BitMap | None) -> dict[int, float]:
    """By sunset: half of those who came back did so within so many days after the tag. Left out: nobody has."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(RETURNS, [[each.pk for each in sunsets]])
        for sunset, ids, seconds in cursor.fetchall():
            contacts, took = (np.frombuffer(packed, dtype=">i4") for packed in (ids, seconds))
            if mask is not None:
                took = took[np.isin(contacts, np.asarray(mask, dtype=np.int64))]
            if len(took):
                found[sunset] = float(np.median(took)) / 86_400
    return found


def events(sunset: Sunset, *, zone: ZoneInfo) -> dict[tuple[str, date], BitMap]:
    """Who got the tag, came back, was withdrawn from, by the Monday of the week."""
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, {"sunset": sunset.pk, "zone": str(zone)})
        return {(what, first): bitmap(packed) for what, first, packed in cursor.fetchall()}


def weeks(sunset: Sunset, *, today: date, zone: ZoneInfo, mask: BitMap | None, there: BitMap) -> list[Week]:
    """The last weeks, the present one last, from the first in which anything happened on."""
    found = {key: within(members, mask) & there for key, members in events(sunset, zone=zone).items()}
    found = {key: members for key, members in found.items() if members}
    last = today - timedelta(days=today.weekday())
    first = min((week for _what, week in found), default=last)
    begin = max(first, last - timedelta(weeks=WEEKS - 1))
    days = [begin + timedelta(weeks=number) for number in range((last - begin).days // 7 + 1)]
    return [Week(day, *(len(found.get((what, day), BitMap())) for what in (GOT, BACK, WITHDRAWN))) for day in days]


__all__ = ["STAGES", "Standing", "Week", "events", "median_days", "standings", "weeks"]
