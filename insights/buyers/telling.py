"""Buyers by RFM as the page and the file show them: rows with a label, numbers, a list, and criteria for a segment.

Made in the reader's language from what `taking` found, which holds no words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import quote

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import pgettext

from config.charts import heat
from insights.buyers import lists
from insights.buyers.counting import Some
from insights.buyers.parts import BY, part_of
from insights.buyers.taking import DAYS, Taken
from insights.shares import short_shares
from mirror.kinds import MONEY
from segmentation.contact_sets import create_url
from segmentation.criteria.buyers import GROUPS, MATRIX, SCORES
from segmentation.parts.buyers import GROUP_NAMES, SCORE_NAMES

HEATS = ("size", "revenue")
FROM_BEST = range(SCORES, 0, -1)


class _OfSome(Protocol):
    """A row of some buyers, with fields `share` and `part`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def some(self) -> Some: ...


OfSome = TypeVar("OfSome", bound=_OfSome)


@dataclass(frozen=True)
class Links:
    """The list of a part, and Create segment with its criteria; "" where it has nobody, or no criteria say it."""

    url: str = ""
    create_url: str = ""


def links(part: str, count: int, *, today: date) -> Links:
    if not count:
        return Links()
    url = f"{reverse('contacts:manager')}?{lists.NAME}={quote(part, safe='~')}"
    return Links(url, create_url(part_of(part, today=today).criteria))


@dataclass(frozen=True)
class Cell:
    """A place of the map. `groups`: the names of those in it, the largest first; in a map of both there is one."""

    recency: int
    column: int
    some: Some
    step: int
    groups: list[str]
    links: Links
    share: str = ""  # of the buyers
    part: str = ""  # of the revenue

    @property
    def group(self) -> str:
        return self.groups[0]

    @property
    def label(self) -> str:
        return str(GROUP_NAMES[self.group])

    @property
    def others(self) -> str:
        """The other groups in it, in words."""
        return ", ".join(str(GROUP_NAMES[name]) for name in self.groups[1:])


@dataclass(frozen=True)
class GroupRow:
    """One of the ten. `days`: since the last order, the median; change: in 30 days."""

    name: str
    some: Some
    then: int
    days: int | None
    links: Links
    share: str = ""  # of the buyers
    part: str = ""  # of the revenue

    @property
    def label(self) -> str:
        return str(GROUP_NAMES[self.name])

    @property
    def change(self) -> int:
        return self.some.buyers - self.then

    @property
    def each(self) -> Fraction | None:
        """Revenue for each of them."""
        return each(self.some)


@dataclass(frozen=True)
class ScoreRow:
    """One score of one of the three. Values above `above` up to `upto` have it; None: no end. `none`: no value can."""

    name: str
    score: int
    above: Any
    upto: Any
    none: bool
    count: int
    links: Links


@dataclass(frozen=True)
class Told:
    """RFM, ready to show."""

    of: Taken
    by: str
    hot: str
    cells: list[list[Cell]]
    groups: list[GroupRow]
    scores: list[tuple[str, list[ScoreRow]]]

    @property
    def everybody(self) -> Some:
        return self.of.ranked.everybody

    @property
    def each(self) -> Fraction | None:
        return each(self.everybody)

    @property
    def days(self) -> int:
        return DAYS


def with_shares(rows: Sequence[OfSome]) -> list[OfSome]:
    """Rows in exactly one of which each buyer is, with the shares that add to 100 %."""
    shares = short_shares([row.some.buyers for row in rows])
    parts = short_shares([row.some.units for row in rows])
    return [replace(row, share=share, part=part) for row, share, part in zip(rows, shares, parts, strict=True)]


def each(some: Some) -> Fraction | None:
    return Fraction(some.units, MONEY * some.buyers) if some.buyers else None


def told(of: Taken, *, by: str = BY[0], hot: str = HEATS[0], today: date) -> Told:
    """In the language in force. `by`: what the columns of the map are; `hot`: what its colours say."""
    return Told(
        of,
        by,
        hot,
        cells(of, by, hot, today=today),
        with_shares([group_row(of, place, today=today) for place in in_order()]),
        [(str(capfirst(str(label))), score_rows(of, name, today=today)) for name, label in SCORE_NAMES.items()],
    )


