"""Orders, products bought, order dates. People whose answers are known, each case also negated."""

from typing import Any

import pytest
from django.utils import timezone, translation
from pyroaring import BitMap

from contacts.models import Contact
from tests import factories
from tests.support.asking import ago, found, members
from tests.support.orders import buying, order, ordering, purchase, test

pytestmark = pytest.mark.django_db
SIX_MONTHS = {"last": 6, "unit": "month"}  # since 22 May


@pytest.fixture(autouse=True)
def _in_english_in_warsaw() -> Any:
    with translation.override("en"), timezone.override("Europe/Warsaw"):
        yield


@pytest.fixture
def people(account: Any) -> dict[str, int]:
    return ordering()


@pytest.fixture
def shoppers(account: Any) -> dict[str, int]:
    return buying()


# --- orders -------------------------------------------------------------------------------------------------------
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
