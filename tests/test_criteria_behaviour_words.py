"""Criteria about what contacts did: what is refused, how they read, what they say of one contact."""

from typing import Any

import pytest
from django.utils import translation
from pyroaring import BitMap

from activities.models import ActivityType
from segmentation.criteria import Catalog, Context, CriteriaError, Words, check, dump, parse
from tests import factories
from tests.factories import NOW
from tests.support.asking import WARSAW
from tests.support.behaviour import MONTH, PRICES, doing_one_thing, times, viewers, views
from tests.support.refusing import refused_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def people(account: Any) -> dict[str, int]:
    return viewers()


@pytest.fixture
def doing(account: Any) -> dict[str, int]:
    return doing_one_thing()


# --- refused ------------------------------------------------------------------------------------------------------
def where(*conditions: dict[str, Any], kind: dict[str, Any] | None = None) -> dict[str, Any]:
    return {**(kind or views()), "where": list(conditions)}


URL: dict[str, Any] = {"param": "url", "op": "eq", "value": "x"}


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"kind": "activity"}, "type"),
        ({"kind": "activity", "type": ""}, "type"),
        ({"kind": "activity", "type": 3}, "type"),
        ({"kind": "activity", "type": "gone"}, "type"),
        (views(where=[]), "where"),
        (views(where=None), "where"),
        (views(where={}), "where"),
        (where("url"), "where[0]"),  # type: ignore[arg-type]
        (where({"op": "eq", "value": "x"}), "where[0].param"),
        (where({"param": "url", "value": "x"}), "where[0].op"),
        (where({"param": "url", "op": "eq"}), "where[0].value"),
        (where({**URL, "also": 1}), "where[0].also"),
        (where(URL, {**URL, "param": "gone"}), "where[1].param"),
        (where({**URL, "op": "unknown"}), "where[0].op"),
        (where({**URL, "op": "lt", "value": 3}), "where[0].op"),
        (where({**URL, "value": 3}), "where[0].value"),
        (where({**URL, "value": ""}), "where[0].value"),
        (where({**URL, "op": "is_set"}), "where[0].value"),
        (where({**URL, "op": "in", "value": ["a", 3]}), "where[0].value[1]"),
        (where({**URL, "op": "in", "value": ["a"] * 10_000}), "where[0].value"),
        (where({**URL, "op": "matches", "value": "(?=a)"}), "where[0].value"),
        (where({**URL, "op": "matches", "value": "(a"}), "where[0].value"),
        (where(*[URL] * 9), "where"),
        (where(*[URL] * 10_000), "where"),
        (views(times=3), "times"),
        (views(times=None), "times"),
        (views(times={"op": "gte"}), "times.value"),
        (views(times={"value": 3}), "times.op"),
        (views(times=times("gte", "3")), "times.value"),
        (views(times=times("gte", True)), "times.value"),
        (views(times=times("in", [1, "2"])), "times.value[1]"),
        (views(times=times("between", {"from": 3, "to": 1})), "times.value"),
        (views(times=times("is_set", 1)), "times.op"),
        (views(times={"op": "is_set"}), "times.value"),
        (views(times={**times("gte", 3), "unit": "day"}), "times.unit"),
        (views(times=times("gte", 1), pick="first"), "times"),
        (views(times=times("eq", 0), pick="last"), "times"),
        (views(pick="some"), "pick"),
        (views(within=None), "within"),
        (views(within={"last": 3}), "within.unit"),
        (views(within={"last": 0, "unit": "day"}), "within.last"),
        (views(op="eq"), "op"),
        ({"kind": "visit", "type": "page_view"}, "type"),
        (where({**URL, "param": "url"}, kind={"kind": "visit"}), "where[0].param"),
        (where({"param": "channel", "op": "eq", "value": "tv"}, kind={"kind": "visit"}), "where[0].value"),
        (where({"param": "channel", "op": "contains", "value": "u"}, kind={"kind": "visit"}), "where[0].op"),
        ({"kind": "engagement"}, "state"),
        ({"kind": "engagement", "state": "bored"}, "state"),
        ({"kind": "engagement", "state": "engaged", "days": 0}, "days"),
        ({"kind": "engagement", "state": "engaged", "days": 3651}, "days"),
        ({"kind": "engagement", "state": "engaged", "days": 1.5}, "days"),
        ({"kind": "engagement", "state": "engaged", "days": None}, "days"),
        ({"kind": "engagement", "state": "engaged", "within": MONTH}, "within"),
    ],
)
def test_what_is_refused_is_refused_with_its_path_and_at_once(account: Any, tree: dict[str, Any], path: str) -> None:
    refused_at_once(tree, path)


def test_a_parameter_that_is_no_longer_declared_refuses_the_criteria(account: Any) -> None:
    made = factories.activity_type("survey", note="text")
    tree = {"kind": "activity", "type": "survey", "where": [{"param": "note", "op": "eq", "value": "x"}]}
    check(parse(tree), Catalog())
    made.parameters.all().delete()
    with pytest.raises(CriteriaError) as refused:
        check(parse(tree), Catalog())
    assert refused.value.path == "where[0].param"
    assert "note" in str(parse(tree).sentence(Words(NOW, WARSAW, Catalog())))


def test_criteria_come_back_as_they_were_written(account: Any) -> None:
    tree = views(where=PRICES, times=times("between", {"from": 1, "to": 2.5}), within=MONTH, pick="only")
    assert dump(parse(tree)) == tree


