"""What is taken away in time: files out of use, files left behind, changes of labels that no kept set depends on."""

import shutil
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from jobs.models import ACTIVE
from mirror import duck, storing
from mirror.labels import KEPT_S
from mirror.models import Compaction, Discarded, File, Horizon, LabelChange
from mirror.snapshots import numbers

MARGIN = timedelta(minutes=10)  # for clocks of cache and database that differ
TOLD = timedelta(days=7)  # what has become of compactions
LEFT_S = 24 * 3600  # a working folder that nobody has touched for so long is nobody's


def purge(now: datetime) -> None:
    """Everything, for this account and this machine. Harmless when repeated."""
    storing.remove_discarded(before=now - storing.KEPT)
    remove_strays(now)
    remove_copies()
    remove_leftovers()
    remove_label_changes(now)
    Compaction.objects.exclude(state__in=ACTIVE).filter(requested_at__lt=now - TOLD).delete()


def remove_strays(now: datetime) -> int:
    """Deletes files that no row names: of a database that was put back to an earlier state, say. Returns how many."""
    folder = storing.folder()
    try:
        _folders, found = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    names = {f"{folder}/{name}" for name in found}
    strays = names - set(File.objects.values_list("name", flat=True))
    strays -= set(Discarded.objects.values_list("name", flat=True))  # read last: who swaps one in drops it here
    strays -= set(File.objects.filter(name__in=strays).values_list("name", flat=True))
    done = 0
    for name in sorted(strays):
        with suppress(FileNotFoundError):
            if aware(default_storage.get_modified_time(name)) <= now - storing.KEPT:
                storing.remove(name)
                done += 1
    return done


def aware(at: datetime) -> datetime:
    return at if timezone.is_aware(at) else timezone.make_aware(at)


def remove_copies() -> None:
    """Deletes this machine's copies of files that the account does not use any more."""
    copies = duck.folder() / "fetched" / storing.folder()
    if not copies.is_dir():
        return
    used = {Path(name).name for name in File.objects.values_list("name", flat=True)}
    for copy in copies.iterdir():
        if copy.name not in used and old(copy, storing.KEPT.total_seconds()):
            copy.unlink(missing_ok=True)


def remove_leftovers() -> None:
    """Deletes what killed processes left in the engine's folder on this machine."""
    for left in duck.folder().iterdir():
        if left.name.startswith(("compaction-", "newer-", "spill-")) and old(left, LEFT_S):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def old(path: Path, seconds: float) -> bool:
    try:
        newest = max(each.stat().st_mtime for each in (path, *(path.iterdir() if path.is_dir() else ())))
    except OSError:
        return False
    return newest < time.time() - seconds


def remove_label_changes(now: datetime) -> int:
    """Deletes changes of labels on which no kept set can depend. Returns how many.

    A set is kept KEPT_S seconds, with the number below which all was settled in its reader's snapshot. Whoever finds it
    now has it from a snapshot that was open less than KEPT_S ago: that began after the time `at` of a horizon older
    than that, or was open then and is counted in its `oldest`. Either way its number is not below `oldest`, and
    changes below that are of no interest to it.
    """
    settled, following, system = numbers()
    Horizon.objects.exclude(system=system).delete()
    horizons = Horizon.objects.filter(at__lte=now - timedelta(seconds=KEPT_S) - MARGIN)
    last = horizons.order_by("-at", "-pk").first()
    done = 0
    if last is not None:
        done, _by_model = LabelChange.objects.filter(written__lt=last.oldest).delete()
        horizons.filter(at__lt=last.at).delete()
    with (
        connection.cursor() as cursor
    ):  # of another cluster: no number of this one is as large, so no set were ever kept
        cursor.execute(
            "DELETE FROM mirror_labelchange WHERE written >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        )
    Horizon.objects.create(at=now, oldest=oldest(settled, following), system=system)
    return done


def oldest(settled: int, following: int) -> int:
    """Below it, every transaction has ended for every snapshot that is open in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(age(backend_xmin)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        age = cursor.fetchone()[0]
    return min(settled, following - age) if age is not None else settled
