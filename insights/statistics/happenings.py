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
        query = f"SELECT {look.sets.all_bits} AS ids FROM {{rows}}"  # noqa: S608 - constants
        who = look.sets.found(look.reader.select(rows, query)["ids"][0])
        if not who.isdisjoint(look.sets.base):
            read = _by_week(rows, weeks, look, who)
            found.append(_happening(key, read, weeks, look.sets.told(who)))
    return found


def visits(weeks: Weeks, look: Look) -> list[Happening]:
    """By channel; those that nobody of the base came by are left out."""
    rows = _within(Rows(VISIT, (VISIT.column("channel"),)), weeks, look)
    query = f"SELECT channel, {look.sets.all_bits} AS ids FROM {{rows}} GROUP BY channel"  # noqa: S608 - constants
    read = look.reader.select(rows, query)
    who = {str(channel): look.sets.found(ids) for channel, ids in zip(read["channel"], read["ids"], strict=True)}
    read = _by_week(rows, weeks, look, BitMap.union(*who.values()) if who else BitMap(), "channel")
    found = []
    for channel in Channel.values:
        here = np.asarray(read["channel"]) == channel
        if here.any():
            own = {name: read[name][here] for name in ("week", "base", "n")}
            found.append(_happening(channel, own, weeks, look.sets.told(who[channel])))
    return found


def _within(rows: Rows, weeks: Weeks, look: Look) -> Rows:
    span = weeks.whole.span(look.zone)
    return replace(rows, first=span.start, last=span.last)


def _by_week(rows: Rows, weeks: Weeks, look: Look, who: BitMap, *by: str) -> Arrays:
    """How many of the rows, which are of `who`, there are in each week: `base`, and `n` of the group.

    Who they are is a statement of its own before it: by week it would hold a set for each.
    """
    asked = look.sets.asked(who)
    query = (
        f"SELECT {weeks.sql(look.zone)} AS week, count(*) AS base, sum({asked.own})::BIGINT AS n"  # noqa: S608 - constants
        f"{''.join(f', {name}' for name in by)} FROM {{rows}} WHERE {asked.where} GROUP BY {', '.join((*by, 'week'))}"
    )
    return look.reader.select(rows, query, asked.params)


def _happening(key: str, read: Arrays, weeks: Weeks, contacts: tuple[int, int]) -> Happening:
    group, base = (_placed(read["week"], read[name], weeks) for name in ("n", "base"))
    return Happening(key, group, base, *contacts)


def _placed(places: np.ndarray, numbers: np.ndarray, weeks: Weeks) -> tuple[int, ...]:
    found = np.zeros(weeks.count, dtype=np.int64)
    found[np.asarray(places)] = np.asarray(numbers)
    return tuple(map(int, found))