# --- in words -----------------------------------------------------------------------------------------------------
SINCE = "in the last 30 days (since 23 Oct)"


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (views(), "Viewed a page."),
        (
            views(where=PRICES, times=times("gte", 3), within=MONTH),
            f"Viewed a page 3 times or more {SINCE}, address contains “/cennik”.",
        ),
        (views(times=times("eq", 0)), "Did not view a page."),
        (views(times=times("lt", 1), within=MONTH), f"Did not view a page {SINCE}."),
        (views(times=times("lt", 3)), "Viewed a page fewer than 3 times or never."),
        (views(times=times("ne", 3)), "Viewed a page not exactly 3 times or never."),
        (views(times=times("in", [0, 2])), "Viewed a page exactly 0 or 2 times or never."),
        (views(times=times("not_in", [0, 2])), "Viewed a page not exactly 0 or 2 times."),
        (views(times=times("between", {"from": 1, "to": 2})), "Viewed a page from 1 to 2 times."),
        (views(times=times("gt", 1)), "Viewed a page more than 1 time."),
        (views(times=times("eq", 1)), "Viewed a page exactly 1 time."),
        (views(pick="first", within=MONTH), f"Viewed a page for the first time ever {SINCE}."),
        (
            views(pick="last", where=PRICES),
            "Viewed a page for the last time, and that time address contains “/cennik”.",
        ),
        (views(pick="only", where=PRICES), "Viewed a page, and every time address contains “/cennik”."),
        ({"not": views(times=times("gte", 3))}, "Viewed a page fewer than 3 times or never."),
        ({"not": views()}, "Did not view a page."),
        ({"not": views(times=times("eq", 0))}, "Viewed a page."),
        ({"not": views(pick="last")}, "Not (viewed a page for the last time)."),
        (
            {"any": [views(where=PRICES), {"kind": "visit"}]},
            "(viewed a page, address contains “/cennik”) or visited the site.",
        ),
        (
            {"any": [{"not": views(where=PRICES)}, {"kind": "visit"}]},
            "(did not view a page, address contains “/cennik”) or visited the site.",
        ),
        ({"kind": "activity", "type": "survey"}, "Did Survey."),
        ({"kind": "activity", "type": "survey", "times": times("eq", 0)}, "Did not do Survey."),
        ({"kind": "activity", "type": "gone", "where": PRICES}, "Did gone, url contains /cennik."),
        (
            {"kind": "visit", "where": [{"param": "channel", "op": "in", "value": ["utm", "ad"]}]},
            "Visited the site, channel is Tagged link (UTM) or Paid ad.",
        ),
        ({"kind": "engagement", "state": "engaged"}, "Is engaged: was active in the last 90 days (since 24 Aug)."),
        (
            {"kind": "engagement", "state": "unengaged", "days": 1},
            "Is not engaged: was not active in the last 1 day (since 21 Nov).",
        ),
        ({"not": {"kind": "engagement", "state": "unengaged", "days": 30}}, f"Is engaged: was active {SINCE}."),
    ],
)
def test_sentences(account: Any, tree: dict[str, Any], sentence: str) -> None:
    factories.activity_type("survey", note="text")
    assert str(parse(tree).sentence(Words(NOW, WARSAW, Catalog())).finished) == sentence


def test_every_built_in_type_says_what_was_done_and_what_was_not(account: Any) -> None:
    words = Words(NOW, WARSAW, Catalog())
    for key in ActivityType.objects.filter(built_in=True).values_list("key", flat=True):
        did = str(parse({"kind": "activity", "type": key}).sentence(words))
        did_not = str(parse({"kind": "activity", "type": key, "times": times("eq", 0)}).sentence(words))
        assert not did.startswith("did "), key
        assert " not " in did_not, key


# --- evidence -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "tree", "told"),
    [
        ("never", views(), "not once"),
        ("thrice", views(), "3 times, last 20 Nov, 13:00"),
        ("thrice", views(within={"last": 2, "unit": "week"}), "2 times, last 20 Nov, 13:00"),
        ("mixed", views(where=PRICES, times=times("gte", 3)), "1 time, 2 times short of 3 times, last 12 Oct, 14:00"),
        ("old", views(where=PRICES, within=MONTH), "not once"),
        ("mixed", views(where=PRICES, within=MONTH), "not one of 1 fits"),
        ("both", views(pick="last", where=PRICES), "the last one was on 20 Nov, 13:00, and does not fit"),
        ("both", views(pick="first", where=PRICES), "the first one was on 18 Nov, 13:00"),
        ("both", views(pick="only", where=PRICES), "1 of 2 fit, last 18 Nov, 13:00"),
        ("once", {"kind": "visit"}, "not once"),
        ("once", {"kind": "engagement", "state": "engaged"}, "never active"),
    ],
)
def test_the_evidence_is_the_contacts_own_rows(
    people: dict[str, int], name: str, tree: dict[str, Any], told: str
) -> None:
    context = Context(now=NOW, zone=WARSAW, only=BitMap([people[name]]))
    criterion: Any = parse(tree)
    assert str(criterion.evidence(people[name], context=context, words=Words(NOW, WARSAW, Catalog()))) == told


def test_the_evidence_of_engagement_is_when_something_last_happened(doing: dict[str, int]) -> None:
    criterion: Any = parse({"kind": "engagement", "state": "engaged", "days": 5})
    told = {}
    for name in ("order", "cancelled"):
        context = Context(now=NOW, zone=WARSAW, only=BitMap([doing[name]]))
        told[name] = str(criterion.evidence(doing[name], context=context, words=Words(NOW, WARSAW, Catalog())))
    assert told == {"order": "last active 11 Nov, 13:00", "cancelled": "never active"}
