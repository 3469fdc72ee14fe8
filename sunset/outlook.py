"""What a sunset would come to: today, and by time alone in 7 and in 30 days, counted and not guessed.

Everything is taken in one snapshot, of the contacts that the reader sees.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from contacts.models import Consent
from insights.forecasting import Instants
from segmentation.criteria import parse
from segmentation.engine import snapshot
from sunset import passages
from sunset.looking import CHUNK, first_signs
from sunset.models import Sunset
from sunset.plans import Plan, Tree
from tags.models import Tag

AHEAD = (7, 30)  # days


@dataclass(frozen=True)
class Later:
    """In `days` days: how many more would get the tag by time alone, those of today aside."""

    days: int
    at: datetime
    more: int


@dataclass(frozen=True)
class Outlook:
    """Taken at `at`. Of everybody `silent`: `spared` are left alone, `unasked` gave none of the consents, `having` have
    the tag already; the others get it (`tagged`). The four add up to `silent`.

    due: of those who have the tag from this sunset, whom it would withdraw from at once; 0 for a new one.
    first_withdrawal: the day on which the first of those who wait, or who get the tag today, have waited long enough.
    Of both, whoever gave a sign of life since they got the tag begins to wait anew, as the action has it.
    """

    at: datetime
    everyone: int
    silent: int
    spared: int
    unasked: int
    having: int
    tagged: int
    later: list[Later]
    consents: list[tuple[Consent, int]]
    first_withdrawal: date
    due: int = 0
    sets: dict[str, BitMap] = field(default_factory=dict, repr=False)


class Taking(Instants):
    """Trees of a plan at several instants of one snapshot."""

    def members(self, tree: Tree, days: int = 0) -> BitMap:
        return self.satisfying(parse(tree), days)


class Waiting:
    """Those of `ids` (silent, with the tag) on whom it is from the sunset, as it would be by the plan.

    By the rules of the action that withdraws (`kinds.SunsetWithdraw`): since when each waits, and who gave a sign of
    life since then.
    """

    def __init__(self, plan: Plan, sunset: Sunset, ids: BitMap, taking: Taking) -> None:
        self.plan, self.taking, self.ids = plan, taking, ids
        self.sunset = copy(sunset)
        self.sunset.consents = [[each.pk, each.name] for each in plan.consents]
        self.longest_first = passages.since_when(sunset)

    def due(self) -> BitMap:
        """Whom the action would withdraw from now."""
        some = self.ids & self.taking.members(self.plan.due)
        early = self.longest_first.filter(tagged_at__lt=self.taking.at(2 - self.plan.wait))  # a day more than the days
        since = {pk: at for pk, at in early if pk in some} if some else {}
        today, zone = self.taking.first.today, self.taking.zone
        waited = passages.waited(since, wait=self.plan.wait, today=today, zone=zone)
        return self.faithful({pk: since[pk] for pk in waited})

    def first(self, due: BitMap) -> date | None:
        """The day of the first withdrawal; None: nobody has begun to wait.

        Those who wait longest are looked at first, some at a time: hardly ever all of them.
        """
        if due:
            return self.taking.first.today
        rows = ((pk, at) for pk, at in self.longest_first.iterator(chunk_size=CHUNK) if pk in self.ids)
        while since := dict(islice(rows, CHUNK)):
            if some := self.faithful(since):
                day = min(since[pk] for pk in some).astimezone(self.taking.zone).date()
                return max(day + timedelta(days=self.plan.wait), self.taking.first.today)
        return None

    def faithful(self, since: Mapping[int, datetime]) -> BitMap:
        """Those who gave no sign of life since they got the tag."""
        [signs] = first_signs([(self.sunset, since)], now=self.taking.now)
        return BitMap(since) - BitMap(signs)


def getting_tag(plan: Plan, days: int, *, now: datetime, zone: ZoneInfo, mask: BitMap | None) -> BitMap:
    """Who would get the tag in so many days, beside those of today; 0: today. For lists.

    Raises: CriteriaError.
    """
    with snapshot():
        taking = Taking(now, zone, mask)
        today = taking.members(plan.quiet)
        return (taking.members(plan.quiet, days) - today if days else today) - tag_holders(plan, taking)


def tag_holders(plan: Plan, taking: Taking) -> BitMap:
    known = bool(plan.tag) and Tag.objects.filter(name=plan.tag).exists()
    return taking.members(plan.tagged) if known else BitMap()


def outlook(plan: Plan, *, now: datetime, zone: ZoneInfo, mask: BitMap | None, sunset: Sunset | None = None) -> Outlook:
    """The numbers of a plan. `sunset`: the one that would do this from now on, if there is one.

    Raises: CriteriaError, if it names something that is gone.
    """
    with snapshot():
        taking = Taking(now, zone, mask)
        silent = taking.members({"all": plan.silent})
        spared = BitMap.union(BitMap(), *(taking.members(each) for each in plan.spared)) & silent
        asked = taking.members(plan.consenting)
        meant = (silent - spared) & asked
        having = tag_holders(plan, taking)
        tagged = meant - having
        later = [Later(days, taking.at(days), len(taking.members(plan.quiet, days) - meant - having)) for days in AHEAD]
        given = [
            (
                each,
                taking.members({"kind": "consent", "consent": each.key, "state": "given"}).intersection_cardinality(
                    tagged
                ),
            )
            for each in plan.consents
        ]
        waiting = Waiting(plan, sunset, meant & having, taking) if sunset is not None and having else None
        due = waiting.due() if waiting else BitMap()
        first = waiting.first(due) if waiting else None
        return Outlook(
            at=now,
            everyone=len(taking.first.everyone),
            silent=len(silent),
            spared=len(spared),
            unasked=len(silent - spared - asked),
            having=len(meant & having),
            tagged=len(tagged),
            later=later,
            consents=given,
            first_withdrawal=first or taking.first.today + timedelta(days=plan.wait),
            due=len(due),
            sets={"tagged": tagged, "due": due},
        )
