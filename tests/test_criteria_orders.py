"""Orders, products bought, order dates. People whose answers are known, each case also negated."""

import time
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from accounts.models import Account
from activities.models import Order
from contacts.models import Contact
from mirror.reading import Reader
from mirror.services import compact
from segmentation import builder
from segmentation.criteria import Catalog, Context, CriteriaError, Words, check, dump, parse, tallies
from segmentation.criteria.values.number import Number
from segmentation.engine import evaluate
from tests import factories, population, population_orders
from tests.factories import NOW
from tests.oracle import World
from tests.oracle_orders import Bought
from tests.population import NOWS, ZONES
from tests.test_builder_form import read, sent
from tests.test_oracle import QUIET, assert_agree

pytestmark = pytest.mark.django_db

WARSAW = ZoneInfo("Europe/Warsaw")
SIX_MONTHS = {"last": 6, "unit": "month"}  # since 22 May


@pytest.fixture(autouse=True)
def _in_english_in_warsaw() -> Any:
    with translation.override("en"), timezone.override("Europe/Warsaw"):
        yield


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def members(tree: Any, *, now: datetime = NOW, **context: Any) -> set[int]:
    return set(evaluate(parse(tree), context=Context(now=now, zone=WARSAW, **context)).members)


def found(tree: Any, people: dict[str, int]) -> str:
    """The names of those a tree finds; its complement must find exactly the others."""
    check(parse(tree), Catalog())
    inside, outside = members(tree), members({"not": tree})
    assert not inside & outside
    assert inside | outside == set(people.values())
    return " ".join(name for name, pk in people.items() if pk in inside)


def order(measure: str, op: str, value: Any, *where: Any, **more: Any) -> dict[str, Any]:
    tree = {"kind": "order", "measure": measure, "op": op, "value": value, **more}
    return {**tree, "where": list(where)} if where else tree


def purchase(measure: str, op: str, value: Any, *where: Any, **more: Any) -> dict[str, Any]:
    return {**order(measure, op, value, *where, **more), "kind": "purchase"}


def test(param: str, op: str, value: Any) -> dict[str, Any]:
    return {"param": param, "op": op, "value": value}


test.__test__ = False  # type: ignore[attr-defined]


# --- orders -------------------------------------------------------------------------------------------------------
ORDERS: dict[str, list[dict[str, Any]]] = {
    "nobody": [],
    "once": [{"at": ago(10), "total": 50, "channel": "ad"}],
    "tenths": [{"at": ago(5), "total": "0.1"}, {"at": ago(4), "total": "0.2"}],
    "big": [
        {"at": ago(300), "total": 700, "channel": "ad"},
        {"at": ago(20), "total": 200, "channel": "ad"},
        {"at": ago(2), "total": 100, "channel": "search", "currency": "EUR"},
    ],
    "broken": [
        {"at": ago(9), "total": 500, "status": "cancelled", "channel": "ad"},
        {"at": ago(8), "total": 400, "status": "refunded", "channel": "ad"},
    ],
    "partly": [{"at": ago(9), "total": 500, "status": "cancelled"}, {"at": ago(8), "total": 30, "channel": "ad"}],
}


