"""What can be looked at over time: a segment, a tag, a category; and since when each contact has been in it.

Names in addresses: `segment.7`, `tag.3`, `category.5` (with everything below), `category.5.only`, `saved.2`. Saved
criteria have no past: nothing keeps who satisfied what nobody calculated.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

from insights.over_time.periods import second
from insights.over_time.spells import OPEN, Spells
from insights.statistics.growth import POSTGRES, Labels
from insights.statistics.scopes import of_category, of_saved, of_tag
from jobs.models import JobState
from mirror.snapshots import RUN
from segmentation.contact_sets import whole
from segmentation.models import Calculation, SavedCriteria, Segment, bitmap_of
from tags.models import Category, PastKnown, Tag

Kind = Literal["segment", "tag", "category", "saved"]
LEFT, JOINED = -1, 1
AT_ONCE = 20  # calculations whose sets are in memory at a time


@dataclass(frozen=True)
class Subject:
    """`url`: its own page; `list_url`: who is in it now; `since`: when there began to be such a thing."""

    token: str
    kind: Kind
    pk: int
    name: str
    url: str
    list_url: str
    since: datetime
    labels: Labels | None = None
    only: bool = False

    def last_read(self) -> datetime | None:
        """Until when it is known: the moment of a segment's last calculation; None: until now."""
        if self.kind != "segment":
            return None
        return done(self.pk).order_by("-pk").values_list("as_of", flat=True).first()

    def read(self, now: int) -> Spells:
        """From when to when each contact was in, as far as it is known."""
        if self.labels is not None:
            return of_labels(self.labels, only=self.only, now=now)
        return of_segment(self.pk, now=now) if self.kind == "segment" else Spells.none()

    def stamp(self) -> object:
        """Equal for as long as `read` finds the same, erased and merged contacts apart."""
        if self.labels is not None:
            return self.labels, self.labels.stamp(), self.only
        last = done(self.pk).order_by("-pk").values_list("pk", "finished_at").first()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {RUN}")
            return self.token, last, cursor.fetchone()

    def known_since(self) -> int | None:
        """The second before which nobody's leaving was noted; None: all of its past is known."""
        if self.labels is None:
            return None
        begun = PastKnown.objects.values_list("since", flat=True).first()
        return None if begun is None else second(begun)


# --- which -----------------------------------------------------------------------------------------------------
def named(token: str) -> Subject | None:
    """The one an address names, if it is there."""
    kind, *rest = token.split(".")
    pk = whole(rest[0]) if rest else 0
    match kind, rest[1:]:
        case "segment", []:
            segment = Segment.objects.filter(pk=pk).first()
            return subject_of_segment(segment) if segment else None
        case "tag", []:
            tag = Tag.objects.filter(pk=pk).first()
            return subject_of_tag(tag) if tag else None
        case "category", [] | ["only"]:
            category = Category.objects.filter(pk=pk).first()
            return subject_of_category(category, only=bool(rest[1:])) if category else None
        case "saved", []:
            saved = SavedCriteria.objects.filter(pk=pk).first()
            return subject_of_saved(saved) if saved else None
    return None


def subject_of_segment(segment: Segment) -> Subject:
    listed = f"{reverse('contacts:manager')}?calculation={segment.latest_id}" if segment.latest_id else ""
    return Subject(
        f"segment.{segment.pk}",
        "segment",
        segment.pk,
        segment.name,
        reverse("segmentation:preview", args=[segment.pk]),
        listed,
        segment.created_at,
    )


def subject_of_tag(tag: Tag) -> Subject:
    scope = of_tag(tag)
    return Subject(
        scope.token, "tag", tag.pk, tag.name, scope.list_url, scope.list_url, tag.created_at, Labels.of(scope)
    )


def subject_of_category(category: Category, *, only: bool) -> Subject:
    scope = of_category(category, only=only)
    labels = Labels.of(scope)
    oldest = Category.objects.filter(pk__in=labels.ids).order_by("created_at").values_list("created_at", flat=True)
    return Subject(
        scope.token,
        "category",
        category.pk,
        scope.name,
        scope.list_url,
        scope.list_url,
        oldest.first() or category.created_at,
        labels,
        only,
    )


