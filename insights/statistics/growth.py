"""How large a group was over time, as far as what is kept tells it.

Of a segment every calculation kept its size. Of a tag or category there is since when each of those who have it now has
had it: the curve says how many of them had it by then, and leaves out who lost it since. Of all contacts likewise.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from django.db.models import F, Subquery
from pyroaring import BitMap

from insights.statistics.scopes import Scope
from insights.statistics.sets import Look
from jobs.models import JobState
from mirror.kinds import CONTACT
from mirror.reading import Rows
from mirror.snapshots import RUN
from segmentation.criteria.times import DAY, shift, start_of
from segmentation.models import Calculation
from segmentation.seen import seen
from tags.models import Category

POINTS = 60  # of a curve
CALCULATIONS = 120  # the newest ones
EARLIEST = int(datetime(1970, 1, 1, tzinfo=UTC).timestamp())
POSTGRES = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())  # from which it counts microseconds


@dataclass(frozen=True)
class Growth:
    """`says`: what a point counts: `calculations`, `holders` or `joined`. points: when, and how many."""

    says: str
    points: tuple[tuple[datetime | date, int], ...]


def of_segment(segment: int, mask: BitMap | None) -> Growth:
    """The sizes of its calculations; for a reader who sees some contacts only, of those of the members."""
    done = Calculation.objects.filter(segment=segment, state=JobState.DONE).order_by("-pk")
    rows = list(done.values_list("pk", "as_of", "count")[:CALCULATIONS])[::-1]
    if mask is None:
        return Growth("calculations", tuple((at, count or 0) for _pk, at, count in rows if at))
    numbers = seen([pk for pk, _at, _count in rows], mask)
    return Growth("calculations", tuple((at, numbers[pk].count) for pk, at, _count in rows if at and pk in numbers))


@dataclass(frozen=True)
class Labels:
    """The rows that say since when contacts have a tag or are in categories."""

    kind: str
    table: str
    column: str
    ids: tuple[int, ...]

    @staticmethod
    def of(scope: Scope) -> "Labels":
        if scope.kind == "tag":
            return Labels("tag", "tags_contacttag", "tag_id", (scope.pk,))
        ids = (scope.pk,)
        if not scope.only:
            top = Category.objects.filter(pk=scope.pk).values("path")[:1]
            below = Category.objects.annotate(top=Subquery(top)).filter(path__startswith=F("top"))
            ids = tuple(below.order_by("pk").values_list("pk", flat=True))
        return Labels("category", "tags_contactcategory", "category_id", ids)

    def stamp(self) -> tuple[object, ...]:
        """Equal for equal rows, for as long as changes of labels are remembered (mirror.labels.KEPT_S)."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {RUN}, pg_relation_filenode(%s::regclass), (SELECT COALESCE(sum(hashint8(written)), 0)"  # noqa: S608 - constants
                " FROM mirror_labelchange WHERE kind = %s AND label_id = ANY (%s))",
                [self.table, self.kind, [0, *self.ids]],
            )
            return tuple(cursor.fetchone())

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Contacts, and since when, in seconds since 1970. One query: of half a million rows 150 ms."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT string_agg(int4send(contact_id), ''), string_agg(timestamptz_send(assigned_at), '')"  # noqa: S608 - constants
                f" FROM {self.table} WHERE {self.column} = ANY(%s)",
                [list(self.ids)],
            )
            ids, since = cursor.fetchone()
        return (
            np.frombuffer(ids or b"", dtype=">i4").astype(np.int64),
            np.frombuffer(since or b"", dtype=">i8").astype(np.int64) // 1_000_000 + POSTGRES,
        )


def of_label(labels: Labels, look: Look, today: date) -> Growth:
    """Of a tag or category: since when those have it who have it now."""
    ids, times = labels.read()
    there = look.sets.group_mask[np.minimum(ids, look.sets.room - 1)]
    ids, times = ids[there], times[there]
    if len(labels.ids) > 1 and len(ids):  # in several of them: since the first
        order = np.lexsort((times, ids))
        ids, times = ids[order], times[order]
        times = times[np.concatenate([[True], ids[1:] != ids[:-1]])]
    return Growth("holders", curve(times, today, look.zone))


def of_everybody(look: Look, today: date) -> Growth:
    """When those came in who are there now."""
    column = CONTACT.column("created_at")
    query = f"SELECT contact_id, epoch_us({column.name}) // 1000000 AS second FROM {{rows}}"  # noqa: S608 - constants
    read = look.reader.select(Rows(CONTACT, (column,)), query)
    there = look.sets.group_mask[np.minimum(read["contact_id"], look.sets.room - 1)]
    return Growth("joined", curve(np.asarray(read["second"])[there], today, look.zone))


def curve(times: np.ndarray, today: date, zone: ZoneInfo) -> tuple[tuple[date, int], ...]:
    """How many had it by the end of each day, week or month, whichever gives at most `POINTS`; the last is today.

    times: since when each contact has it, in seconds since 1970.
    """
    if not len(times):
        return ()
    earliest = max(int(times.min()), EARLIEST)
    ends = ends_of(datetime.fromtimestamp(earliest, zone).date(), today)
    edges = np.array([int(start_of(end + DAY, zone).timestamp()) for end in ends])
    places = np.minimum(np.searchsorted(edges, times, side="right"), len(ends) - 1)  # what is dated ahead: by today
    counts = np.cumsum(np.bincount(places, minlength=len(ends)))
    return tuple((end, int(count)) for end, count in zip(ends, counts, strict=True))


def ends_of(low: date, today: date) -> list[date]:
    """Days at equal distances, the last one today, as far back as `low` if there is room."""
    span = max((today - low).days, 0)
    if span < POINTS:
        return [today - DAY * n for n in range(span, -1, -1)]
    if span < POINTS * 7:
        return [today - DAY * 7 * n for n in range(-(-span // 7), -1, -1)][-POINTS:]
    months = min((today.year - low.year) * 12 + today.month - low.month, POINTS - 1)
    return [shift(today, -n, "month") for n in range(months, -1, -1)]
