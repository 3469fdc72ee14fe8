"""What the contacts of a group did, week by week: activities by type, visits by channel, beside the base."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pyroaring import BitMap

from activities.models import Channel
from insights.statistics.calendars import Weeks
from insights.statistics.sets import Look
from mirror.kinds import ACTIVITY, VISIT
from mirror.reading import Arrays, Rows


@dataclass(frozen=True)
class Happening:
    """One kind of thing: how often in each week, and how many contacts did it at all in these weeks.

    key: of the activity type, or the channel.
    """

    key: str
    group: tuple[int, ...]
    base: tuple[int, ...]
    group_contacts: int
    base_contacts: int

    @property
    def total(self) -> int:
        return sum(self.group)

    @property
    def base_total(self) -> int:
        return sum(self.base)


def activities(types: Sequence[tuple[int, str]], weeks: Weeks, look: Look) -> list[Happening]:
    """Of each type (id, key). Those that nobody of the base did are left out."""
    found = []
    for type_, key in types:
        rows = _within(Rows(ACTIVITY, (), type_), weeks, look)
        sets = look.sets
        query = (
            f"SELECT {weeks.sql(look.zone)} AS week, count(*) AS base, sum({sets.bit})::BIGINT AS n FROM {{rows}}"  # noqa: S608 - constants
            f" WHERE {sets.bit} = 1 GROUP BY week"
        )
        read = look.reader.select(rows, query, [sets.group_bits, sets.base_bits])
        if len(read["week"]):
            found.append(_happening(key, read, weeks, sets.told(_who(rows, look))))
    return found


def visits(weeks: Weeks, look: Look) -> list[Happening]:
    """By channel; those that nobody came by are left out."""
    rows, sets = _within(Rows(VISIT, (VISIT.column("channel"),)), weeks, look), look.sets
    query = (
        f"SELECT channel, {weeks.sql(look.zone)} AS week, count(*) AS base, sum({sets.bit})::BIGINT AS n FROM {{rows}}"  # noqa: S608 - constants
        f" WHERE {sets.bit} = 1 GROUP BY channel, week"
    )
    read = look.reader.select(rows, query, [sets.group_bits, sets.base_bits])
    found = []
    for channel in Channel.values:
        here = np.asarray(read["channel"]) == channel
        if here.any():
            own = {name: read[name][here] for name in ("week", "base", "n")}
            who = _who(rows, look, "channel = ?", channel)
            found.append(_happening(channel, own, weeks, sets.told(who)))
    return found


def _within(rows: Rows, weeks: Weeks, look: Look) -> Rows:
    span = weeks.whole.span(look.zone)
    return replace(rows, first=span.start, last=span.last)


def _who(rows: Rows, look: Look, where: str = "true", *params: str) -> BitMap:
    """The contacts of the base with such a row. A statement of its own: by week it would hold a set for each."""
    query = f"SELECT {look.sets.all_bits}::BLOB AS ids FROM {{rows}} WHERE {where}"  # noqa: S608 - constants
    return look.sets.found(look.reader.select(rows, query, params)["ids"][0])


def _happening(key: str, read: Arrays, weeks: Weeks, contacts: tuple[int, int]) -> Happening:
    group, base = (_placed(read["week"], read[name], weeks) for name in ("n", "base"))
    return Happening(key, group, base, *contacts)


def _placed(places: np.ndarray, numbers: np.ndarray, weeks: Weeks) -> tuple[int, ...]:
    found = np.zeros(weeks.count, dtype=np.int64)
    found[np.asarray(places)] = np.asarray(numbers)
    return tuple(map(int, found))
