"""Finding a person to ask why about: by words, or some who are in and some who left, to begin with."""

from collections.abc import Iterable
from dataclasses import dataclass

from pyroaring import BitMap

from config.requests import Request
from contacts.models import Contact
from contacts.selectors import matching, visible
from contacts.sight import within
from segmentation.engine import sample
from segmentation.models import Calculation, Segment, bitmap_of

MOST = 10
LONGEST = 200
SOME = 5


@dataclass(frozen=True)
class Person:
    """A contact, and whether the last calculation has it; None: there is none."""

    contact: Contact
    member: bool | None


@dataclass(frozen=True)
class Sets:
    """Of a segment's last calculation."""

    members: BitMap
    left: BitMap


def sets_of(segment: Segment, *, mask: BitMap | None) -> Sets | None:
    """The last calculation's members and those who left with it, as far as they are seen; None: there is none."""
    row = Calculation.objects.filter(pk=segment.latest_id).values_list("members", "left").first()
    return Sets(within(bitmap_of(row[0]), mask), within(bitmap_of(row[1]), mask)) if row else None


def asked(request: Request) -> str:
    """The words that are looked for."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]


def found(request: Request, text: str, sets: Sets | None) -> tuple[list[Person], bool]:
    """At most MOST contacts that have every word of `text`; whether there are more."""
    rows = list(matching(visible(request.user), text).order_by()[: MOST + 1]) if text else []
    return _people(rows[:MOST], sets), len(rows) > MOST


def some(request: Request, ids: BitMap, sets: Sets) -> list[Person]:
    """A few of `ids`, to begin with."""
    return _people(visible(request.user).in_bulk(sample(ids, SOME)).values(), sets)


def _people(contacts: Iterable[Contact], sets: Sets | None) -> list[Person]:
    return [Person(contact, None if sets is None else contact.pk in sets.members) for contact in contacts]
