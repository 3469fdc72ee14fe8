"""Fixed lists: contacts that were chosen once, kept as an uploaded list is, so that criteria can name them."""

from datetime import datetime
from typing import Any

from pyroaring import BitMap

from segmentation.models import UploadedList
from users.models import User

LONGEST_NAME = 200


def fixed_list(name: str, ids: BitMap, *, now: datetime, by: User | None) -> UploadedList:
    """A list of exactly these contacts. As a criterion: `{"kind": "file", "file": pk}`, or `criterion_of`.

    Who is deleted later drops out; nobody ever joins. A list that no criteria name goes after a week, like a file.
    """
    members = ids.copy()
    members.run_optimize()
    count = len(members)
    return UploadedList.objects.create(
        name=name[:LONGEST_NAME] or f"#{count}",
        key=UploadedList.Key.ID,
        matched=members.serialize(),
        report={"rows": count, "matched": count, "not_found": 0, "duplicate": 0, "invalid": 0, "fixed": True},
        created_at=now,
        created_by=by,
    )


def criterion_of(made: UploadedList) -> dict[str, Any]:
    """The criterion that names the list."""
    return {"kind": "file", "file": made.pk}
