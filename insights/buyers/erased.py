"""Buyers who were erased: their orders are gone, and the proof says since when they had bought, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, DateTimeField, Min, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from activities.models import NOT_COUNTED, Order
from contacts.erasing.models import Erasure
from contacts.models import Contact

NAME = "bought"  # in the proof


@dataclass(frozen=True)
class Erased:
    """Erased since an instant: buyers of before it, and who had orders but no note of when they first bought."""

    buyers: int = 0
    unknown: int = 0


def erased(end: datetime) -> Erased:
    """Of everybody, as the proofs say."""
    first = Cast(KT(f"told__{NAME}"), DateTimeField())
    found = (
        Erasure.objects.filter(at__gt=end)
        .alias(first=first)
        .aggregate(
            buyers=Count("pk", filter=Q(first__lte=end)),
            unknown=Count("pk", filter=Q(counts__has_key="order") & ~Q(told__has_key=NAME)),
        )
    )
    return Erased(found["buyers"], found["unknown"])


def first_bought(contact: Contact, _now: datetime) -> str | None:
    """When it first ordered something that counts; None: never."""
    orders = Order.objects.filter(contact=contact).exclude(status__in=NOT_COUNTED)
    first = orders.aggregate(first=Min("at"))["first"]
    return None if first is None else str(first.isoformat())
