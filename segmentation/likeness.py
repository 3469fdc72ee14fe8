"""Which segments have nearly the same contacts, kept up to date as they are calculated."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Abs

from segmentation.models import Calculation, Likeness, Segment, bitmap_of

ALIKE = 95  # per cent of those who are in at least one of them are in both
COMPARED = 20  # those nearest in size: a megabyte each, 0.4 ms to compare


@dataclass(frozen=True)
class Like:
    """Another segment of nearly the same contacts."""

    pk: int
    name: str
    both: int
    either: int


def compare(calculation: Calculation, _now: datetime) -> None:
    """Compares a calculation just stored with the last ones of the segments nearest in size.

    Sets that share 95 % of their union cannot differ by more than that in size, so few are ever read.
    """
    own = calculation.segment_id
    with connection.cursor() as cursor:  # one at a time: three that delete each other's rows could deadlock
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.likeness'))")
    Likeness.objects.filter(Q(segment=own) | Q(other=own)).delete()
    if not calculation.count:
        return
    count, members = calculation.count, calculation.member_ids
    near = Segment.objects.exclude(pk=own).filter(
        latest__count__gte=-(-count * ALIKE // 100), latest__count__lte=count * 100 // ALIKE
    )
    found = []
    for pk, packed in near.order_by(Abs(F("latest__count") - count), "pk").values_list("pk", "latest__members")[
        :COMPARED
    ]:
        others = bitmap_of(packed)
        both = members.intersection_cardinality(others)
        either = count + len(others) - both
        if both * 100 >= either * ALIKE:
            found.append(Likeness(segment_id=min(own, pk), other_id=max(own, pk), both=both, either=either))
    Likeness.objects.bulk_create(found, ignore_conflicts=True)  # the other may be stored at this moment as well


def likes(segments: Iterable[int]) -> dict[int, list[Like]]:
    """The segments that nearly equal each of these, the most alike first; one query."""
    wanted = set(segments)
    rows = Likeness.objects.filter(Q(segment__in=wanted) | Q(other__in=wanted)).values_list(
        "segment", "segment__name", "other", "other__name", "both", "either"
    )
    found: dict[int, list[Like]] = defaultdict(list)
    for pk, name, other, other_name, both, either in rows:
        if pk in wanted:
            found[pk].append(Like(other, other_name, both, either))
        if other in wanted:
            found[other].append(Like(pk, name, both, either))
    return {pk: sorted(some, key=lambda one: (-one.both / one.either, one.name)) for pk, some in found.items()}
