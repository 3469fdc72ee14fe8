"""Removing export files: when they expire, and when their segment goes."""

from datetime import datetime, timedelta

from django.db import transaction

from actions.models import ActionRun
from exports import downloads, store
from exports.making import KEPT
from exports.models import ExportFile, ListExport
from jobs.models import ACTIVE
from segmentation.models import Segment

PER_PURGE = 1000
ABANDONED = timedelta(days=1)  # untouched for so long, a file that no row names belongs to a worker that was killed


def remove_expired(now: datetime) -> None:
    """Removes files that can no longer be downloaded, from the store and from the list.

    The row goes last: should the machine stop between the two, the next purge finds the row and tries again.
    """
    for file in ExportFile.objects.filter(expires_at__lte=now).order_by("expires_at")[:PER_PURGE]:
        store.remove(file.stored_as)
        file.delete()
    ended = ListExport.objects.exclude(state__in=ACTIVE).filter(finished_at__lte=now - KEPT, export_file__isnull=True)
    ListExport.objects.filter(pk__in=ended.values("pk")[:PER_PURGE]).delete()
    remove_abandoned(now)
    downloads.forget_old(now)


def remove_abandoned(now: datetime) -> None:
    """Removes what killed workers left in the store, however many files beside it are still to be kept."""
    names = store.strays(older_than=now - ABANDONED)
    abandoned: list[str] = []
    for start in range(0, len(names), PER_PURGE):
        abandoned += nobodys(names[start : start + PER_PURGE])
        if len(abandoned) >= PER_PURGE:
            break
    store.remove(*abandoned[:PER_PURGE])


def nobodys(names: list[str]) -> list[str]:
    """Those of the stored files that no row names and no job is writing."""
    stems = [name.rpartition(".")[0] for name in names]
    busy: set[str] = set()
    for jobs in (ActionRun.objects, ListExport.objects):
        busy |= set(jobs.filter(state__in=ACTIVE, work__file__in=stems).values_list("work__file", flat=True))
    kept = set(ExportFile.objects.filter(stored_as__in=names).values_list("stored_as", flat=True))
    return [name for name, stem in zip(names, stems, strict=True) if name not in kept and stem not in busy]


def forget_segment(segment: Segment) -> None:
    """Removes the files of a segment that is being deleted, once that is committed."""
    names = list(ExportFile.objects.filter(segment=segment).values_list("stored_as", flat=True))
    transaction.on_commit(lambda: store.remove(*names))
