"""What somebody who sees some contacts only is shown of runs. docs/actions.md, "Who sees some contacts only".

Of a run those whom it changed are kept as a set; of the others only numbers. So a run all of whose contacts are seen
has its own numbers, any other just how many of those who are seen it changed.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import BinaryField, Case, F, When
from pyroaring import BitMap

from actions.models import ActionRun, Audience, Undo
from mirror.reading import Reader
from mirror.snapshots import snapshot
from segmentation.models import bitmap_of

# The set a run goes along: what was fixed when it began, or what it is of.
GOES_ALONG = Case(
    When(seen__isnull=False, then=F("seen")),
    When(action__picked__isnull=False, then=F("action__picked__members")),
    When(action__audience=Audience.JOINED, then=F("calculation__joined")),
    When(action__audience=Audience.LEFT, then=F("calculation__left")),
    default=F("calculation__members"),
    output_field=BinaryField(),
)
AT_ONCE = 10


def cut_runs(runs: Iterable[ActionRun], mask: BitMap | None) -> None:
    """Sets the numbers of these objects, of their undoing and of their picked contacts to what is seen.

    They are never saved then. None and 0 of `progress` stand for what cannot be told.
    """
    if mask is None:
        return
    by_id = {run.pk: run for run in runs}
    with snapshot():
        everyone = Reader().everyone
        rows = ActionRun.objects.filter(pk__in=by_id).annotate(along=GOES_ALONG, asked=F("action__picked__members"))
        found = rows.order_by("pk").values_list("pk", "along", "changed", "asked")
        for pk, along, changed, asked in found.iterator(AT_ONCE):
            if not (bitmap_of(along) & everyone) <= mask:
                hide(by_id[pk], None if changed is None else len(bitmap_of(changed) & mask))
            chosen = by_id[pk].action.picked
            if chosen is not None and not (bitmap_of(asked) & everyone) <= mask:
                chosen.count = len(bitmap_of(asked) & mask)


def cut_undo(undo: Undo, mask: BitMap | None) -> None:
    """The same for one undo."""
    undo.run.undo = undo
    cut_runs([undo.run], mask)


def hide(run: Any, changed: int | None) -> None:
    """Leaves the one number, and where the run and its undoing stand."""
    run.changed_count = changed
    run.already_count = run.left_count = run.gone_count = None
    run.progress = run.total = 0
    if (undo := run.undoing) is not None:
        undo.progress = undo.total = 0
        undo.back_count = undo.since_count = undo.gone_count = None