def subject_of_saved(saved: SavedCriteria) -> Subject:
    scope = of_saved(saved)
    return Subject(scope.token, "saved", saved.pk, saved.name, scope.url, scope.list_url, saved.created_at)


# --- since when ------------------------------------------------------------------------------------------------
def done(segment: int) -> QuerySet[Calculation]:
    return Calculation.objects.filter(segment=segment, state=JobState.DONE)


def of_segment(segment: int, *, now: int) -> Spells:
    """From its calculations: who joined with one was in until another with which they left.

    What is read grows with who moved, not with the calculations times their members.
    """
    rows = done(segment).order_by("pk").values_list("as_of", "joined", "left")
    events: list[tuple[np.ndarray, int, int]] = []
    for at, joined, left in rows.iterator(AT_ONCE):
        moment = second(at) if at else 0
        for packed, way in ((left, LEFT), (joined, JOINED)):
            ids = np.frombuffer(bitmap_of(packed).to_array(), dtype=np.uint32).astype(np.int64)
            events.append((ids, moment, way))
    return paired(events, now=now)


def paired(events: list[tuple[np.ndarray, int, int]], *, now: int) -> Spells:
    """Joinings and leavings, in the order of time, as spells."""
    if not events:
        return Spells.none()
    sizes = [len(who) for who, _moment, _way in events]
    ids = np.concatenate([who for who, _moment, _way in events])
    moments, ways = (np.repeat(np.array([one[part] for one in events], dtype=np.int64), sizes) for part in (1, 2))
    order = np.argsort(ids, kind="stable")  # of one contact they stay in the order of time
    ids, moments, ways = ids[order], moments[order], ways[order]
    ends = np.append(moments[1:], OPEN)
    ends[np.append(ids[1:] != ids[:-1], True)] = OPEN
    joins = ways == JOINED
    return Spells.of(ids[joins], moments[joins], ends[joins], now=now)


HEADER = 21  # the first byte after what is said of an array itself; each value follows its length, of four bytes
PAST = """
SELECT string_agg(substring(array_send(contacts) FROM {header}), ''),
    string_agg(substring(array_send(since) FROM {header}), ''),
    string_agg(int4send(cardinality(contacts)), ''), string_agg(timestamptz_send(removed_at), '')
FROM {past} WHERE {column} = ANY (%s) {condition}
"""
VALUE = {4: np.dtype([("length", ">i4"), ("value", ">i4")]), 8: np.dtype([("length", ">i4"), ("value", ">i8")])}


def of_labels(labels: Labels, *, only: bool, now: int) -> Spells:
    """From who has the label and who once had it. Two queries; of half a million rows each 0.3 s."""
    past = {"tag": "tags_pasttag", "category": "tags_pastcategory"}[labels.kind]
    query = PAST.format(past=past, column=labels.column, header=HEADER, condition="AND NOT below" if only else "")
    has, has_since = labels.read()
    with connection.cursor() as cursor:
        cursor.execute(query, [list(labels.ids)])
        once, began, sizes, until = cursor.fetchone()
    had = np.frombuffer(once or b"", dtype=VALUE[4])["value"]
    had_since = np.frombuffer(began or b"", dtype=VALUE[8])["value"]
    lost = np.repeat(numbers(until, ">i8"), numbers(sizes, ">i4"))
    start = np.concatenate([has_since, had_since.astype(np.int64) // 1_000_000 + POSTGRES])
    end = np.concatenate([np.full(len(has), OPEN, dtype=np.int64), lost // 1_000_000 + POSTGRES])
    return Spells.of(np.concatenate([has, had.astype(np.int64)]), start, end, now=now)


def numbers(packed: bytes | None, kind: str) -> np.ndarray:
    return np.frombuffer(packed or b"", dtype=kind).astype(np.int64)
