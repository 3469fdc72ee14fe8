"""What a change of criteria would do, told before it is done."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from pyroaring import BitMap

from accounts.models import Account
from contacts.sight import within
from segmentation import hooks
from segmentation.criteria import Catalog, CriteriaError, parse
from segmentation.engine import Context, evaluate, snapshot
from segmentation.followers import Follower, followers, uses_of_followers
from segmentation.models import Calculation, SavedCriteria, Segment, bitmap_of
from segmentation.seen import digest, scope

COUNTED = 20  # segments whose members are counted before saved criteria change


@dataclass(frozen=True)
class Effect:
    """Who would join, leave and stay, against the last calculation; and what acts on the segment afterwards."""

    joins: BitMap
    leaves: BitMap
    stays: BitMap
    against: datetime | None  # when the last calculation was made; None: there is none, everyone joins
    at: datetime
    affected: list[hooks.Use]
    follow: list[hooks.Use]  # the segments that refer to this one, over others too, and what acts on those
    mark: str  # of the criteria this speaks of

    @property
    def count(self) -> int:
        return len(self.joins) + len(self.stays)


def effect_of(segment: Segment, criteria: dict[str, Any], *, now: datetime, mask: BitMap | None = None) -> Effect:
    """The members by `criteria` at `now` beside those of the last calculation. Stores nothing.

    mask: the contacts that the reader sees; None: all. The segment holds those alone whom its owner sees.
    Raises: CriteriaError.
    """
    zone = Account.objects.get(schema_name=connection.schema_name).zone  # type: ignore[attr-defined]
    with snapshot():
        members = evaluate(parse(criteria), context=Context(now=now, zone=zone, mask=scope(segment, mask))).members
    last = Calculation.objects.filter(pk=segment.latest_id).values_list("members", "as_of").first()
    before = within(bitmap_of(last[0]), mask) if last else BitMap()
    return Effect(
        joins=members - before,
        leaves=before - members,
        stays=members & before,
        against=last[1] if last else None,
        at=now,
        affected=hooks.affected_by(segment),
        follow=uses_of_followers(followers(("segment", segment.pk))),
        mark=mark_of(criteria),
    )


@dataclass(frozen=True)
class Following:
    """What a change of saved criteria does to one segment; the numbers are None where they are not counted.

    problem: why it can't be calculated then. later: it refers to what another segment's calculation finds.
    """

    segment: Segment
    uses: list[hooks.Use]
    joins: int | None = None
    leaves: int | None = None
    stays: int | None = None
    against: datetime | None = None
    problem: str = ""
    later: bool = False


@dataclass(frozen=True)
class SavedEffect:
    """What a change of saved criteria does to the segments that follow them; `mark`: of what this speaks of."""

    rows: list[Following]
    at: datetime
    mark: str


def effect_of_saved(
    saved: SavedCriteria, criteria: dict[str, Any], *, now: datetime, mask: BitMap | None = None
) -> SavedEffect:
    """The members of each segment that follows, as if `criteria` stood in `saved`. Stores nothing.

    At most COUNTED segments are counted; the others are named. mask: the contacts that the reader sees; None: all.
    """
    zone = Account.objects.get(schema_name=connection.schema_name).zone  # type: ignore[attr-defined]
    found = followers(("saved", saved.pk))
    rows, counted = [], 0
    with snapshot():
        contexts = _Contexts(now, zone)
        if saved.pk in contexts.catalog.saved:
            contexts.catalog.saved[saved.pk].criteria = criteria
        for each in found:
            if each.direct and counted < COUNTED:
                counted += 1
                rows.append(followed(each, contexts, mask))
            else:
                rows.append(Following(each.segment, each.uses, later=not each.direct))
    told = [[row.segment.pk, [[str(use.what), use.name] for use in row.uses]] for row in rows]
    return SavedEffect(rows, now, mark_of({"criteria": criteria, "segments": told}))


class _Contexts:
    """A context for those whom each owner sees; owners who see the same share one, and what it has read."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self.now, self.zone, self.catalog = now, zone, Catalog()
        self.made: dict[str, Context] = {}

    def of(self, mask: BitMap | None) -> Context:
        name = digest(mask)
        if name not in self.made:
            self.made[name] = Context(now=self.now, zone=self.zone, mask=mask, catalog=self.catalog)
        return self.made[name]


def followed(follower: Follower, contexts: _Contexts, mask: BitMap | None) -> Following:
    """One segment's members by what the catalog says, beside those of its last calculation."""
    segment = follower.segment
    context = contexts.of(scope(segment, mask))
    last = Calculation.objects.filter(pk=segment.latest_id).values_list("members", "as_of").first()
    before = within(bitmap_of(last[0]), mask) if last else BitMap()
    try:
        tree = parse(segment.version.criteria if segment.version else None)
        members = evaluate(tree, context=context).members
    except CriteriaError as error:
        return Following(segment, follower.uses, problem=error.message)
    return Following(
        segment, follower.uses, len(members - before), len(before - members), len(members & before),
        last[1] if last else None,
    )  # fmt: skip


def mark_of(criteria: dict[str, Any]) -> str:
    """A short text that is the same for the same criteria only: what was shown is what is saved."""
    return hashlib.sha256(json.dumps(criteria, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
