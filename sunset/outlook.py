"""What a sunset would come to: today, and by time alone in 7 and in 30 days, counted and not guessed.

Everything is taken in one snapshot, of the contacts that the reader sees.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from contacts.models import Consent
from insights.forecasting import Instants
from segmentation.criteria import parse
from segmentation.engine import snapshot
from sunset.models import Sunset
from sunset.numbers import waiting_since
from sunset.passages import among
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
        due = among(sunset, taking.members(plan.due)) if sunset is not None and having else BitMap()
        waits = waiting_since(sunset, meant & having, zone=zone) if sunset is not None and having else None
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
            first_withdrawal=max((waits or taking.first.today) + timedelta(days=plan.wait), taking.first.today),
            due=len(due),
            sets={"tagged": tagged, "due": due},
        )
