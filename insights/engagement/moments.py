"""The two groups at a moment, and what became of them from one moment to another: as sets of contacts that are there.

Numbers and lists are cut out of the same sets here, so that they cannot differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from pyroaring import BitMap

from contacts.models import Status
from insights.engagement.days import Days
from insights.engagement.erased import ALL, ENGAGED, UNENGAGED, Erased, erased_of, erased_since
from insights.engagement.people import People
from segmentation.criteria import Context
from segmentation.criteria.times import DAY, end_of

STATES = (ENGAGED, UNENGAGED)
SUBSCRIBED = "subscribed"
POPULATIONS = (SUBSCRIBED, ALL)  # whose change is told: of those who may be written to, or of everybody
START, NEW, JOINED, CAME, WENT, UNSUBSCRIBED, GONE, END = (
    "start", "new", "joined", "moved_in", "moved_out", "unsubscribed", "erased", "end",
)  # fmt: skip
PARTS = (START, NEW, JOINED, CAME, WENT, UNSUBSCRIBED, GONE, END)
CHANGE_DAYS = 30
CURVE_DAYS = 90
EARLIEST = date(1970, 1, 1)  # no fact is older


@dataclass(frozen=True)
class Moment:
    """Who was there at `at`, and who of them was engaged; by status as it was then."""

    at: datetime
    there: BitMap
    engaged: BitMap
    statuses: dict[str, BitMap]

    def of(self, population: str) -> BitMap:
        """`all`, or those of a status."""
        return self.there if population == ALL else self.statuses[population]

    def group(self, state: str) -> BitMap:
        return self.engaged if state == ENGAGED else self.there - self.engaged

    def people(self, population: str, state: str) -> BitMap:
        """Of a population those in a group; `all`: in both."""
        return self.of(population) if state == ALL else self.of(population) & self.group(state)


@dataclass(frozen=True)
class Looked:
    """Engagement by windows of `days` days, as of the end of `day`; of today as of now."""

    context: Context
    days: int
    day: date
    only_kept: bool = False

    @cached_property
    def people(self) -> People:
        return People(self.context)

    @cached_property
    def facts(self) -> Days:
        """Days as far back as the change and the curve need them."""
        back = max(CHANGE_DAYS, CURVE_DAYS)
        first = max(EARLIEST, self.day - DAY * min(back + self.days, (self.day - EARLIEST).days))
        return Days(self.context, first, self.day, self.only_kept)

    def at(self, day: date) -> datetime:
        """The moment as of which a day is told."""
        return self.context.now if day >= self.context.today else end_of(day, self.context.zone)

    def moment(self, day: date) -> Moment:
        at = self.at(day)
        there = self.people.there(at)
        engaged = self.facts.within(day - DAY * (self.days - 1), day) & there
        return Moment(at, there, engaged, self.people.with_status(at))

    @cached_property
    def end(self) -> Moment:
        return self.moment(self.day)

    @cached_property
    def start(self) -> Moment:
        return self.moment(self.day - DAY * CHANGE_DAYS)

    def curve(self, ends: list[date]) -> Iterator[tuple[date, int, int]]:
        """At the end of each day: how many were engaged, and how many were there."""
        there = self.people.arrivals([self.at(day) for day in ends])
        for (day, active), (_at, who) in zip(self.facts.windows(self.days, ends), there, strict=True):
            yield day, active.intersection_cardinality(who), len(who)

    @cached_property
    def erased(self) -> Erased:
        """Those erased since the earliest moment that is told; who sees some contacts only is told of none."""
        if self.context.mask is not None:
            return erased_of([], days=self.days)
        return erased_since(self.at(self.day - DAY * max(CHANGE_DAYS, CURVE_DAYS)), days=self.days)

    def change(self, part: str, state: str, population: str) -> BitMap:
        """Those behind a number of the change who are there: who was in a group, came to it, left it."""
        before, after = self.start.people(population, state), self.end.people(population, state)
        whole_before, whole_after = self.start.of(population), self.end.of(population)
        match part:
            case "start":
                return before
            case "new":
                return after - self.start.there
            case "joined":
                return (after & self.start.there) - whole_before
            case "moved_in":
                return after & whole_before - before
            case "moved_out":
                return before & whole_after - after
            case "unsubscribed":
                subscribed = self.start.people(Status.SUBSCRIBED, state)
                return subscribed - self.end.of(Status.SUBSCRIBED)
            case "end":
                return after
        return BitMap()  # of those erased nobody is there
