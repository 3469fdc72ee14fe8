"""The numbers of engagement as the page lays them out: with names, shares, lists and what makes a segment of them."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.charts import Chart, Series
from contacts.models import Status
from insights.engagement.erased import ALL, ENGAGED, UNENGAGED
from insights.engagement.figures import Cell, Figures
from insights.engagement.lists import AT, Named
from insights.engagement.moments import END, GONE, PARTS, START, STATES, SUBSCRIBED, UNSUBSCRIBED
from insights.engagement.words import erased_words, population_words, state_words
from insights.shares import shares
from segmentation.contact_sets import create_url

SIGNS = {"new": "+", "joined": "+", "moved_in": "+", "moved_out": "−", "unsubscribed": "−", "erased": "−", "end": "="}


@dataclass(frozen=True)
class Shown:
    """A number. share: of its row; url: the list of those there; create_url: "" where criteria cannot say it."""

    name: str
    count: int
    erased: int = 0
    share: str = ""
    url: str = ""
    create_url: str = ""

    @property
    def minus(self) -> int:
        return -self.count


@dataclass(frozen=True)
class Row:
    name: str
    cells: list[Shown]
    key: str = ""
    sign: str = ""


@dataclass(frozen=True)
class Told:
    """`of` in words, for one reader."""

    of: Figures

    @property
    def today(self) -> bool:
        return self.of.asked.day is None

    @property
    def nobody(self) -> bool:
        return not self.of.all[ALL].count

    @cached_property
    def tiles(self) -> list[Shown]:
        """Engaged and unengaged, of everybody."""
        return self._row(ALL)[:2]

    @cached_property
    def rows(self) -> list[Row]:
        """By subscription status, and all together last."""
        return [Row(population_words(status), self._row(status), status) for status in (*Status.values, ALL)]

    def _row(self, status: str) -> list[Shown]:
        cells = self.of.table[status]
        parts = [*shares([cells[state].count for state in STATES]), ""]
        return [
            self._shown(AT, state, status, cells[state], share, state_words(state))
            for state, share in zip((*STATES, ALL), parts, strict=True)
        ]

    def _shown(self, what: str, state: str, population: str, cell: Cell, share: str = "", name: str = "") -> Shown:  # noqa: PLR0917
        named = self.named(what, state, population)
        url = named.url if cell.here else ""
        return Shown(name, cell.count, cell.erased, share, url, create_url(named.criteria))

    def named(self, what: str, state: str, population: str) -> Named:
        return Named(what, state, self.of.asked.days, self.of.asked.day, population)

    # --- change ----------------------------------------------------------------------------------------------
    @cached_property
    def change(self) -> list[Row]:
        """The sum of each group, a part a line."""
        population = self.of.asked.population
        parts = [part for part in PARTS if part in self.of.change[ENGAGED]]
        return [
            Row(
                self._cause(part),
                [self._shown(part, state, population, self.of.change[state][part]) for state in STATES],
                part,
                SIGNS.get(part, ""),
            )
            for part in parts
        ]

    @cached_property
    def unsubscribed(self) -> Row | None:
        """Told beside the change of everybody, where it is no leaving."""
        if self.of.asked.population == SUBSCRIBED:
            return None
        cells = [self._shown(UNSUBSCRIBED, state, ALL, self.of.unsubscribed[state]) for state in STATES]
        return Row(_("Were subscribed at the start and are no longer"), cells, UNSUBSCRIBED)

    def _cause(self, part: str) -> str:
        return {
            START: _("At the start"),
            "new": _("New contacts"),
            "joined": _("Subscribed meanwhile, contacts before"),
            "moved_in": _("Came from the other group"),
            "moved_out": _("Went to the other group"),
            UNSUBSCRIBED: _("No longer subscribed: unsubscribed, bounced or pending"),
            GONE: _("Erased"),
            END: _("At the end"),
        }[part]

    # --- over time -------------------------------------------------------------------------------------------
    @cached_property
    def curve(self) -> Chart:
        points = self.of.curve
        return Chart(
            _("Engaged contacts at the end of each day")
            if self.of.asked.step == "day"
            else _("Engaged contacts, week by week"),
            pgettext("of a number", "End of the day"),
            [point.day for point in points],
            [
                self._line(ENGAGED, [point.engaged for point in points], style=1),
                self._line(UNENGAGED, [point.unengaged for point in points], style=5),
            ],
        )

    def _line(self, state: str, cells: list[Cell], *, style: int) -> Series:
        """A group, with the lists of those there, and a word on those erased since."""
        days = [self._day(point.day) for point in self.of.curve]
        named = [Named(AT, state, self.of.asked.days, day, ALL) for day in days]
        urls = [one.url if cell.here else "" for one, cell in zip(named, cells, strict=True)]
        notes = [erased_words(cell.erased) for cell in cells]
        return Series(state_words(state), [cell.count for cell in cells], urls, style, notes)

    def _day(self, day: date) -> date | None:
        """Of today as of now."""
        return None if self.today and day == self.of.day else day
