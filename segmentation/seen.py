"""What somebody who sees some contacts only is shown of segments: docs/segments.md, "Who sees some contacts only".

`mask` is what `contacts.sight` answers: the contacts that are seen; None: all of them, then nothing is read or cut.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from pyroaring import BitMap

from config.requests import Request
from contacts.sight import sees, sight, within
from jobs.models import JobState
from segmentation.models import Calculation, Movement, Segment, UploadedList, bitmap_of
from users.access import signed_in

KEPT_S = 3600
AT_ONCE = 20  # calculations whose sets are in memory at a time: three of up to a megabyte each


@dataclass(frozen=True)
class Numbers:
    """Of the contacts that are seen, how many a calculation has. moves: by direction and cause."""

    count: int = 0
    joined: int = 0
    left: int = 0
    moves: dict[tuple[str, str], int] = field(default_factory=dict)


def digest(mask: BitMap | None) -> str:
    """The same for the same contacts; empty for all of them."""
    if mask is None:
        return ""
    packed = mask.copy()
    packed.run_optimize()
    return hashlib.blake2b(packed.serialize(), digest_size=16).hexdigest()


# --- numbers -----------------------------------------------------------------------------------------------------
def seen(calculations: Iterable[int], mask: BitMap) -> dict[int, Numbers]:
    """The numbers of finished calculations, cut to `mask`; kept, because neither side of it changes.

    Three sets of half a million of a million ids: 0.4 ms of a processor beside the database.
    """
    done = Calculation.objects.filter(pk__in=list(calculations), state=JobState.DONE)
    of = digest(mask)
    # A restored database gives the same ids to other calculations, but not at the same instant.
    keys = {pk: f"seen:{pk}:{at.timestamp()}:{of}" for pk, at in done.values_list("pk", "finished_at")}
    kept = cache.get_many(keys.values())
    found = {pk: kept[key] for pk, key in keys.items() if key in kept}
    missing = [pk for pk in keys if pk not in found]
    if missing:
        fresh = dict(_counted(missing, mask))
        cache.set_many({keys[pk]: numbers for pk, numbers in fresh.items()}, KEPT_S)
        found |= fresh
    return found


def _counted(calculations: list[int], mask: BitMap) -> Iterator[tuple[int, Numbers]]:
    moves: dict[int, dict[tuple[str, str], int]] = {pk: {} for pk in calculations}
    told = Movement.objects.filter(calculation__in=calculations).order_by("pk")
    for pk, way, cause, packed in told.values_list("calculation", "direction", "cause", "members").iterator(AT_ONCE):
        if number := bitmap_of(packed).intersection_cardinality(mask):
            moves[pk][way, cause] = number
    rows = Calculation.objects.filter(pk__in=calculations).values_list("pk", "members", "joined", "left")
    for pk, *sets in rows.iterator(AT_ONCE):
        count, joined, left = (bitmap_of(packed).intersection_cardinality(mask) for packed in sets)
        yield pk, Numbers(count, joined, left, moves[pk])


def cut(calculations: Iterable[Calculation | None], mask: BitMap | None) -> None:
    """Sets the numbers of these objects to what is seen. They are for showing then, and never saved.

    Who left with it was a member before: of another sight, maybe, though the calculation's own is the reader's.
    What each criterion came to is kept as a number alone: it is shown where the calculation itself looked at exactly
    the contacts that are seen, and nowhere else.
    """
    if mask is None:
        return
    of = digest(mask)
    rows = [one for one in calculations if one is not None and one.count is not None]
    found = seen({row.pk for row in rows}, mask) if rows else {}
    for row in rows:
        numbers = found.get(row.pk, Numbers())
        row.count, row.joined_count, row.left_count = numbers.count, numbers.joined, numbers.left
        if row.sight != of:
            row.node_counts = []


def cut_movements(movements: Iterable[Movement], mask: BitMap | None) -> list[Movement]:
    """The movements with the numbers that are seen, the most first; those of nobody who is seen are left out."""
    rows = list(movements)
    if mask is None:
        return rows
    found = seen({row.calculation_id for row in rows}, mask)
    for row in rows:
        row.count = found.get(row.calculation_id, Numbers()).moves.get((row.direction, row.cause), 0)
    return sorted((row for row in rows if row.count), key=lambda row: (-row.count, row.cause))


def counts(calculations: Iterable[int], mask: BitMap) -> dict[int, int]:
    """How many members that are seen each calculation has."""
    return {pk: numbers.count for pk, numbers in seen(calculations, mask).items()}


# --- whom a segment can hold -------------------------------------------------------------------------------------
def scope(segment: Segment, mask: BitMap | None) -> BitMap | None:
    """The contacts that a segment's criteria are asked about for a viewer: those its owner sees, cut to the viewer's.

    A segment holds nobody whom its owner does not see, whoever looks.
    """
    own = sees(segment.owner)
    return mask if own is None else within(own, mask)


# --- what may be changed -----------------------------------------------------------------------------------------
def may_change(request: Request, owner: int | None) -> bool:
    """Whether the user may change, stop or delete what `owner` made: who sees some contacts only, their own alone."""
    user = signed_in(request)
    return user.may_write and (sight(request) is None or owner == user.pk)


def may_open(request: Request, made: UploadedList) -> bool:
    """Whether the user may see what became of the rows of an uploaded list; its name is for all."""
    return sight(request) is None or made.created_by_id == signed_in(request).pk


def require_own(request: Request, owner: int | None) -> None:
    """Raises: PermissionDenied, for what somebody else made, to who sees some contacts only."""
    if sight(request) is not None and owner != signed_in(request).pk:
        raise PermissionDenied(
            _("You see some of the contacts only: what others made you can look at and copy, but not change.")
        )