@pytest.fixture
def people(account: Any) -> dict[str, int]:
    made = {name: factories.contact(first_name=name) for name in ORDERS}
    for name, orders in ORDERS.items():
        for fields in orders:
            factories.order(made[name], **fields)
    return {name: contact.pk for name, contact in made.items()}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (order("count", "gte", 1), "once tenths big partly"),
        (order("count", "eq", 0), "nobody broken"),
        (order("count", "lt", 2), "nobody once broken partly"),
        (order("count", "lte", 0), "nobody broken"),
        (order("count", "ne", 1), "nobody tenths big broken"),
        (order("count", "in", [0, 3]), "nobody big broken"),
        (order("count", "not_in", [0, 3]), "once tenths partly"),
        (order("count", "between", {"from": 2, "to": 3}), "tenths big"),
        (order("count", "between", {"from": -1, "to": 0}), "nobody broken"),
        (order("count", "gt", 1.5), "tenths big"),
        (order("count", "gte", 2, within=SIX_MONTHS), "tenths big"),
        (order("count", "gte", 3, within=SIX_MONTHS), ""),
        (order("sum", "eq", 0.3), "tenths"),
        (order("sum", "gt", 0.3), "once big partly"),
        (order("sum", "lt", 0.3001), "nobody tenths broken"),
        (order("sum", "eq", 1000), "big"),
        (order("sum", "ne", 1000), "nobody once tenths broken partly"),
        (order("sum", "eq", 300, within=SIX_MONTHS), "big"),
        (order("avg", "lt", 1), "tenths"),
        (order("avg", "eq", 0.15), "tenths"),
        (order("avg", "gt", 333.3333), "big"),
        (order("avg", "gt", 333.3334), ""),
        (order("avg", "between", {"from": 0.15, "to": 30}), "tenths partly"),
        (order("avg", "in", [0.15, 50]), "once tenths"),
        (order("avg", "ne", 50), "nobody tenths big broken partly"),
        (order("max", "gte", 50), "once big"),
        (order("max", "eq", 0.2), "tenths"),
        (order("min", "eq", 0.1), "tenths"),
        (order("min", "lte", 30), "tenths partly"),
        (order("min", "not_in", [100]), "nobody once tenths broken partly"),
        (order("count", "gte", 1, test("channel", "eq", "ad")), "once big partly"),
        (order("count", "gte", 2, test("channel", "eq", "ad")), "big"),
        (order("count", "gte", 1, test("channel", "eq", "ad"), test("total", "gt", 500)), "big"),
        (order("sum", "gt", 0, test("total", "between", {"from": 0.1, "to": 0.1})), "tenths"),
        (order("count", "gte", 1, test("currency", "eq", "eur")), "big"),
        (order("count", "gte", 1, test("currency", "contains", "ln")), "once tenths big partly"),
        (order("count", "gte", 1, test("currency", "ne", "PLN")), "big"),
        (order("count", "gte", 1, test("status", "eq", "cancelled")), "broken partly"),
        (order("count", "eq", 2, test("status", "in", ["cancelled", "refunded", "paid"])), "tenths broken partly"),
        (order("count", "gte", 1, test("status", "ne", "paid")), "broken partly"),
        (order("sum", "gte", 900, {"param": "status", "op": "is_set"}), "big broken"),
    ],
)
def test_orders(people: dict[str, int], tree: Any, expected: str) -> None:
    assert found(tree, people) == expected


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (order("count", "gte", 1, test("channel", "eq", "ad"), pick="first"), "once big partly"),
        (order("count", "gte", 1, test("channel", "eq", "ad"), pick="last"), "once partly"),
        (order("sum", "gt", 300, pick="first"), "big"),
        (order("sum", "gt", 300, pick="last"), ""),
        (order("sum", "eq", 100, pick="last"), "big"),
        (order("sum", "ne", 50, pick="last"), "tenths big partly"),
        (order("count", "gte", 1, pick="first", within=SIX_MONTHS), "once tenths partly"),
        (order("count", "gte", 1, pick="last", within={"to": "2026-10-01"}), ""),
        (order("count", "gte", 1, test("status", "eq", "cancelled"), pick="first"), "broken partly"),
        (order("count", "gte", 1, pick="only"), "once tenths big partly"),
        (order("sum", "lt", 100, pick="only"), "once tenths partly"),
        (order("count", "eq", 0, pick="only"), ""),
        (order("count", "gte", 1, test("channel", "eq", "ad"), pick="only"), "once partly"),
        (order("count", "gte", 1, test("currency", "eq", "PLN"), pick="only"), "once tenths partly"),
        (order("count", "ne", 7, test("channel", "eq", "ad"), pick="only"), "once partly"),
        (order("max", "gte", 30, test("channel", "ne", "ad"), pick="only"), ""),
        (order("avg", "lt", 1, test("channel", "ne", "ad"), pick="only"), "tenths"),
        (order("count", "gte", 2, pick="only", within={"last": 30, "unit": "day"}), "tenths big"),
    ],
)
def test_picked_orders(people: dict[str, int], tree: Any, expected: str) -> None:
    """`first` and `last` measure one order of all; `only` needs orders, all of them fitting."""
    assert found(tree, people) == expected


