"""Uploaded and fixed lists follow contacts that are merged. Calculations stay as they were: they are the past."""

from typing import Any

from pyroaring import BitMap

from contacts.hooks import Merge
from segmentation.models import UploadedList, bitmap_of


def follow_merge(merge: Merge) -> dict[str, Any]:
    """In every list that holds one of the others, the kept contact takes its place."""
    gone = BitMap(merge.others)
    for pk, matched in UploadedList.objects.order_by("pk").values_list("pk", "matched").iterator(chunk_size=20):
        if bitmap_of(matched) & gone:
            uploaded = UploadedList.objects.select_for_update(no_key=True).get(pk=pk)
            members = (uploaded.matched_ids - gone) | BitMap([merge.kept])
            members.run_optimize()
            UploadedList.objects.filter(pk=pk).update(matched=members.serialize())
    return {}
