"""Orders and products bought: exact numbers, and the same answers as the oracle's."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.models import Order
from contacts.models import Contact
from mirror.reading import Reader
from mirror.services import compact
from segmentation.criteria import tallies
from segmentation.criteria.values.number import Number
from tests import factories, population, population_orders
from tests.factories import NOW
from tests.oracle import World
from tests.oracle_orders import Bought
from tests.population import NOWS, ZONES
from tests.support.asking import members
from tests.support.orders import order
from tests.test_oracle import QUIET, assert_agree

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english_in_warsaw() -> Any:
    with translation.override("en"), timezone.override("Europe/Warsaw"):
        yield


# --- numbers ------------------------------------------------------------------------------------------------------
LARGEST = "99999999999999.9999"


def test_sums_beyond_what_computers_count_in_are_exact(account: Any) -> None:
    contacts = [factories.contact() for _number in range(3)]
    for number, contact in enumerate(contacts):
        for _order in range(11):
            factories.order(contact, total=LARGEST)
        factories.order(contact, total=Decimal(number) / 10_000)
    # 11 × 99999999999999.9999 + 0.0002 is 1099999999999999.9991
    exact = Decimal("1099999999999999.9991")
    totals = tallies.add(
        np.array([1] * 11 + [1]), np.array([int(Decimal(LARGEST) * 10_000)] * 11 + [2]), unit=Fraction(1, 10_000)
    )
    assert totals.of(1) == Fraction(exact)
    assert members(order("sum", "gt", 999999999999999)) == {contact.pk for contact in contacts}
    assert members(order("max", "eq", 99999999999999.9)) == set()
    assert members(order("avg", "lt", 99999999999999)) == {contact.pk for contact in contacts}
    assert members(order("avg", "gt", 91666666666666.6)) == {contact.pk for contact in contacts}


def test_an_average_of_nobody_is_compared_with_the_largest_number(account: Any) -> None:
    factories.contact()
    assert members(order("avg", "lt", 999999999999999)) == set()
    assert members(order("avg", "gt", 91666666666666.7)) == set()


@pytest.mark.parametrize("factor", [1, 2**24, 2**40])
@pytest.mark.parametrize("apart", [1, 1_000_000])
def test_tallies_agree_with_plain_python(factor: int, apart: int) -> None:
    """Dense ids and far ones; small numbers, such as floats hold, and such as no machine does."""

    @QUIET
    @given(st.lists(st.tuples(st.integers(1, 6), st.integers(-(2**20), 2**20)), max_size=12), st.data())
    def agree(rows: list[tuple[int, int]], data: Any) -> None:
        ids = np.array([number * apart for number, _unit in rows], dtype=np.int32)
        units = np.array([unit * factor for _number, unit in rows], dtype=np.int64)
        mine: dict[int, list[int]] = {}
        for one, unit in zip(ids.tolist(), units.tolist(), strict=True):
            mine.setdefault(one, []).append(unit)
        unit = Fraction(1, 10_000)
        made = {
            "count": (tallies.count(ids), {one: Fraction(len(each)) for one, each in mine.items()}),
            "sum": (tallies.add(ids, units, unit=unit), {one: sum(each) * unit for one, each in mine.items()}),
            "avg": (
                tallies.average(ids, units, unit=unit),
                {one: sum(each) * unit / len(each) for one, each in mine.items()},
            ),
            "max": (
                tallies.extreme(ids, units, largest=True, unit=unit),
                {one: max(each) * unit for one, each in mine.items()},
            ),
            "min": (
                tallies.extreme(ids, units, largest=False, unit=unit),
                {one: min(each) * unit for one, each in mine.items()},
            ),
        }
        for totals, expected in made.values():
            assert {one: totals.of(one) for one in expected} == expected
            assert totals.ids.tolist() == sorted(expected)
            near = [Decimal(str(round(float(number), 3))) for number in expected.values()] or [Decimal(1)]
            near = [one for one in near if len(one.normalize().as_tuple().digits) <= 15] or [Decimal(1)]
            bound = data.draw(st.sampled_from(near))
            signs = {"lt": "__lt__", "lte": "__le__", "gt": "__gt__", "gte": "__ge__", "eq": "__eq__"}
            for op, sign in signs.items():
                holds = [getattr(number, sign)(Fraction(bound)) for _one, number in sorted(expected.items())]
                assert tallies.compare(totals, op, bound).tolist() == holds
            among = [number in map(Fraction, near) for _one, number in sorted(expected.items())]
            assert tallies.compare(totals, "in", near).tolist() == among

    agree()


def test_the_first_and_last_rows_are_those_of_a_sorted_list() -> None:
    @QUIET
    @given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=12), st.booleans())
    def agree(rows: list[tuple[int, int]], last: bool) -> None:
        ids = np.array([one for one, _at in rows], dtype=np.int32)
        moments = np.array([at for _one, at in rows], dtype="datetime64[us]")
        keys = np.array([(7 * place) % 13 for place in range(len(rows))], dtype=np.int64)
        ends: dict[int, tuple[Any, int, int]] = {}
        for place, one in enumerate(ids.tolist()):
            mine = (moments[place], int(keys[place]), place)
            ends[one] = max(ends.get(one, mine), mine) if last else min(ends.get(one, mine), mine)
        expected = {place for _at, _key, place in ends.values()}
        assert set(tallies.ends(ids, moments, keys, last=last).tolist()) == expected

    agree()


def test_a_number_at_a_comparison_is_compared_without_rounding() -> None:
    totals = tallies.average(np.array([1, 1, 1]), np.array([1, 0, 0]), unit=Fraction(1, 10_000))
    third = Number().read("gt", 0.00003333333)
    assert tallies.compare(totals, "gt", third).tolist() == [True]
    assert tallies.compare(totals, "lt", Number().read("lt", 0.00003333334)).tolist() == [True]


# --- with the oracle ----------------------------------------------------------------------------------------------
def assert_agrees(world: World, *, examples: int) -> None:
    @settings(QUIET, max_examples=examples)
    @given(tree=st.one_of(*population_orders.criteria()), now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES))
    def agree(tree: Any, now: datetime, zone: Any) -> None:
        assert_agree(world, tree, now, zone)

    agree()


def test_engine_and_oracle_agree_on_orders(account: Any) -> None:
    assert_agrees(population.settle(population.people(3)), examples=500)


def test_engine_and_oracle_agree_where_orders_are_in_files_and_have_changed_since(
    committed: None, account: Any
) -> None:
    """Orders changed, deleted and new, and people gone, since the files were written."""
    world = population.settle(population.people(4))
    compact(now=NOW)
    gone = {person.id for person in world.people[::9]}
    Contact.objects.filter(pk__in=gone).delete()
    world.people = [person for person in world.people if person.id not in gone]
    for number, person in enumerate(world.people):
        written = list(Order.objects.filter(contact_id=person.id).order_by("id"))
        if written and number % 4 == 0:
            person.orders[0].status, person.orders[0].total = "cancelled", Decimal("12.3456")
            Order.objects.filter(pk=written[0].pk).update(status="cancelled", total=Decimal("12.3456"))
        elif written and number % 4 == 1:
            del person.orders[-1]
            written[-1].delete()
        elif written and number % 4 == 2:
            first = person.orders[0]
            person.orders.append(Bought(first.at, Decimal(300), "paid", {"currency": "PLN", "channel": "ad"}, []))
            factories.order(Contact.objects.get(pk=person.id), at=first.at, total=300, channel="ad")
    tails = Reader().tails
    assert tails["order"].cut
    assert tails["order"].rows
    assert tails["order"].gone
    assert_agrees(world, examples=250)
