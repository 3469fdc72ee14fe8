"""What the charts of the pages are made of. The tags that draw them: docs/design-language.md, "Charts"."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from django.utils import timezone

from config.templatetags import numbers, times

Amount = int | float | Decimal | Fraction
Place = date | datetime | str
STYLES = 6  # colours, each with its own dash, marker and pattern
HEATS = 5  # steps of a heat map above "nothing"


def told(value: Amount | None) -> str:
    """A number as it is: no more than two decimals, nothing is –."""
    if isinstance(value, int) or value is None:
        return numbers.number(value)
    return numbers.number(round(float(value), 2))


@dataclass(frozen=True)
class Series:
    """One line, or one column at each place.

    values: one for each place; None: not known (a gap, and – in the table).
    urls: the list behind each value, "" for none; leave it out if there are no lists.
    style: 1–6, where a thing has the same look on several charts; 0: by its place in the chart.
    notes: what is said beside each value, "" for nothing; leave it out if there are none.
    """

    name: str
    values: Sequence[Amount | None]
    urls: Sequence[str] = ()
    style: int = 0
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Chart:
    """Series over the same places: dates, or things by name.

    label: what it shows, in words that stand alone ("Engaged contacts on each day"): it is what is read out.
    heading: of the places in the table ("Day").
    text: how a value is written, at its point and in the table; unit: what stands after the numbers up the side.
    whole: together with what they add up to (columns that are stacked): the heading of that column in the table.
    """

    label: str
    heading: str
    places: Sequence[Place]
    series: Sequence[Series]
    text: Callable[[Amount | None], str] = told
    unit: str = ""
    whole: str = ""

    def __post_init__(self) -> None:
        if len(self.series) > STYLES:
            raise ValueError(f"no more than {STYLES} series can be told apart")
        for one in self.series:
            if any(
                len(each) != len(self.places) for each in (one.values, one.urls or one.values, one.notes or one.values)
            ):
                raise ValueError(f"{one.name}: one value, and one address, one note or none, for each place")

    def style_of(self, place: int) -> int:
        """Of the series at a place."""
        return self.series[place].style or place % STYLES + 1

    @property
    def names(self) -> list[str]:
        """The places as they are written."""
        now = timezone.now()
        return [name_of(place, now=now) for place in self.places]


def name_of(place: Place, *, now: datetime) -> str:
    if isinstance(place, datetime):
        return times.moment_text(place, now=now)
    return times.day_text(place, now=now) if isinstance(place, date) else str(place)


# --- shares of a whole -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Band:
    """A part of a whole: its size, how that is written ("" : as a number), its list, and what makes a segment of it."""

    name: str
    value: Amount
    text: str = ""
    share: str = ""
    url: str = ""
    create_url: str = ""
    style: int = 0


@dataclass(frozen=True)
class Bands:
    """One bar, divided. `label` as of a Chart; `heading` of the names, `amount` of the sizes in the table."""

    label: str
    heading: str
    amount: str
    bands: Sequence[Band]

    def __post_init__(self) -> None:
        if len(self.bands) > STYLES:
            raise ValueError(f"no more than {STYLES} bands can be told apart")


# --- heat ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Heat:
    """A cell of a heat map: what stands in it, its step of colour, its list.

    step: 0 (nothing) to 5, see `heat`; None: there is no such cell (a triangle's other half, the thing with itself).
    under: a second, smaller line. title: what a reader who sees no columns must know ("March, after 2 months").
    """

    text: str
    step: int | None = 0
    under: str = ""
    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class HeatRow:
    name: str
    cells: Sequence[Heat]
    under: str = ""
    url: str = ""


@dataclass(frozen=True)
class HeatMap:
    """A table whose cells are coloured in steps; the number is always in it.

    label: its caption. corner: the heading of the first column. legend: what each step means, from 0 up; empty: none.
    """

    label: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[HeatRow]
    legend: Sequence[str] = ()


def heat(value: Amount, top: Amount) -> int:
    """The step of colour: 0 for nothing, then 1 to 5 by fifths of `top`."""
    if value <= 0 or top <= 0:
        return 0
    return min(HEATS, 1 + int(Fraction(value) * HEATS / Fraction(top)))


def fifths(top: int) -> list[tuple[int, int]]:
    """The first and last whole number of each step of `heat`, from 1 on; where it has none, the first is greater."""
    ends = [-(-top * step // HEATS) for step in range(HEATS)] + [top + 1]
    return [(max(low, 1), high - 1) for low, high in pairwise(ends)]


@dataclass(frozen=True)
class Heats:
    """Steps of colour between the lowest and the highest of values that may lie close together."""

    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, values: Iterable[Amount]) -> "Heats":
        some = [Fraction(value) for value in values if value > 0]
        return cls(min(some, default=Fraction(0)), max(some, default=Fraction(0)))

    def step(self, value: Amount) -> int:
        """0 for nothing, then 1 to 5; of values that are all the same, 1."""
        return heat(Fraction(value) - self.low, self.high - self.low) or 1 if value > 0 else 0

    @property
    def ends(self) -> list[tuple[Fraction, Fraction]]:
        """From where to where each step reaches, from 1 on."""
        if self.low == self.high:
            return [(self.low, self.high)] if self.high else []
        wide = (self.high - self.low) / HEATS
        return [(self.low + wide * nth, self.low + wide * (nth + 1)) for nth in range(HEATS)]