def test_of_two_orders_of_one_moment_the_later_written_is_the_last(account: Any) -> None:
    contact = factories.contact()
    factories.order(contact, total=1, channel="ad")
    factories.order(contact, total=2, channel="search")
    assert members(order("sum", "eq", 1, pick="first")) == {contact.pk}
    assert members(order("sum", "eq", 2, pick="last")) == {contact.pk}


# --- the use cases ------------------------------------------------------------------------------------------------
def test_producer_x_for_more_than_300_in_six_months_is_a_sum_over_matching_lines(account: Any) -> None:
    """SD13."""
    names = ("in two orders", "exactly", "other brand", "too old", "refunded", "none")
    made = {name: factories.contact() for name in names}
    x, other = {"product": "A", "brand": "X"}, {"product": "B", "brand": "Y"}
    factories.order(made["in two orders"], at=ago(100), lines=[{**x, "amount": 150}, {**other, "amount": 900}])
    factories.order(made["in two orders"], at=ago(10), lines=[{**x, "amount": "150.01"}])
    factories.order(made["exactly"], at=ago(1), lines=[{**x, "amount": 300}])
    factories.order(made["other brand"], at=ago(1), lines=[{**other, "amount": 1000}, {**x, "amount": 100}])
    factories.order(made["too old"], at=ago(200), lines=[{**x, "amount": 1000}])
    factories.order(made["refunded"], at=ago(1), status="refunded", lines=[{**x, "amount": 1000}])
    people = {name: contact.pk for name, contact in made.items()}
    tree = purchase("amount", "gt", 300, test("brand", "eq", "x"), within=SIX_MONTHS)
    assert found(tree, people) == "in two orders"


def test_spending_bands_share_nobody_and_are_everyone(account: Any) -> None:
    """SD14: whatever the number of orders; who bought nothing spent less than 100."""
    spent = {"0": [], "99.99": [60, "39.99"], "100": [100], "500": [250, 250], "500.01": ["500.01"], "1000": [1000]}
    spent["1000.01"] = ["0.01", 1000]
    made = {name: factories.contact() for name in spent}
    for name, totals in spent.items():
        for total in totals:
            factories.order(made[name], total=total)
    people = {name: contact.pk for name, contact in made.items()}
    bands = [
        order("sum", "lt", 100),
        order("sum", "between", {"from": 100, "to": 500}),
        {"all": [order("sum", "gt", 500), order("sum", "lte", 1000)]},
        order("sum", "gt", 1000),
    ]
    assert [found(band, people) for band in bands] == ["0 99.99", "100 500", "500.01 1000", "1000.01"]
    assert sum(len(members(band)) for band in bands) == len(people)


def test_only_paid_is_one_criterion(account: Any) -> None:
    """SD15: at least one order from a paid source, and none from any other."""
    ways = {"paid": ["ad", "ad"], "mixed": ["ad", "search"], "free": ["direct"], "none": []}
    made = {name: factories.contact() for name in [*ways, "cancelled other"]}
    for name, channels in ways.items():
        for channel in channels:
            factories.order(made[name], total=10, channel=channel)
    factories.order(made["cancelled other"], total=10, channel="ad")
    factories.order(made["cancelled other"], total=10, channel="direct", status="cancelled")
    people = {name: contact.pk for name, contact in made.items()}
    tree = order("count", "gte", 1, test("channel", "eq", "ad"), pick="only")
    assert found(tree, people) == "paid cancelled other"


