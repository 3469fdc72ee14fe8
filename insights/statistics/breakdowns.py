"""How the contacts of a group, and of the base, are spread over the values of a dimension.

A number or a date is cut into steps that the base decides, so that both are counted by the same ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np

from insights.statistics.dimensions import (
    LONGEST,
    LONGEST_REST,
    NONE,
    OTHER,
    Days,
    Dimension,
    age_days,
    days_named,
    other_than,
)
from insights.statistics.sets import Look, Sets
from mirror.kinds import CONTACT, SEPARATOR
from mirror.reading import Arrays, Rows
from segmentation.builder.bars import Numbers, spread
from segmentation.criteria.times import DAY, start_of

TOP = 10  # values of a text; the rest are told together
STEPS = 24  # of a date at most
UNITS = (1, 3, 12, 24, 60, 120, 240, 600, 1200, 6000)  # months that a step may have
EARLIEST = np.datetime64("-9999-01-01")
RARE = 0.005  # so few may lie before the first step, and after the last
FIRST_MONTH, LAST_MONTH = 3 * 12, 9998 * 12  # of the calendar, with room on both sides


@dataclass(frozen=True)
class Part:
    """One value, or one step: how many of the group have it, how many of the base."""

    name: str
    group: int
    base: int


@dataclass(frozen=True)
class Breakdown:
    """The parts of a dimension in their order, those without a value last.

    steps: they are stretches of a scale; several: a contact may be in more than one; values: how many different ones
    there are among the base; whole: of numbers, there are no others.
    """

    key: str
    parts: tuple[Part, ...]
    steps: bool = False
    several: bool = False
    values: int = 0
    whole: bool = True

    def address(self, part: Part) -> str:
        """What the part is called in the address of its list; "" where it is too long for one."""
        if part.name != OTHER:
            return part.name if len(part.name.removeprefix("v.")) <= LONGEST else ""
        rest = other_than([told.name.removeprefix("v.") for told in self.parts if told.name.startswith("v.")])
        return rest if len(quote(rest)) <= LONGEST_REST else ""


def broken_down(dimension: Dimension, look: Look, *, today: date, named: tuple[str, ...] = ()) -> Breakdown:
    """By one dimension, in the snapshot of the reader. `named`: of a text, the values that are told, as
    an earlier breakdown named them; else the most frequent ones of the group."""
    match dimension.type:
        case "number":
            return by_number(dimension, look)
        case "date" | "datetime" | "age":
            return by_day(dimension, look, today=today)
        case "choices":
            return by_options(dimension, look)
    return by_value(dimension, look, named)


# --- values ----------------------------------------------------------------------------------------------------
def by_value(dimension: Dimension, look: Look, named: tuple[str, ...] = ()) -> Breakdown:
    """Texts by the most frequent ones, as one of those who have it writes it; options by all there can be."""
    text, asked = dimension.type == "text", look.sets.asked(look.reader.everyone)
    value = f"min({dimension.value})" if text else dimension.value
    most = len(named) or TOP if text else max(len(dimension.options), 2)
    first, params = ("list_contains(?::VARCHAR[], value) DESC, ", [list(named)]) if text and named else ("", [])
    query = (
        f"SELECT value, base, n, sum(base) OVER ()::BIGINT AS all_base, sum(n) OVER ()::BIGINT AS all_n,"  # noqa: S608 - constants
        f" count(*) OVER () AS different FROM ("
        f"SELECT {value} AS value, count(*) AS base, sum({asked.own})::BIGINT AS n FROM {{rows}}"
        f" WHERE {dimension.value} IS NOT NULL AND {asked.where} GROUP BY {dimension.columns[-1].name}"
        f") ORDER BY {first}n DESC, base DESC, value LIMIT {most}"
    )
    read = look.reader.select(Rows(CONTACT, dimension.columns), query, [*asked.params, *params])
    parts = [
        Part(_named(dimension, found), int(n), int(base))
        for found, base, n in zip(read["value"], read["base"], read["n"], strict=True)
    ]
    group, base, different = (int(read[name][0]) if parts else 0 for name in ("all_n", "all_base", "different"))
    if text:
        rest = Part(OTHER, group - sum(part.group for part in parts), base - sum(part.base for part in parts))
        parts += [rest] if different > len(parts) else []
    else:
        there = {part.name for part in parts}
        names = (f"v.{option}" for option in dimension.options or ("yes", "no"))
        parts += [Part(name, 0, 0) for name in names if name not in there]
    return Breakdown(dimension.key, (*parts, _without(look.sets, group, base)), values=different)


def _named(dimension: Dimension, value: object) -> str:
    if dimension.type == "boolean":
        return "v.yes" if value else "v.no"
    return f"v.{value}"


def by_options(dimension: Dimension, look: Look) -> Breakdown:
    """Of several of a list: each option that there can be."""
    name, asked = dimension.value, look.sets.asked(look.reader.everyone)
    each = f"SELECT contact_id, unnest(string_split({name}, '{SEPARATOR}')) AS value FROM {{rows}}"  # noqa: S608 - constants
    query = (
        f"SELECT value, count(*) AS base, sum({asked.own})::BIGINT AS n FROM ({each} WHERE {name} IS NOT NULL)"  # noqa: S608 - constants
        f" WHERE {asked.where} GROUP BY value"  # also '', before the first separator and after the last: nobody's
    )
    rows = Rows(CONTACT, dimension.columns)
    read = look.reader.select(rows, query, asked.params)
    found = {
        str(value): (int(n), int(base)) for value, n, base in zip(read["value"], read["n"], read["base"], strict=True)
    }
    parts = [Part(f"v.{option}", *found.get(option, (0, 0))) for option in dimension.options]
    parts.sort(key=lambda part: (-part.group, -part.base))
    total = f"SELECT count(*) AS base, COALESCE(sum({asked.own}), 0)::BIGINT AS n FROM {{rows}}"  # noqa: S608 - constants
    having = look.reader.select(rows, f"{total} WHERE {name} IS NOT NULL AND {asked.where}", asked.params)
    none = _without(look.sets, int(having["n"][0]), int(having["base"][0]))
    return Breakdown(dimension.key, (*parts, none), several=True, values=len(dimension.options))


def _without(sets: Sets, group: int, base: int) -> Part:
    """Those without a value; so many have one."""
    return Part(NONE, len(sets.group) - group, len(sets.base) - base)


# --- steps -----------------------------------------------------------------------------------------------------
def values_of(dimension: Dimension, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """The values of the base, and whether each is of the group."""
    name, sets = dimension.value, look.sets
    query = f"SELECT contact_id, {name} AS value FROM {{rows}} WHERE {name} IS NOT NULL"  # noqa: S608 - constants
    read: Arrays = look.reader.select(Rows(CONTACT, dimension.columns), query)
    ids = np.minimum(read["contact_id"], sets.room - 1)
    there = sets.base_mask[ids]
    values = np.asarray(read["value"])
    return (values, sets.group_mask[ids]) if there.all() else (values[there], sets.group_mask[ids[there]])


def by_number(dimension: Dimension, look: Look) -> Breakdown:
    values, chosen = values_of(dimension, look)
    spreading = spread(Numbers(values))
    bars = spreading.bars
    edges = np.array([float(bar.low) for bar in bars])
    names = [f"n.{bar.low:f}:{'' if bar.high is None else format(bar.high, 'f')}" for bar in bars]
    parts = _stepped(names, edges, values, chosen)
    none = _without(look.sets, int(np.count_nonzero(chosen)), len(values))
    return Breakdown(dimension.key, (*parts, none), steps=True, whole=spreading.whole)


def by_day(dimension: Dimension, look: Look, *, today: date) -> Breakdown:
    """Days of the calendar; of instants those of the zone."""
    values, chosen = values_of(dimension, look)
    edge = _day if dimension.type == "date" else lambda day: _instant(day, look.zone)
    days = age_days(today)[::-1] if dimension.type == "age" else steps_of(values, edge)  # the oldest first
    edges = np.array([edge(first) for first, _last in days], dtype=values.dtype)
    parts = _stepped([days_named(each) for each in days], edges, values, chosen)
    if dimension.type == "age":
        return Breakdown(dimension.key, tuple(parts[::-1]))  # everybody came in at some time
    none = _without(look.sets, int(np.count_nonzero(chosen)), len(values))
    return Breakdown(dimension.key, (*parts, none), steps=True)


def _day(day: date | None) -> np.datetime64:
    return EARLIEST if day is None else np.datetime64(day)


def _instant(day: date | None, zone: ZoneInfo) -> np.datetime64:
    if day is None:
        return EARLIEST
    return np.datetime64(start_of(day, zone).replace(tzinfo=None), "us")


def _stepped(names: list[str], edges: np.ndarray, values: np.ndarray, chosen: np.ndarray) -> list[Part]:
    """The numbers of each step, whose beginnings are `edges`; nothing lies before the first."""
    if not names:
        return []
    places = np.maximum(np.searchsorted(edges, values, side="right") - 1, 0)
    base = np.bincount(places, minlength=len(names))
    group = np.bincount(places[chosen], minlength=len(names))
    return [Part(name, int(n), int(all_)) for name, n, all_ in zip(names, group, base, strict=True)]


def steps_of(values: np.ndarray, edge: Callable[[date | None], np.datetime64]) -> list[Days]:
    """Months, quarters, years … that hold the values: at most `STEPS`, and an open one for the few on either side."""
    if not len(values):
        return []
    months = values.astype("datetime64[M]").astype(np.int64) + 1970 * 12
    rank = int(RARE * (len(months) - 1))
    ranked = np.partition(months, (rank, len(months) - 1 - rank))
    low, high = (
        int(np.clip(month, FIRST_MONTH, LAST_MONTH)) for month in (ranked[rank], ranked[len(months) - 1 - rank])
    )
    unit = next((unit for unit in UNITS if high // unit - low // unit < STEPS), UNITS[-1])
    begins = [_first(place * unit) for place in range(low // unit, high // unit + 2)]
    stretches: list[Days] = [(begin, following - DAY) for begin, following in pairwise(begins)]
    if values.min() < edge(begins[0]):
        stretches.insert(0, (None, begins[0] - DAY))
    if values.max() >= edge(begins[-1]):
        stretches.append((begins[-1], None))
    return stretches


def _first(month: int) -> date:
    """The first day of a month, counted from that of the year 0."""
    year, rest = divmod(min(max(month, FIRST_MONTH), LAST_MONTH), 12)
    return date(year, rest + 1, 1)
