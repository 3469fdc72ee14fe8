"""Criteria that nobody or everybody satisfies whatever the data: found by looking at them, and never wrongly."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.criteria import Catalog, Context, Words, check, parse
from segmentation.engine import evaluate, snapshot
from segmentation.logic import Verdict, judged
from tests import factories, population, population_behaviour, population_orders
from tests.oracle import World
from tests.population import ATTRIBUTES, NOWS, TAGS, ZONES
from tests.test_oracle import FIELDS, OPERATIONS, QUIET, STATUS, labels, trees, windows

NOW, WARSAW = NOWS[0], ZONES[0]

SCORE = {"kind": "field", "field": "lead_score"}
OVER_20 = SCORE | {"op": "gt", "value": 20}
BELOW_10 = SCORE | {"op": "lt", "value": 10}
CITY = {"kind": "attribute", "attribute": "city"}
WARSAW_IS = CITY | {"op": "eq", "value": "Warszawa"}
DIOPTERS = {"kind": "attribute", "attribute": "diopters"}
LIKES = {"kind": "attribute", "attribute": "likes"}
BORN = {"kind": "attribute", "attribute": "born"}
VIEWED = {"kind": "activity", "type": "page_view"}
MONTH = {"last": 30, "unit": "day"}
TAG = {"kind": "tag", "op": "any", "tags": ["VIP"]}
NO_TAG = {"kind": "tag", "op": "none", "tags": ["VIP"]}
CATEGORY = {"kind": "category", "op": "any", "categories": ["klient/media"]}


def bought(op: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "order", "measure": "count", "op": op, "value": value, **more}


def viewed(op: str, value: Any, **more: Any) -> dict[str, Any]:
    return VIEWED | {"times": {"op": op, "value": value}, **more}


def where(*conditions: tuple[str, str, Any]) -> list[dict[str, Any]]:
    return [{"param": param, "op": op, "value": value} for param, op, value in conditions]


NOBODY: dict[str, Any] = {
    "a number over and below": {"all": [OVER_20, BELOW_10]},
    "whole numbers have none between": {"all": [OVER_20, SCORE | {"op": "lt", "value": 21}]},
    "none between two fractions": {"all": [SCORE | {"op": "gt", "value": 20.2}, SCORE | {"op": "lt", "value": 20.8}]},
    "none is a fraction": SCORE | {"op": "eq", "value": 20.5},
    "none among fractions": SCORE | {"op": "in", "value": [-0.5, 0.5, 20.25]},
    "c and not c": {"all": [WARSAW_IS, {"not": WARSAW_IS}]},
    "c and its opposite": {"all": [TAG, NO_TAG]},
    "two values of one attribute": {"all": [WARSAW_IS, CITY | {"op": "in", "value": ["Łódź", "Kraków"]}]},
    "letter case is no difference": {"all": [WARSAW_IS, CITY | {"op": "ne", "value": "WARSZAWA"}]},
    "a text of something not set": {"all": [CITY | {"op": "contains", "value": "w"}, CITY | {"op": "is_not_set"}]},
    "a missing value is compared": {"all": [DIOPTERS | {"op": "is_not_set"}, DIOPTERS | {"op": "lt", "value": 5}]},
    "a column that is never empty": SCORE | {"op": "is_not_set"},
    "deep in groups": {"all": [OVER_20, {"any": [BELOW_10, {"all": [BELOW_10, WARSAW_IS]}]}]},
    "each block": {"any": [{"all": [OVER_20, BELOW_10]}, {"all": [TAG, NO_TAG]}]},
    "left out what is asked for": {"all": [WARSAW_IS, {"not": {"any": [OVER_20, WARSAW_IS]}}]},
    "below a category that is excluded": {"all": [CATEGORY, CATEGORY | {"op": "none", "categories": ["klient"]}]},
    "exactly there and not below": {"all": [CATEGORY | {"only_this_level": True}, CATEGORY | {"op": "none"}]},
    "tagged lately, without the tag": {"all": [TAG | {"within": MONTH}, NO_TAG]},
    "an option that is excluded": {
        "all": [LIKES | {"op": "all", "value": ["a", "b"]}, LIKES | {"op": "none", "value": ["b", "c"]}]
    },
    "two answers": {
        "all": [
            {"kind": "consent", "consent": "newsletter", "state": "given", "within": MONTH},
            {"kind": "consent", "consent": "newsletter", "state": "unknown"},
        ]
    },
    "at least 3 and at most 2 times": {"all": [viewed("gte", 3), viewed("lte", 2)]},
    "fewer than no times": viewed("lt", 0),
    "one page with two addresses": VIEWED | {"where": where(("url", "eq", "/a"), ("url", "eq", "/b/"))},
    "orders of a total that cannot be": bought(
        "gte", 1, where=where(("total", "gt", 500), ("total", "lt", 100)), within=MONTH
    ),
    "in this week and not in this month": {
        "all": [
            BORN | {"op": "last", "value": {"n": 7, "unit": "day"}},
            {"not": BORN | {"op": "last", "value": {"n": 30, "unit": "day"}}},
        ]
    },
    "before it began": {
        "all": [BORN | {"op": "before", "value": "1990-01-01"}, BORN | {"op": "after", "value": "2000-01-01"}]
    },
    "engaged within 30 days, not within 60": {
        "all": [
            {"kind": "engagement", "state": "engaged", "days": 30},
            {"kind": "engagement", "state": "unengaged", "days": 60},
        ]
    },
    "two groups of one partition": {
        "all": [{"kind": "rfm", "groups": ["champions"]}, {"kind": "rfm", "groups": ["lost", "new"]}]
    },
    "once and more than once": {
        "all": [{"kind": "spender", "buyer": "one_time"}, {"kind": "spender", "buyer": "returning"}]
    },
    "outside of a larger share": {
        "all": [
            {"kind": "sample", "percent": 10, "salt": "a"},
            {"not": {"kind": "sample", "percent": 20, "salt": "a"}},
        ]
    },
}
EVERYONE: dict[str, Any] = {
    "c or not c": {"any": [WARSAW_IS, {"not": WARSAW_IS}]},
    "below and from there on": {"any": [SCORE | {"op": "lte", "value": 20}, OVER_20]},
    "always there": {"kind": "field", "field": "id", "op": "is_set"},
    "as often as you like": viewed("gte", 0),
    "all of a sample": {"kind": "sample", "percent": 100, "salt": "a"},
    "all who ever bought or not": {"any": [bought("gte", 1), bought("eq", 0)]},
    "not both": {"not": {"all": [OVER_20, BELOW_10]}},
}
NEITHER: dict[str, Any] = {
    "another address each": {"all": [VIEWED | {"where": where(("url", "eq", u))} for u in ("/a", "/b")]},
    "once in each window": {"all": [viewed("gte", 3), viewed("lt", 1, within=MONTH)]},
    "either is missing": {"any": [DIOPTERS | {"op": "lt", "value": 5}, DIOPTERS | {"op": "gte", "value": 5}]},
    "decimals between": {"all": [DIOPTERS | {"op": "gt", "value": 1}, DIOPTERS | {"op": "lt", "value": 1.5}]},
    "two options of several": {"all": [LIKES | {"op": "all", "value": ["a"]}, LIKES | {"op": "all", "value": ["b"]}]},
    "a parent without one child": {
        "all": [CATEGORY | {"categories": ["klient"]}, CATEGORY | {"op": "none", "categories": ["klient/media"]}]
    },
    "a date that will come": {
        "all": [BORN | {"op": "next", "value": {"n": 7, "unit": "day"}}, BORN | {"op": "after", "value": "2090-01-01"}]
    },
    "not both tags, and one of them": {
        "all": [{"not": TAG | {"op": "all", "tags": ["VIP", "KLUB"]}}, TAG | {"tags": ["VIP", "KLUB"]}]
    },
    "two draws": {
        "all": [
            {"kind": "sample", "percent": 10, "salt": "a"},
            {"not": {"kind": "sample", "percent": 20, "salt": "b"}},
        ]
    },
    "no orders that cannot be, or never": bought("eq", 0, where=where(("total", "gt", 5))),
}


@pytest.fixture
def defined(account: Any) -> None:
    factories.attribute("city")
    factories.attribute("diopters", "number")
    factories.attribute("likes", "choices", options=["a", "b", "c"])
    factories.attribute("born", "date")
    factories.tag("VIP")
    factories.tag("KLUB")
    factories.category("klient/media")
    factories.consent()


def verdict(criteria: Any) -> Verdict:
    tree, catalog = parse(criteria), Catalog()
    check(tree, catalog)
    return judged(tree, catalog=catalog, zone=WARSAW)


@pytest.mark.usefixtures("defined")
@pytest.mark.parametrize("case", NOBODY)
def test_what_nobody_satisfies_is_seen_and_its_complement_is_everyone(case: str) -> None:
    assert verdict(NOBODY[case]).nobody is not None
    assert verdict({"not": NOBODY[case]}).everyone is not None


@pytest.mark.usefixtures("defined")
@pytest.mark.parametrize("case", EVERYONE)
def test_what_everybody_satisfies_is_seen(case: str) -> None:
    assert verdict(EVERYONE[case]).everyone is not None


@pytest.mark.usefixtures("defined")
@pytest.mark.parametrize("case", NEITHER)
def test_what_somebody_may_satisfy_is_no_contradiction(case: str) -> None:
    assert verdict(NEITHER[case]) == Verdict()


@pytest.mark.usefixtures("defined")
def test_an_alternative_that_nobody_satisfies_is_named_by_its_path() -> None:
    found = verdict({"any": [WARSAW_IS, {"all": [OVER_20, {"any": [BELOW_10, BELOW_10]}]}, TAG]})
    assert (found.nobody, found.everyone) == (None, None)
    assert [clash.path for clash in found.dead] == ["any[1]"]


@pytest.mark.usefixtures("defined")
def test_the_criteria_that_exclude_each_other_are_told_as_they_stand() -> None:
    found = verdict({"all": [TAG, OVER_20, {"not": SCORE | {"op": "gte", "value": 10}}]}).nobody
    words = Words(now=NOW, zone=WARSAW, catalog=Catalog())
    assert found is not None
    assert [str(told) for told in found.sentences(words)] == [
        "lead score is more than 20",
        "not (lead score is at least 10)",
    ]


@pytest.mark.usefixtures("defined")
def test_thousands_of_names_are_judged_at_once() -> None:
    tags = [f"T{n}" for n in range(1000)]
    factories.tag("T0")
    tree = parse({"all": [{"any": [TAG | {"tags": tags} for _block in range(4)]} for _group in range(2)] + [NO_TAG]})
    assert judged(tree, catalog=Catalog(), zone=WARSAW) == Verdict()


# --- never wrongly ---------------------------------------------------------------------------------------------
@pytest.fixture
def world(account: Any) -> World:
    return population.settle(population.people(1))


def related(world: World) -> st.SearchStrategy[dict[str, Any]]:
    """Several criteria about one thing: far more often contradictory than random trees are."""

    def few(one: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(one | one.map(lambda node: {"not": node}), min_size=2, max_size=3)

    fields = [
        OPERATIONS[kind].map(lambda it, name=name: {"kind": "field", "field": name, **it})
        for kind, names in FIELDS.items()
        for name in names
    ]
    attributes = [
        OPERATIONS[kind].map(lambda it, key=key: {"kind": "attribute", "attribute": key, **it})
        for key, kind in ATTRIBUTES.items()
    ]
    status = STATUS.map(lambda it: {"kind": "field", "field": "status", **it})
    tagged = windows().map(lambda it: {"kind": "tag", "op": "any", "tags": TAGS[:1], "within": it})
    facts = [*population_behaviour.criteria(), *population_orders.criteria()]
    about = st.one_of(*(few(one) for one in (*fields, *attributes, status, labels(), labels(), tagged, *facts)))
    return st.tuples(st.sampled_from(["all", "any"]), about).map(lambda it: {it[0]: it[1]})


def test_no_verdict_is_ever_wrong(world: World) -> None:
    said = {"nobody": 0, "everyone": 0, "dead": 0}
    catalog = Catalog()

    @QUIET
    @given(tree=related(world) | trees(world), now=st.sampled_from(NOWS))
    def right(tree: Any, now: Any) -> None:
        node = parse(tree)
        found = judged(node, catalog=catalog, zone=WARSAW)
        if found == Verdict():
            return
        with snapshot():
            context = Context(now=now, zone=WARSAW)
            evaluation = evaluate(node, context=context)
        if found.nobody:
            said["nobody"] += 1
            assert not evaluation.members
        if found.everyone:
            said["everyone"] += 1
            assert evaluation.members == context.everyone
        for clash in found.dead:
            said["dead"] += 1
            assert not evaluation.member_of[clash.path]

    right()
    assert said["nobody"] > 20
    assert said["everyone"] > 10