def test_bought_p_in_the_last_month_and_never_its_accessory(account: Any) -> None:
    """SD16."""
    bought = {"p": [("P", 5)], "p and q": [("P", 5), ("Q", 400)], "old p": [("P", 40)], "q": [("Q", 1)], "none": []}
    made = {name: factories.contact() for name in bought}
    for name, lines in bought.items():
        for product, days in lines:
            factories.order(made[name], at=ago(days), lines=[{"product": product, "amount": 10}])
    people = {name: contact.pk for name, contact in made.items()}
    tree = {
        "all": [
            purchase("quantity", "gte", 1, test("product", "eq", "P"), within={"last": 1, "unit": "month"}),
            purchase("quantity", "eq", 0, test("product", "eq", "Q")),
        ]
    }
    assert found(tree, people) == "p"


# --- purchases ----------------------------------------------------------------------------------------------------
@pytest.fixture
def shoppers(account: Any) -> dict[str, int]:
    made = {name: factories.contact(first_name=name) for name in ("nothing", "pieces", "apart", "cancelled")}
    camera = {"product": "C-1", "name": "Aparat Łódź", "category": "Foto/Aparaty", "brand": "ŁÓDŹ"}
    strap = {"product": "S-1", "name": "Pasek", "category": "Foto", "brand": ""}
    factories.order(
        made["pieces"],
        lines=[
            {**camera, "quantity": "0.1", "price": 10},
            {**camera, "quantity": "0.2", "price": 10},
            {**strap, "amount": 5},
        ],
    )
    factories.order(made["apart"], at=ago(40), lines=[{**camera, "quantity": 2, "amount": 200}])
    factories.order(made["apart"], at=ago(4), lines=[{**strap, "quantity": 3, "amount": 30}])
    factories.order(made["cancelled"], status="cancelled", lines=[{**camera, "amount": 100}])
    return {name: contact.pk for name, contact in made.items()}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (purchase("quantity", "eq", 0.3, test("brand", "eq", "łódź")), "pieces"),
        (purchase("quantity", "gte", 2), "apart"),
        (purchase("quantity", "lt", 2), "nothing pieces cancelled"),
        (purchase("amount", "eq", 3, test("name", "contains", "łódź")), "pieces"),
        (purchase("amount", "eq", 8), "pieces"),
        (purchase("amount", "eq", 0), "nothing cancelled"),
        (purchase("amount", "gte", 100, test("status", "eq", "cancelled")), "cancelled"),
        (purchase("orders", "eq", 1), "pieces"),
        (purchase("orders", "eq", 2), "apart"),
        (purchase("orders", "ne", 2), "nothing pieces cancelled"),
        (purchase("orders", "gte", 1, test("category", "starts_with", "foto/")), "pieces apart"),
        (purchase("orders", "gte", 1, {"param": "brand", "op": "is_not_set"}), "pieces apart"),
        (purchase("orders", "gte", 1, test("price", "gt", 10)), "apart"),
        (purchase("orders", "gte", 1, test("product", "eq", "c-1"), test("price", "eq", 10)), "pieces"),
        (purchase("orders", "eq", 1, within={"last": 30, "unit": "day"}), "pieces apart"),
        (purchase("quantity", "eq", 3, within={"last": 30, "unit": "day"}), "apart"),
    ],
)
def test_purchases(shoppers: dict[str, int], tree: Any, expected: str) -> None:
    assert found(tree, shoppers) == expected


# --- dates --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("which", "op", "value", "expected"),
    [
        ("first", "before", "2026-06-01", "big"),
        ("last", "before", "2026-06-01", ""),
        ("last", "on", "2026-11-17", "tenths"),
        ("first", "last", {"n": 10, "unit": "day"}, "tenths partly"),
        ("last", "last", {"n": 48, "unit": "hour"}, "big"),
        ("last", "next", {"n": 1, "unit": "day"}, ""),
        ("first", "ago", {"n": 10, "unit": "day"}, "once"),
        ("first", "between", {"from": "2026-11-01", "to": "2026-11-12"}, "once"),
        ("first", "anniversary", {"in_next": 60}, ""),
        ("first", "anniversary", {"in_next": 66}, "big"),
        ("last", "after", "2026-11-16T12:00:00Z", "tenths big"),
        ("first", "is_set", None, "once tenths big partly"),
        ("last", "is_not_set", None, "nobody broken"),
    ],
)
def test_order_dates(people: dict[str, int], which: str, op: str, value: Any, expected: str) -> None:
    tree = {"kind": "order_date", "which": which, "op": op} | ({} if value is None else {"value": value})
    assert found(tree, people) == expected


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


