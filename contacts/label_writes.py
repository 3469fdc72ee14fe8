"""Who wrote a label last: what undoing an action goes by (docs/actions.md, "Undo").

The order is exact under concurrent writers. Two that write the same label on the same contact wait for each other at
that row, and a write is noted after its statement and before its commit: the later one has the greater id.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet
from pyroaring import BitMap

from contacts.models import LabelKind, LabelWrite


def note_write(
    kind: LabelKind,
    label: int,
    contacts: BitMap,
    *,
    at: datetime | None = None,
    action_run_id: int | None = None,
    undone: bool = False,
    before: str | None = None,
) -> None:
    """Notes that `label` was just written on `contacts`, in the same transaction; nobody: nothing.

    `at`: the time written into their rows; `before`: those rows as they were, as JSON. Of a write that is no action's,
    only the fact is kept, and that only where an action has written the label: nothing else could be undone.
    """
    if not contacts:
        return
    if action_run_id is None and not of_label(kind, label).filter(action_run_id__isnull=False).exists():
        return
    LabelWrite.objects.create(
        kind=kind,
        label_id=label,
        at=at,
        contacts=contacts.serialize(),
        first=contacts.min(),
        last=contacts.max(),
        action_run_id=action_run_id,
        undone=undone,
        before=None if before is None else zlib.compress(before.encode(), 1),
    )


def note_writes(kind: LabelKind, written: Mapping[int, BitMap]) -> None:
    """As `note_write` of several labels that are no action's: two statements for any number of them."""
    labels = LabelWrite.objects.filter(kind=kind, label_id__in=list(written), action_run_id__isnull=False)
    noted = set(labels.order_by().values_list("label_id", flat=True).distinct()) if written else set()
    LabelWrite.objects.bulk_create(
        LabelWrite(kind=kind, label_id=label, contacts=ids.serialize(), first=ids.min(), last=ids.max())
        for label, ids in sorted(written.items())
        if label in noted and ids
    )


def of_label(kind: LabelKind, label: int) -> QuerySet[LabelWrite]:
    return LabelWrite.objects.filter(kind=kind, label_id=label)


def about(ids: BitMap) -> dict[str, int]:
    """The condition that a write speaks of somebody in the span of `ids`."""
    return {"first__lte": ids.max(), "last__gte": ids.min()}


def written_by(action_run_id: int, ids: BitMap) -> QuerySet[LabelWrite]:
    """The writes of this action's run that speak of somebody in the span of `ids`, which are some."""
    return LabelWrite.objects.filter(action_run_id=action_run_id, undone=False, **about(ids))


def standing(action_run_id: int, kind: LabelKind, label: int, ids: BitMap) -> BitMap:
    """Those of `ids` whose last write of `label` is still that of this run.

    A write that was changed back again counts as if it had not been.
    """
    if not ids:
        return BitMap()
    begun = written_by(action_run_id, ids).filter(kind=kind, label_id=label).order_by("id").values_list("id")[:1]
    writes = of_label(kind, label).filter(id__gte=begun, **about(ids)).order_by("id")
    mine = BitMap()
    overwritten: dict[int | None, BitMap] = {}  # by each other action: whom it took from this one
    for author, undone, packed in writes.values_list("action_run_id", "undone", "contacts").iterator():
        contacts = BitMap.deserialize(bytes(packed))
        if author == action_run_id:
            mine = mine - contacts if undone else mine | contacts
        elif undone:
            mine |= overwritten.get(author, BitMap()) & contacts
        else:
            overwritten[author] = overwritten.get(author, BitMap()) | (mine & contacts)
            mine -= contacts
    return mine & ids


def rows_before(writes: Iterable[LabelWrite]) -> list[str]:
    """What stood there before these writes: a JSON array of rows for each that replaced something."""
    return [zlib.decompress(bytes(write.before)).decode() for write in writes if write.before is not None]
