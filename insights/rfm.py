"""A contact among the buyers of the account: its RFM group, its scores, and where each score begins and ends.

By the rule and the code of the criterion `rfm` (docs/criteria.md, "Buyers"); a test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.text import capfirst
from pyroaring import BitMap

from contacts.models import Contact
from mirror.reading import aware
from segmentation.criteria import Context
from segmentation.criteria.buyers import GROUPS, SCORES, Buyers, buyers
from segmentation.criteria.sales import MONEY, in_decimals
from segmentation.engine import snapshot
from segmentation.parts.buyers import GROUP_NAMES, SCORE_NAMES

Measure = datetime | int | Decimal


@dataclass(frozen=True)
class Score:
    """One of the three. own: what it is made of; those above `above`, up to `upto`, have this score; None: no end."""

    name: str
    score: int
    own: Measure
    above: Measure | None
    upto: Measure | None

    @property
    def label(self) -> str:
        return str(capfirst(str(SCORE_NAMES[self.name])))


@dataclass(frozen=True)
class Standing:
    """The contact's group by its name in criteria, and its scores: recency, frequency, amount spent."""

    group: str
    scores: list[Score]

    @property
    def label(self) -> str:
        return str(GROUP_NAMES[self.group])


def standing(contact: Contact, *, now: datetime, zone: ZoneInfo) -> Standing | None:
    """As of `now`, among all buyers there are. None: it is no buyer.

    Its own orders alone are read, and where the scores end is kept until an order comes in.
    """
    with snapshot():
        found = buyers(Context(now=now, zone=zone, only=BitMap([contact.pk])))
        at = found.at(contact.pk)
        return (
            None
            if at is None
            else Standing(GROUPS[found.group[at]], [score_of(found, name, at) for name in SCORE_NAMES])
        )


def score_of(found: Buyers, name: str, at: int) -> Score:
    values = {"recency": found.last, "frequency": found.orders, "monetary": found.spent}[name]
    score = int(getattr(found, name)[at])
    ends = getattr(found.cut_offs, name)
    return Score(
        name,
        score,
        told(name, values[at]),
        told(name, ends[score - 2]) if score > 1 else None,
        told(name, ends[score - 1]) if score < SCORES else None,
    )


def told(name: str, value: Any) -> Measure:
    """A measured value in its unit."""
    if name == "recency":
        return aware(value)
    return int(value) if name == "frequency" else in_decimals(int(value) * MONEY)