# --- who is looked at ---------------------------------------------------------------------------------------------
EVERY_KIND = [
    order("count", "gte", 1),
    order("sum", "lt", 100),
    order("avg", "ne", 5),
    order("count", "gte", 1, test("channel", "eq", "ad"), pick="last"),
    purchase("amount", "gte", 0),
    {"kind": "order_date", "which": "last", "op": "last", "value": {"n": 9, "unit": "day"}},
    {"kind": "rfm", "groups": ["champions", "lost", "loyal", "new"]},
    {"kind": "rfm", "recency": {"op": "ne", "value": 5}},
    {"kind": "spender", "band": "low"},
    {"kind": "spender", "buyer": "none"},
]


@pytest.mark.parametrize("tree", EVERY_KIND)
def test_nobody_erased_or_out_of_sight_is_found(people: dict[str, int], tree: Any) -> None:
    Contact.objects.filter(pk=people["once"]).delete()
    assert people["once"] not in members(tree)
    mask = BitMap([people["nobody"], people["big"]])
    seen = members(tree, mask=mask)
    assert seen == members(tree) & set(mask)
    assert seen | members({"not": tree}, mask=mask) == set(mask)


@pytest.mark.parametrize("tree", EVERY_KIND)
def test_one_contact_alone_is_judged_as_among_all(people: dict[str, int], tree: Any) -> None:
    among_all = members(tree)
    for pk in people.values():
        assert members(tree, only=BitMap([pk])) == among_all & {pk}


