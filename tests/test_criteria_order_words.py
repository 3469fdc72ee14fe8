"""Criteria about orders: what is refused, how they read, their evidence, how they come back from the form."""

from typing import Any

import pytest
from django.utils import timezone, translation
from pyroaring import BitMap

from accounts.models import Account
from segmentation import builder
from segmentation.criteria import Catalog, Context, Words, dump, parse
from tests.factories import NOW
from tests.support.asking import WARSAW
from tests.support.orders import buying, order, ordering, purchase, test
from tests.support.refusing import refused_at_once
from tests.test_builder_form import read, sent

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
    refused_at_once(tree, path)


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
