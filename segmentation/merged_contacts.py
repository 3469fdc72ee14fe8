"""Stored sets and contacts that go: lists follow merged ones, calculations stay as they were: they are the past."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from pyroaring import BitMap

from contacts.hooks import Merge, Place
from contacts.models import Contact
from segmentation.contact_pages import memberships
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


def places_of(contact: Contact, now: datetime) -> list[Place]:
    """In how many segments' last calculations, and lists, the contact stands."""
    lists = UploadedList.objects.values_list("matched", flat=True).iterator(chunk_size=20)
    return [
        Place(_("Last calculations of segments"), len(memberships(contact, now=now))),
        Place(_("Uploaded and fixed lists"), sum(contact.pk in bitmap_of(matched) for matched in lists)),
    ]