# --- refused ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"kind": "order", "op": "gt", "value": 1}, "measure"),
        (order("median", "gt", 1), "measure"),
        (order("sum", "contains", 1), "op"),
        (order("sum", "is_set", 1), "op"),
        (order("sum", "gt", "300"), "value"),
        (order("sum", "gt", True), "value"),
        (order("sum", "gt", 10**15), "value"),
        (order("sum", "between", {"from": 2, "to": 1}), "value"),
        (order("sum", "in", []), "value"),
        (order("sum", "in", [1, "2"]), "value[1]"),
        ({"kind": "order", "measure": "sum", "op": "gt"}, "value"),
        (order("sum", "gt", 1, pick="some"), "pick"),
        (order("sum", "gt", 1, within={"last": 0, "unit": "day"}), "within.last"),
        (order("sum", "gt", 1, where=[]), "where"),
        (order("sum", "gt", 1, test("brand", "eq", "X")), "where[0].param"),
        (order("sum", "gt", 1, test("landing_url", "eq", "X")), "where[0].param"),
        (order("sum", "gt", 1, test("channel", "eq", "ad"), test("status", "eq", "lost")), "where[1].value"),
        (order("sum", "gt", 1, test("total", "eq", "many")), "where[0].value"),
        (order("sum", "gt", 1, test("total", "contains", 1)), "where[0].op"),
        (order("sum", "gt", 1, test("utm_source", "matches", "(")), "where[0].value"),
        (order("sum", "gt", 1, *[test("total", "gt", 1)] * 9), "where"),
        (order("sum", "gt", 1, test("utm_source", "in", ["x"] * 10_000)), "where[0].value"),
        (purchase("sum", "gt", 1), "measure"),
        (purchase("amount", "gt", 1, pick="first"), "pick"),
        (purchase("amount", "gt", 1, test("channel", "eq", "ad")), "where[0].param"),
        (purchase("amount", "gt", 1, {"param": "price", "op": "gt"}), "where[0].value"),
        ({"kind": "order_date", "which": "second", "op": "is_set"}, "which"),
        ({"kind": "order_date", "which": "last", "op": "gt", "value": 3}, "op"),
        ({"kind": "order_date", "which": "last", "op": "before", "value": "yesterday"}, "value"),
        ({"kind": "order_date", "which": "last", "op": "is_set", "value": 1}, "value"),
        ({"kind": "order_date", "which": "last", "op": "on", "value": "2026-11-21", "within": SIX_MONTHS}, "within"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path_and_at_once(account: Any, tree: Any, path: str) -> None:
    started = time.perf_counter()
    with pytest.raises(CriteriaError) as caught:
        check(parse({"any": [tree]}), Catalog())
    assert time.perf_counter() - started < 0.05
    assert caught.value.path == f"any[0].{path}"


# --- words --------------------------------------------------------------------------------------------------------
def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (
            purchase("amount", "gt", 300, test("brand", "eq", "X"), within=SIX_MONTHS),
            "spent more than 300 PLN on brand X in the last 6 months (since 22 May)",
        ),
        (purchase("amount", "lte", 41.2), "spent at most 41.20 PLN on anything"),
        (
            purchase("quantity", "gte", 2, test("category", "in", ["A", "B"]), test("price", "gt", 5)),
            "bought at least 2 pieces of product category A or B, price is more than 5",
        ),
        (purchase("orders", "gte", 1, test("product", "eq", "P")), "bought product P in at least 1 order"),
        (purchase("quantity", "eq", 0, test("product", "eq", "Q")), "never bought product Q"),
        (order("count", "gte", 3), "placed at least 3 orders"),
        (order("count", "eq", 0, within=SIX_MONTHS), "placed no orders in the last 6 months (since 22 May)"),
        (order("count", "eq", 1), "placed exactly 1 order"),
        (order("sum", "between", {"from": 100, "to": 500}), "spent from 100 PLN to 500 PLN on orders"),
        (order("avg", "lt", 50), "spent less than 50 PLN on an average order"),
        (order("max", "in", [1, 2]), "spent exactly 1 PLN or 2 PLN on the largest order"),
        (order("min", "ne", 0.0001), "spent not exactly 0.0001 PLN on the smallest order"),
        (
            order("sum", "gt", 1000, test("channel", "eq", "ad")),
            "spent more than 1000 PLN on orders, channel is Paid ad",
        ),
        (
            order("count", "gte", 1, test("channel", "eq", "ad"), pick="only"),
            "placed at least 1 order, and for every order channel is Paid ad",
        ),
        (
            order("sum", "gt", 5, pick="first"),
            "looking at the very first order alone: spent more than 5 PLN on orders",
        ),
        (
            {"kind": "order_date", "which": "last", "op": "last", "value": {"n": 30, "unit": "day"}},
            "last order is in the last 30 days (since 23 Oct)",
        ),
        (
            {"kind": "order_date", "which": "first", "op": "before", "value": "2026-01-01"},
            "first order is before 1 Jan",
        ),
        ({"kind": "order_date", "which": "first", "op": "is_not_set"}, "has no order"),
    ],
)
def test_sentences(account: Any, tree: Any, sentence: str) -> None:
    told = parse(tree).sentence(Words(NOW, WARSAW, Catalog()))
    assert plain(str(told)) == sentence


def test_amounts_are_told_in_the_currency_of_the_account(account: Any) -> None:
    Account.objects.filter(pk=account.pk).update(currency="EUR")
    assert plain(str(parse(order("sum", "gt", 5)).sentence(Words(NOW, WARSAW, Catalog())))).endswith("5 EUR on orders")


