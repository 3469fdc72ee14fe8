"""By which source orders came (activities.sources decides it for each), beside the base. Amounts are exact."""

from dataclasses import dataclass

from activities.models import Channel
from insights.statistics.calendars import Stretch
from insights.statistics.sales import Sold
from insights.statistics.sets import Look
from mirror.kinds import ORDER
from mirror.reading import Rows


@dataclass(frozen=True)
class Ordered:
    """Orders that count of one channel, and how many contacts placed them."""

    key: str
    sold: Sold
    group_contacts: int
    base_contacts: int


def ordered(days: Stretch, look: Look) -> list[Ordered]:
    """By channel, on these days; those by which nobody of the base ordered are left out. Two statements."""
    span, sets = days.span(look.zone), look.sets
    columns = (ORDER.column("channel"), ORDER.column("total"), ORDER.column("counted"))
    rows = Rows(ORDER, columns, 0, span.start, span.last)
    query = f"SELECT channel, {sets.all_bits} AS ids FROM {{rows}} WHERE counted GROUP BY channel"  # noqa: S608 - constants
    read = look.reader.select(rows, query)
    who = {str(channel): sets.found(ids) for channel, ids in zip(read["channel"], read["ids"], strict=True)}
    asked = sets.asked(sets.base.union(*who.values()) if who else sets.base)
    query = (
        f"SELECT channel, count(*) AS base, sum(own)::BIGINT AS n, sum(total)::VARCHAR AS base_units,"  # noqa: S608 - constants
        f" COALESCE(sum(total) FILTER (own = 1), 0)::VARCHAR AS units FROM ("
        f"SELECT channel, total, {asked.own} AS own FROM {{rows}} WHERE counted AND {asked.where}) GROUP BY channel"
    )
    read = look.reader.select(rows, query, asked.params)
    names = ("channel", "n", "units", "base", "base_units")
    found = {
        str(channel): Sold(int(n), int(units), int(base), int(base_units))
        for channel, n, units, base, base_units in zip(*(read[name] for name in names), strict=True)
    }
    return [Ordered(key, found[key], *sets.told(who[key])) for key in Channel.values if key in found]