def in_order() -> Iterator[int]:
    """The places of the ten groups, the best first."""
    best = (
        "champions",
        "loyal",
        "potential_loyalists",
        "new",
        "promising",
        "need_attention",
        "at_risk",
        "cant_lose_them",
        "hibernating",
        "lost",
    )
    return map(GROUPS.index, best)


# --- the map ---------------------------------------------------------------------------------------------------
def column_of(by: str, often: int, much: int) -> int:
    """The score of the column, from scores less one."""
    return {"frequency": often + 1, "monetary": much + 1}.get(by, (often + much + 3) // 2)


def group_of(recency: int, often: int, much: int) -> str:
    """By scores less one."""
    return MATRIX[recency + 1][column_of("both", often, much) - 1]


def cells(of: Taken, by: str, hot: str, *, today: date) -> list[list[Cell]]:
    """Rows by recency, the most recent first; columns by the other score, the best first."""
    found: dict[tuple[int, int], dict[str, Some]] = {}
    for (recency, often, much), some in of.ranked.cells.items():
        groups = found.setdefault((recency + 1, column_of(by, often, much)), {})
        name = group_of(recency, often, much)
        groups[name] = groups.get(name, Some()) + some
    whole = {place: sum(groups.values(), Some()) for place, groups in found.items()}
    amounts = {place: some.buyers if hot == "size" else some.units for place, some in whole.items()}
    top = max(amounts.values(), default=0)
    found_cells = []
    for recency in FROM_BEST:
        for column in FROM_BEST:
            place = recency, column
            some, groups = whole.get(place, Some()), found.get(place, {})
            names = sorted(groups, key=lambda name: (-groups[name].buyers, GROUPS.index(name)))
            link = links(f"cell~{by}~{recency}~{column}", some.buyers, today=today)
            step = heat(amounts.get(place, 0), top)
            found_cells.append(Cell(recency, column, some, step, names or possible(by, recency, column), link))
    shown = with_shares(found_cells)
    return [shown[first : first + SCORES] for first in range(0, len(shown), SCORES)]


def possible(by: str, recency: int, column: int) -> list[str]:
    """The groups that an empty cell would be of."""
    return list(
        dict.fromkeys(
            group_of(recency - 1, often, much)
            for often in range(SCORES)
            for much in range(SCORES)
            if column_of(by, often, much) == column
        )
    )


# --- groups and scores -----------------------------------------------------------------------------------------
def group_row(of: Taken, place: int, *, today: date) -> GroupRow:
    name = GROUPS[place]
    own = (some for (recency, often, much), some in of.ranked.cells.items() if group_of(recency, often, much) == name)
    some, last = sum(own, Some()), of.ranked.last[place]
    days = None if last is None else (of.at - last) // timedelta(days=1)
    return GroupRow(name, some, of.ranked.then(place), days, links(f"group~{name}", some.buyers, today=today))


def score_rows(of: Taken, name: str, *, today: date) -> list[ScoreRow]:
    """The best first. Where scores end tells of all buyers: nothing of it to who sees some contacts only."""
    axis = list(SCORE_NAMES).index(name)
    counts = [0] * SCORES
    for place, some in of.ranked.cells.items():
        counts[place[axis]] += some.buyers
    ends = getattr(of.ranked.ends, name) if of.whole else ()
    rows = []
    for score in FROM_BEST:
        above = ends[score - 2] if ends and score > 1 else None
        upto = ends[score - 1] if ends and score < SCORES else None
        none = above is not None and above == upto
        link = links(f"score~{name}~{score}", counts[score - 1], today=today)
        rows.append(ScoreRow(name, score, measure(name, above), measure(name, upto), none, counts[score - 1], link))
    return rows


def measure(name: str, value: datetime | int | None) -> datetime | int | Decimal | None:
    """A cut-off in its unit."""
    return Decimal(value) / MONEY if name == "monetary" and isinstance(value, int) else value


def column_names(by: str) -> list[str]:
    """What stands above the columns of the map, the best first."""
    template = {
        "both": pgettext("RFM score", "Frequency and amount %(score)s"),
        "frequency": pgettext("RFM score", "Frequency %(score)s"),
    }.get(by, pgettext("RFM score", "Amount %(score)s"))
    return [template % {"score": score} for score in FROM_BEST]
