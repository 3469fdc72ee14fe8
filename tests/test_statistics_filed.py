"""Statistics over files that say more than holds: rows of contacts who were erased since count nowhere (IC9)."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pyroaring import BitMap

from contacts.services import delete_contact
from insights.statistics import scopes, taking
from insights.statistics.sets import Sets
from insights.statistics.taking import Statistics
from mirror.compacting import compact
from mirror.units import UNITS
from tests import factories
from tests.factories import NOW

WARSAW = ZoneInfo("Europe/Warsaw")


def test_whoever_is_not_of_the_base_is_nobody() -> None:
    sets = Sets(BitMap([1, 3]), BitMap([3]))
    assert sets.room % 8 == 0
    found = sets.found(np.packbits(sets.mask(BitMap([1, 3, 5]))).tobytes())
    assert sets.told(found) == (1, 2)
    assert sets.found(None) == BitMap()


@pytest.mark.parametrize(
    ("doers", "own", "where", "params"),
    [
        ([1, 3], "contact_id)", "true", 1),
        ([1, 3, 5], "least(", "= 1", 2),
        ([3], "1", "true", 0),
        ([1], "0", "true", 0),
        ([3, 5], "1", "= 1", 1),
        ([1, 5], "0", "= 1", 1),
        ([], "1", "true", 0),
    ],
)
def test_what_holds_for_all_rows_is_not_asked_of_each(doers: list[int], own: str, where: str, params: int) -> None:
    asked = Sets(BitMap([1, 3]), BitMap([3])).asked(BitMap(doers))
    assert own in asked.own
    assert asked.where.endswith(where)
    assert len(asked.params) == params


def take(scope: Any = None, mask: BitMap | None = None) -> Statistics:
    return taking.taken(scope or scopes.everybody(), now=NOW, zone=WARSAW, mask=mask, weeks=12)


@pytest.mark.usefixtures("committed", "account")
def test_rows_of_the_erased_count_nowhere_also_those_in_files() -> None:
    city = factories.attribute("city")
    people = [factories.contact(now=NOW, attributes={city.key: "Lublin"}) for _ in range(6)]
    for person in people:
        factories.activity(person, at=NOW - timedelta(days=1))
        factories.visit(person, at=NOW - timedelta(days=1), channel="direct")
        factories.order(person, at=NOW - timedelta(days=1), total="10")
    tag = scopes.of_tag(factories.tag("VIP", *people[2:], at=NOW))
    for unit in UNITS:
        compact(unit, now=NOW)
    assert numbers(take(tag)) == {(4, 6)}
    erased = BitMap([people[0].pk])
    delete_contact(people[-1])  # of greater id than any other
    delete_contact(people[0])
    assert numbers(take(tag)) == {(3, 4)}
    assert numbers(take()) == {(4, 4)}
    assert numbers(take(tag, BitMap([people[1].pk, people[2].pk]))) == {(1, 2)}
    assert take(tag, erased).activities == []


def numbers(of: Statistics) -> set[tuple[int, int]]:
    """What is counted once for each, (of the group, of the base): by every way of counting."""
    ((week,), (visit,)) = (of.activities, of.visits)
    city = next(breakdown for dimension, breakdown in of.breakdowns if dimension.title)
    return {
        (of.group, of.base),
        *((sum(one.group), sum(one.base)) for one in (week, visit)),
        *((one.group_contacts, one.base_contacts) for one in (week, visit)),
        (city.parts[0].group, city.parts[0].base),
        (of.sales.ever.orders, of.sales.ever.base_orders),
        (int(of.sales.ever.revenue / 10), int(of.sales.ever.base_revenue / 10)),
        (of.sales.buyers, of.sales.base_buyers),
        (of.sales.lately, of.sales.base_lately),
    }
