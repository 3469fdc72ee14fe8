"""What others ask of the mirror: to be brought up to date, now or when it is worth it, and to be forgotten."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pyroaring import BitMap

from contacts.models import Attribute
from jobs.services import due, wake
from mirror import storing
from mirror.compacting import Outcome, OvertakenError
from mirror.compacting import compact as compact_unit
from mirror.files import BrokenFileError
from mirror.kinds import CONTACT, attribute_columns
from mirror.models import Broken, Compaction, Cut, Discarded, File, Gone
from mirror.units import UNITS

TOUCHED_ROWS, TOUCHED_S = 20_000, 60  # rows, or seconds, after which a process has the account looked at again

_touched: dict[str, tuple[int, float]] = {}  # schema -> (rows written since the last look, when that was)


def compact(
    *,
    now: datetime,
    units: Iterable[str] = tuple(UNITS),
    rebuild: bool = False,
    said: Callable[[Outcome], object] = lambda _outcome: None,
) -> None:
    """Brings the files up to date here and now, in bounded memory, outside of any transaction.

    A unit that somebody else brings up to date meanwhile is theirs.
    """
    for unit in units:
        try:
            outcome = healed(unit, partial(compact_unit, unit, now=now), rebuild=rebuild)
        except OvertakenError:
            outcome = Outcome(unit)
        said(outcome)


def healed(unit: str, work: Callable[..., Outcome], *, rebuild: bool) -> Outcome:
    """`work(rebuild=…)`; from nothing if it meets a broken file."""
    try:
        return work(rebuild=rebuild)
    except BrokenFileError as broken:
        if rebuild or broken.kind not in {kind.name for kind in UNITS[unit]}:
            raise
        return work(rebuild=True)


def request(units: Iterable[str], *, now: datetime) -> Compaction | None:
    """Has a worker bring these units up to date; None if one is about it already."""
    try:
        with transaction.atomic():
            job = Compaction.objects.create(requested_at=now, units=list(units))
    except IntegrityError:
        return None  # mirror_compaction_one
    wake(job, now=now)
    return job


def touched(rows: int, *, now: datetime) -> None:
    """Call it where facts or contacts are written: once in a while it has the account looked at, after the commit.

    Nearly always it only counts. A look that gets lost is made up for within the hour.
    """
    schema, present = connection.schema_name, time.monotonic()  # type: ignore[attr-defined]
    known, since = _touched.get(schema, (0, -TOUCHED_S))
    if known + rows < TOUCHED_ROWS and present - since < TOUCHED_S:
        _touched[schema] = (known + rows, since)
        return
    _touched[schema] = (0, present)
    transaction.on_commit(partial(due, now), robust=True)


def forget_contacts(was: Attribute, becomes: Attribute) -> None:
    """After an attribute has got another type: files that hold its values as they were are read no more.

    Until contacts are filed anew, their rows are read from PostgreSQL. The transaction that changes the type does it:
    whoever sees the former definition sees the former files.
    """
    if attribute_columns(was) == attribute_columns(becomes):
        return
    cut, _made = Cut.objects.select_for_update().get_or_create(kind=CONTACT.name)
    cut.cut, cut.revision, cut.made_at = 0, storing.fresh_revision(), None
    cut.save()
    files = File.objects.filter(kind=CONTACT.name)
    present = timezone.now()
    storing.discard(list(files.values_list("name", flat=True)), since=present)
    files.delete()
    Gone.objects.filter(kind=CONTACT.name).delete()
    transaction.on_commit(partial(due, present), robust=True)


def holding(ids: BitMap) -> BitMap:
    """Of erased contacts, those whose rows files may still hold: they count for nobody, and go within a day."""
    if not File.objects.exists():
        return BitMap()
    gone = Gone.objects.filter(contact_id__gte=ids.min(), contact_id__lte=ids.max()).order_by()
    return BitMap(gone.values_list("contact_id", flat=True).distinct()) & ids


def forget() -> None:
    """Removes all files of the account, and what is known of them. Its rows are then read from PostgreSQL."""
    with transaction.atomic():
        names = [*File.objects.values_list("name", flat=True), *Discarded.objects.values_list("name", flat=True)]
        for kind in (kind.name for kinds in UNITS.values() for kind in kinds):
            Cut.objects.get_or_create(kind=kind)
        for cut in Cut.objects.select_for_update().order_by("kind"):
            cut.cut, cut.revision, cut.made_at = 0, storing.fresh_revision(), None
            cut.save()
        for model in (File, Discarded, Gone, Broken):
            model.objects.all().delete()
        for name in names:
            transaction.on_commit(partial(storing.remove, name))