@pytest.mark.parametrize(
    ("tree", "who", "evidence"),
    [
        (
            order("sum", "gte", 1041.2),
            "big",
            "1000 PLN, 41.20 PLN short of 1041.20 PLN; 3 orders, last 19 Nov, 13:00",
        ),
        (order("sum", "gte", 1000), "big", "1000 PLN; 3 orders, last 19 Nov, 13:00"),
        (order("count", "gte", 5), "big", "3 orders, 2 orders short of 5 orders, last 19 Nov, 13:00"),
        (order("avg", "gt", 400), "big", "333.3333 PLN, 66.6667 PLN short of 400 PLN; 3 orders, last 19 Nov, 13:00"),
        (order("sum", "gte", 1), "nobody", "no such order"),
        (order("sum", "gte", 1), "broken", "no such order"),
        (order("count", "gte", 1, test("channel", "eq", "ad"), pick="only"), "big", "2 of 3 orders fit"),
        (
            order("count", "gte", 1, test("channel", "eq", "ad"), pick="last"),
            "big",
            "the last order was on 19 Nov, 13:00, and does not fit",
        ),
        (order("sum", "gte", 700, pick="first"), "big", "700 PLN; 1 order, last 25 Jan, 13:00"),
        (order("count", "gte", 1, pick="first"), "nobody", "no orders"),
        (purchase("amount", "gte", 1), "big", "nothing of it bought"),
        ({"kind": "order_date", "which": "first", "op": "is_set"}, "big", "25 Jan, 13:00"),
        ({"kind": "order_date", "which": "first", "op": "is_set"}, "broken", "no orders"),
    ],
)
def test_evidence(people: dict[str, int], tree: Any, who: str, evidence: str) -> None:
    context = Context(now=NOW, zone=WARSAW, only=BitMap([people[who]]))
    told = parse(tree).evidence(people[who], context=context, words=Words(NOW, WARSAW, context.catalog))
    assert plain(str(told)) == evidence


def test_evidence_of_purchases(shoppers: dict[str, int]) -> None:
    def told(tree: Any) -> str:
        context = Context(now=NOW, zone=WARSAW, only=BitMap([shoppers["apart"]]))
        words = Words(NOW, WARSAW, context.catalog)
        return plain(str(parse(tree).evidence(shoppers["apart"], context=context, words=words)))

    assert told(purchase("amount", "gt", 300)) == "230 PLN, 70 PLN short of 300 PLN; last bought 17 Nov, 13:00"
    assert told(purchase("quantity", "lt", 2)) == "5 pieces, 3 pieces above 2 pieces; last bought 17 Nov, 13:00"
    assert told(purchase("orders", "eq", 2)) == "2 orders; last bought 17 Nov, 13:00"


# --- the form -----------------------------------------------------------------------------------------------------
FORMS = [
    order("count", "gte", 1),
    order("sum", "between", {"from": 100, "to": 500.5}, within=SIX_MONTHS),
    order("avg", "in", [1, 2.5], test("channel", "in", ["search", "ad"]), test("total", "gt", 5), pick="only"),
    order("max", "ne", 3, test("status", "eq", "cancelled"), {"param": "currency", "op": "is_set"}, pick="first"),
    order("sum", "lt", 100),
    purchase("amount", "gt", 300, test("brand", "eq", "X"), within={"from": "2026-01-01"}),
    purchase("quantity", "eq", 0, test("product", "contains", "Q"), test("price", "between", {"from": 1, "to": 2})),
    purchase("orders", "lt", 3),
    {"kind": "order_date", "which": "first", "op": "before", "value": "2026-01-01"},
    {"kind": "order_date", "which": "last", "op": "last", "value": {"n": 30, "unit": "day"}},
    {"kind": "order_date", "which": "last", "op": "is_not_set"},
]


@pytest.mark.parametrize("tree", FORMS)
def test_criteria_come_back_from_the_form_as_they_were(account: Any, tree: Any) -> None:
    form = builder.from_criteria(tree, place="segment:new")
    assert read(sent(form)) == {"all": [tree]}
    assert dump(parse(tree)) == tree


def test_people_with_none_can_be_left_out_in_the_form(account: Any) -> None:
    form = builder.from_criteria(order("count", "lt", 3), place="segment:new")
    leaf = form.shape.leaves()[0].id
    assert read(sent(form, **{f"{leaf}__some": "1"})) == {"all": [order("count", "between", {"from": 1, "to": 2})]}
