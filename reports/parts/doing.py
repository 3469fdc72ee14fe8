"""What they did: activities by week, visits by source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from activities.models import Channel
from config.charts import Chart, Series
from insights.statistics.calendars import week_name, week_short
from insights.statistics.comparing import Beside, ratio, times, two_times
from insights.statistics.happenings import Happening
from insights.statistics.telling import PER, rates
from reports.parts.base import Part, Sides
from reports.tables import Cell, Column, Kind, Line, Section, Table


def activities(sides: Sides) -> Section:
    names = {key: known.type.label for key, known in sides.first.taking.context.catalog.activities.items()}
    found = sides.each(lambda taking: taking.activities(sides.weeks))
    done = Done("activities", "did", names, [_by_key(made, place) for _side, made, place in found], sides)
    empty = _("Nothing was done in these weeks.")
    return Section("activities", _("Activities by week"), _period(sides), done.tables(_("Activity")), empty)


def visits(sides: Sides) -> Section:
    names = {one.value: str(one.label) for one in Channel}
    found = sides.each(lambda taking: taking.visits(sides.weeks))
    done = Done("visits", "came", names, [_by_key(made, place) for _side, made, place in found], sides)
    empty = _("Nobody visited in these weeks.")
    return Section("visits", _("Sources of visits"), _period(sides), done.tables(_("Source")), empty)


def _period(sides: Sides) -> str:
    first, last = sides.weeks.all[0], sides.weeks.all[-1]
    told = _(
        "Weeks from Monday to Sunday: %(first)s to %(last)s. What is dated ahead within the running week counts too."
    )
    return told % {"first": week_name(first), "last": week_name(last)}


@dataclass(frozen=True)
class Course:
    """How often in each week, and how many contacts at all: of one group."""

    counts: tuple[int, ...]
    contacts: int = 0


def _by_key(made: object, place: int) -> dict[str, Course]:
    """The numbers of the group, or of the base."""
    return {
        one.key: Course(one.base, one.base_contacts) if place else Course(one.group, one.group_contacts)
        for one in cast("list[Happening]", made)
    }


@dataclass(frozen=True)
class Done:
    """Things that were done over the weeks, by each group. what: their dimension in addresses of lists."""

    key: str
    what: str
    names: dict[str, str]
    found: list[dict[str, Course]]
    sides: Sides

    def tables(self, first: str) -> tuple[Table, ...]:
        """Each kind of thing over all weeks, and every week. `first`: the head of the kinds."""
        kinds = self.kinds
        if not kinds:
            return ()
        weeks = [week_name(week) for week in self.sides.weeks.all]
        lines = [
            Series(side.name, rates(self.together(side.place, kinds), side.size), style=side.style)
            for side in self.sides.all
        ]
        label = _("For every 1,000 contacts in each week, all kinds together")
        rows = tuple(Line(self.name(kind), self.row(kind)) for kind in kinds)
        now = self.sides.first.taking.context.now
        axis = [week_short(week, now=now) for week in self.sides.weeks.all]
        chart = Chart(label, _("Week"), axis, lines)
        weekly = (self.weekly(side.place, kinds, weeks) for side in self.sides.all)
        return Table(self.key, "", first, self.columns(), rows, chart=chart), *weekly

    @property
    def kinds(self) -> list[str]:
        """Those that anybody did, the most frequent first."""
        keys = {key for made in self.found for key, course in made.items() if any(course.counts)}
        return sorted(
            keys, key=lambda key: (*(-sum(self.of(n, key).counts) for n in range(len(self.found))), self.name(key))
        )

    def name(self, kind: str) -> str:
        return self.names.get(kind, kind)

    def of(self, place: int, kind: str) -> Course:
        return self.found[place].get(kind, Course((0,) * self.sides.weeks.count))

    def together(self, place: int, kinds: Sequence[str]) -> list[int]:
        return [sum(week) for week in zip(*(self.of(place, kind).counts for kind in kinds), strict=True)]

    def columns(self) -> tuple[Column, ...]:
        found: list[Column] = []
        for side in self.sides.all:
            found += [
                Column(pgettext("how often", "Times"), Kind.COUNT, side.place),
                Column(_("For every 1,000 contacts"), Kind.AVERAGE, side.place),
                Column(_("Contacts who did it"), Kind.COUNT, side.place),
                Column(_("Share"), Kind.SHARE, side.place),
            ]
        if self.sides.second:
            found += [
                Column(_("Difference in times"), Kind.DIFFERENCE),
                Column(_("Difference in share"), Kind.DIFFERENCE),
            ]
        return tuple(found)

    def row(self, kind: str) -> tuple[Cell, ...]:
        sides, cells = self.sides, list[Cell]()
        part = f"{kind}.{':'.join(day.isoformat() for day in sides.weeks.whole)}"
        totals = [sum(self.of(side.place, kind).counts) for side in sides.all]
        contacts = [self.of(side.place, kind).contacts for side in sides.all]
        for side, total, who in zip(sides.all, totals, contacts, strict=True):
            url = sides.url(side, self.what, part) if who else ""
            cells += [Cell(total), Cell(ratio(total * PER, side.size)), Cell(who, url), Cell(ratio(who, side.size))]
        if sides.second is None:
            return tuple(cells)
        return (*cells, Cell(often(totals, contacts, sides)), Cell(sides.beside(contacts)))

    def weekly(self, place: int, kinds: Sequence[str], weeks: Sequence[str]) -> Table:
        """Every week of one group: a row for each, a column for each kind."""
        columns = tuple(Column(self.name(kind), Kind.COUNT, place) for kind in kinds)
        first = [week.first for week in self.sides.weeks.all]
        rows = tuple(
            Line(week, tuple(Cell(self.of(place, kind).counts[n]) for kind in kinds), day=first[n])
            for n, week in enumerate(weeks)
        )
        title = _("Every week")
        if len(self.sides.all) > 1:
            title = _("Every week: %(name)s") % {"name": self.sides.all[place].name}
        return Table(f"{self.key}-weeks-{place}", title, _("Week"), columns, rows, folded=True)


def often(totals: Sequence[int], contacts: Sequence[int], sides: Sides) -> Beside:
    """How often by `PER` contacts, of two groups."""
    sizes = sides.sizes
    if sides.second and sides.second.whole:
        return times((totals[0], sizes[0]), (totals[1], sizes[1]), contacts[1], per=PER)
    first, second = zip(totals, sizes, contacts, strict=True)
    return two_times(first, second, per=PER)


PARTS = [
    Part(
        "activities",
        gettext_lazy("Activities by week"),
        gettext_lazy("How often each kind was done, and by how many."),
        activities,
    ),
    Part(
        "visits",
        gettext_lazy("Sources of visits"),
        gettext_lazy("By which channel they came: ad, e-mail, search …"),
        visits,
    ),
]
