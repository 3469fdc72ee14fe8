"""What a change of criteria would do, told before it is done."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from pyroaring import BitMap

from accounts.models import Account
from segmentation import hooks
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate, snapshot
from segmentation.models import Calculation, Segment, bitmap_of


@dataclass(frozen=True)
class Effect:
    """Who would join, leave and stay, against the last calculation; and what acts on the segment afterwards."""

    joins: BitMap
    leaves: BitMap
    stays: BitMap
    against: datetime | None  # when the last calculation was made; None: there is none, everyone joins
    at: datetime
    affected: list[hooks.Use]
    mark: str  # of the criteria this speaks of

    @property
    def count(self) -> int:
        return len(self.joins) + len(self.stays)


def effect_of(segment: Segment, criteria: dict[str, Any], *, now: datetime) -> Effect:
    """The members by `criteria` at `now` beside those of the last calculation. Stores nothing.

    Raises: CriteriaError.
    """
    zone = Account.objects.get(schema_name=connection.schema_name).zone  # type: ignore[attr-defined]
    with snapshot():
        members = evaluate(parse(criteria), context=Context(now=now, zone=zone)).members
    last = Calculation.objects.filter(pk=segment.latest_id).values_list("members", "as_of").first()
    before = bitmap_of(last[0]) if last else BitMap()
    return Effect(
        joins=members - before,
        leaves=before - members,
        stays=members & before,
        against=last[1] if last else None,
        at=now,
        affected=hooks.affected_by(segment),
        mark=mark_of(criteria),
    )


def mark_of(criteria: dict[str, Any]) -> str:
    """A short text that is the same for the same criteria only: what was shown is what is saved."""
    return hashlib.sha256(json.dumps(criteria, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
