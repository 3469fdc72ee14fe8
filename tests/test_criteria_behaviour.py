"""What contacts did: activities, visits, engagement. People whose answers are known, each case also negated."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from accounts.models import Account
from activities.models import Activity, ActivityType, Visit
from contacts.models import Contact
from mirror.reading import Reader
from mirror.services import compact
from segmentation.criteria import Catalog, check, parse
from tests import factories, population, population_behaviour
from tests.factories import NOW
from tests.oracle_behaviour import Happened
from tests.population import NOWS, ZONES
from tests.support.asking import WARSAW, found, members
from tests.support.behaviour import MONTH, PRICES, doing_one_thing, times, viewers, views
from tests.test_oracle import QUIET, assert_agree

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


# --- activities ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (views(), "once thrice old mixed both"),
        (views(within=MONTH), "once thrice mixed both"),
        (views(where=PRICES), "once thrice old mixed both"),
        (views(where=PRICES, within=MONTH), "once thrice both"),
        (views(where=PRICES, within=MONTH, times=times("gte", 3)), "thrice"),
        # nothing is 0
        (views(times=times("eq", 0)), "never"),
        (views(times=times("lt", 1)), "never"),
        (views(times=times("lte", 0)), "never"),
        (views(times=times("gte", 0)), "never once thrice old mixed both"),
        (views(times=times("gt", 0)), "once thrice old mixed both"),
        (views(times=times("lt", 3)), "never once mixed both"),
        (views(times=times("lte", 2)), "never once mixed both"),
        (views(times=times("ne", 2)), "never once thrice old"),
        (views(times=times("ne", 0)), "once thrice old mixed both"),
        (views(times=times("in", [0, 2])), "never mixed both"),
        (views(times=times("not_in", [0, 2])), "once thrice old"),
        (views(times=times("between", {"from": 0, "to": 1})), "never once"),
        (views(times=times("between", {"from": 1, "to": 2})), "once mixed both"),
        (views(times=times("eq", 0), within=MONTH), "never old"),
        (views(times=times("lt", 3), where=PRICES, within=MONTH), "never once old mixed both"),
        (views(times=times("gt", 1.5)), "thrice old mixed both"),
        (views(times=times("eq", 1.5)), ""),
        # one and the same activity: address, title and time
        (views(where=[*PRICES, {"param": "title", "op": "eq", "value": "prices"}]), "once thrice old both"),
        (views(where=[*PRICES, {"param": "title", "op": "ne", "value": "prices"}]), "mixed"),
        (views(where=[*PRICES, {"param": "title", "op": "eq", "value": "Offer"}], within=MONTH), ""),
        (views(where=[*PRICES, {"param": "title", "op": "eq", "value": "Blog"}]), ""),
        # the very first, the very last, every one
        (views(pick="first"), "once thrice old mixed both"),
        (views(pick="first", where=PRICES), "once thrice old mixed both"),
        (views(pick="first", where=PRICES, within=MONTH), "once thrice both"),
        (views(pick="first", within=MONTH), "once thrice both"),
        (views(pick="last", where=PRICES), "once thrice old"),
        (views(pick="last", where=PRICES, within=MONTH), "once thrice"),
        (views(pick="last", within={"to": "2026-11-01"}), "old"),
        (views(pick="only"), "once thrice old mixed both"),
        (views(pick="only", where=PRICES), "once thrice old"),
        (views(pick="only", where=PRICES, within=MONTH), "once thrice"),
        (views(pick="only", where=PRICES, within={"to": "2026-11-01"}), "thrice old mixed"),
        (views(pick="only", where=PRICES, times=times("gte", 2)), "thrice old"),
        (views(pick="only", where=PRICES, times=times("lt", 2)), "once"),
        (views(pick="only", where=PRICES, times=times("ne", 3)), "once"),
        (views(pick="only", where=PRICES, times=times("eq", 0)), ""),
        (views(pick="only", times=times("lt", 3)), "once mixed both"),
    ],
)
def test_activities(people: dict[str, int], criterion: dict[str, Any], expected: str) -> None:
    assert found(criterion, people) == expected


def test_of_one_moment_the_first_and_the_last_are_told_by_the_order_of_writing(account: Any) -> None:
    person = factories.contact()
    for title in ("one", "two", "three"):
        factories.activity(person, at=NOW, title=title)
    is_ = {title: [{"param": "title", "op": "eq", "value": title}] for title in ("one", "two", "three")}
    assert members(views(pick="first", where=is_["one"])) == {person.pk}
    assert members(views(pick="last", where=is_["three"])) == {person.pk}
    assert not members(views(pick="first", where=is_["two"])) | members(views(pick="last", where=is_["two"]))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"param": "page", "op": "eq", "value": "HTTPS://sklep.example/cennik/#raty"}, "full"),
        ({"param": "page", "op": "eq", "value": "https://sklep.example/"}, ""),
        ({"param": "page", "op": "contains", "value": "raty"}, ""),
        ({"param": "page", "op": "matches", "value": "cennik/?$"}, "full"),
        ({"param": "page", "op": "is_not_set"}, "bare"),
        ({"param": "note", "op": "eq", "value": "STRASSE"}, "full"),
        ({"param": "note", "op": "not_contains", "value": "straße"}, "bare"),
        ({"param": "score", "op": "eq", "value": 0.3}, "full"),
        ({"param": "score", "op": "lt", "value": 100}, "full"),
        ({"param": "score", "op": "ne", "value": 0.3}, "bare"),
        ({"param": "happy", "op": "is_true"}, "full"),
        ({"param": "happy", "op": "is_false"}, ""),
        ({"param": "day", "op": "on", "value": "2026-11-20"}, "full"),
        ({"param": "day", "op": "last", "value": {"n": 1, "unit": "day"}}, ""),
        ({"param": "day", "op": "last", "value": {"n": 2, "unit": "day"}}, "full"),
        ({"param": "until", "op": "on", "value": "2026-11-21"}, "full"),
        ({"param": "until", "op": "before", "value": "2026-11-21"}, ""),
    ],
)
def test_parameters_of_every_type(account: Any, condition: dict[str, Any], expected: str) -> None:
    """A parameter that is missing satisfies no comparison, and every negative operator."""
    factories.activity_type(
        "survey", note="text", page="url", score="number", happy="boolean", day="date", until="datetime"
    )
    people = {name: factories.contact(first_name=name) for name in ("none", "bare", "full")}
    factories.activity(people["bare"], "survey")
    factories.activity(
        people["full"],
        "survey",
        note="Straße",
        page="https://sklep.example/Cennik#top",
        score=0.3,
        happy=True,
        day="2026-11-20",
        until="2026-11-20T23:00:00+00:00",  # midnight of the 21st in Warsaw
    )
    ids = {name: contact.pk for name, contact in people.items()}
    assert found({"kind": "activity", "type": "survey", "where": [condition]}, ids) == expected


# --- windows ------------------------------------------------------------------------------------------------------
TICK = timedelta(microseconds=1)
MIDNIGHT = datetime(2026, 11, 20, 23, tzinfo=UTC)  # the 21st begins in Warsaw


@pytest.mark.parametrize("kind", [{"kind": "activity", "type": "page_view"}, {"kind": "visit"}])
@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ({"last": 24, "unit": "hour"}, NOW - timedelta(hours=24), NOW),
        ({"last": 1, "unit": "day"}, MIDNIGHT, NOW),
        ({"last": 30, "unit": "day"}, datetime(2026, 10, 22, 22, tzinfo=UTC), NOW),  # in summer time
        ({"last": 1, "unit": "week"}, datetime(2026, 11, 14, 23, tzinfo=UTC), NOW),
        ({"last": 1, "unit": "month"}, datetime(2026, 10, 21, 22, tzinfo=UTC), NOW),
        ({"last": 1, "unit": "year"}, datetime(2025, 11, 21, 23, tzinfo=UTC), NOW),
        ({"next": 1, "unit": "day"}, NOW, MIDNIGHT + timedelta(days=1) - TICK),
        ({"from": "2026-11-21"}, MIDNIGHT, None),
        ({"to": "2026-11-20"}, None, MIDNIGHT - TICK),
        ({"from": "2026-11-21", "to": "2026-11-21"}, MIDNIGHT, MIDNIGHT + timedelta(days=1) - TICK),
        (
            {"from": "2026-11-21T14:00", "to": "2026-11-21T15:00:00Z"},
            NOW + timedelta(hours=1),
            NOW + timedelta(hours=3),
        ),
    ],
)
def test_a_window_includes_both_its_ends_and_nothing_beyond(
    account: Any, kind: dict[str, Any], window: dict[str, Any], first: datetime | None, last: datetime | None
) -> None:
    inside = {factories.contact().pk: at for at in (first, last) if at is not None}
    outside = {factories.contact().pk: at + step for at, step in ((first, -TICK), (last, TICK)) if at is not None}
    for pk, at in (inside | outside).items():
        person = Contact.objects.get(pk=pk)
        factories.visit(person, at=at) if kind["kind"] == "visit" else factories.activity(person, at=at)
    for pick in ("any", "first", "last", "only"):
        tree = {**kind, "within": window, "pick": pick}
        assert members(tree) == set(inside), pick
        assert members({"not": tree}) == set(outside)


def test_a_day_of_another_zone_is_another_day(account: Any) -> None:
    person = factories.contact()
    factories.activity(person, at=MIDNIGHT - TICK)
    today = views(within={"last": 1, "unit": "day"})
    assert not members(today, zone=WARSAW)
    assert members(today, zone=ZoneInfo("UTC")) == set()
    assert members(today, zone=ZoneInfo("America/St_Johns"), now=MIDNIGHT) == {person.pk}


# --- visits -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([{"param": "channel", "op": "eq", "value": "utm"}], "tagged"),
        ([{"param": "channel", "op": "not_in", "value": ["utm", "search"]}], "direct"),
        ([{"param": "utm_source", "op": "eq", "value": "NEWSLETTER"}], "tagged"),
        ([{"param": "utm_source", "op": "is_not_set"}], "search direct"),
        ([{"param": "utm_medium", "op": "ne", "value": "email"}], "search direct"),
        ([{"param": "referrer", "op": "contains", "value": "google"}], "search"),
        ([{"param": "landing_url", "op": "eq", "value": "https://sklep.example/cennik"}], "search"),
        (
            [{"param": "channel", "op": "eq", "value": "search"}, {"param": "utm_source", "op": "is_set"}],
            "",
        ),
        (
            [{"param": "utm_campaign", "op": "eq", "value": "x"}, {"param": "utm_term", "op": "eq", "value": "y"}],
            "tagged",
        ),
    ],
)
def test_visits_by_where_they_came_from(account: Any, where: list[dict[str, Any]], expected: str) -> None:
    people = {name: factories.contact(first_name=name) for name in ("none", "tagged", "search", "direct")}
    factories.visit(
        people["tagged"],
        channel="utm",
        utm_source="newsletter",
        utm_medium="email",
        utm_campaign="x",
        utm_term="y",
        utm_content="z",
    )
    factories.visit(
        people["search"],
        channel="search",
        referrer="https://www.google.com/",
        landing_url="https://sklep.example/cennik/#a",
    )
    factories.visit(people["direct"])
    ids = {name: contact.pk for name, contact in people.items()}
    assert found({"kind": "visit", "where": where}, ids) == expected


# --- engagement ---------------------------------------------------------------------------------------------------
ENGAGED = "email_open email_click sms_click product_view add_to_cart visit order"


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ({"state": "engaged"}, ENGAGED),
        ({"state": "engaged", "days": 11}, ENGAGED),
        ({"state": "engaged", "days": 10}, ""),
        ({"state": "unengaged"}, "page_view email_sent cancelled refunded nothing"),
    ],
)
def test_engagement(doing: dict[str, int], criterion: dict[str, Any], expected: str) -> None:
    assert found({"kind": "engagement", **criterion}, doing) == expected


def test_the_window_of_engagement_is_the_accounts_unless_said(account: Any, doing: dict[str, int]) -> None:
    Account.objects.filter(pk=account.pk).update(engagement_days=10)
    assert not members({"kind": "engagement", "state": "engaged"})
    assert members({"kind": "engagement", "state": "engaged", "days": 11})


def test_engagement_moves_with_time_and_counting_without_a_window_does_not() -> None:
    trees: Any = [
        parse(tree)
        for tree in (
            {"kind": "engagement", "state": "engaged"},
            views(within=MONTH),
            views(within={"from": "2026-01-01"}),
        )
    ]
    assert [tree.moves_with_time(Catalog()) for tree in trees] == [True, True, False]


# --- who is in no set ---------------------------------------------------------------------------------------------
KINDS: list[dict[str, Any]] = [
    views(where=PRICES),
    views(times=times("lt", 9)),
    views(times=times("ne", 5)),
    views(pick="first", where=PRICES),
    views(pick="last", where=PRICES),
    views(pick="only", where=PRICES),
    {"kind": "visit"},
    {"kind": "visit", "times": times("lt", 9)},
    {"kind": "engagement", "state": "engaged"},
    {"kind": "engagement", "state": "unengaged"},
]


@pytest.mark.parametrize("tree", KINDS)
def test_who_was_erased_is_in_no_set_though_files_still_have_the_rows(
    account: Any, monkeypatch: pytest.MonkeyPatch, tree: dict[str, Any]
) -> None:
    here, gone = factories.contact(), factories.contact()
    for person in (here, gone):
        factories.activity(person, url="https://sklep.example/cennik")
        factories.visit(person)
    monkeypatch.setattr(Reader, "everyone", BitMap([here.pk]))
    assert gone.pk not in members(tree) | members({"not": tree})
    assert members(tree) | members({"not": tree}) == {here.pk}


@pytest.mark.parametrize("tree", KINDS)
def test_a_restricted_user_sees_only_theirs(account: Any, tree: dict[str, Any]) -> None:
    one, other = factories.contact(), factories.contact()
    for person in (one, other):
        factories.activity(person, url="https://sklep.example/cennik")
    mask = BitMap([one.pk])
    assert members(tree, mask=mask) | members({"not": tree}, mask=mask) == {one.pk}


# --- against the oracle, and what it costs ------------------------------------------------------------------------
def test_engine_and_oracle_agree_on_what_people_did(account: Any) -> None:
    world = population.settle(population.people(3))

    @QUIET
    @given(tree=st.one_of(*population_behaviour.criteria()), now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES))
    def agree(tree: Any, now: datetime, zone: Any) -> None:
        assert_agree(world, tree, now, zone)

    agree()


def test_engine_and_oracle_agree_where_rows_are_in_files_people_are_gone_and_more_has_happened(
    committed: None, account: Any
) -> None:
    world = population.settle(population.people(4))
    compact(now=NOW)
    gone = {person.id for person in world.people[::9]}
    Contact.objects.filter(pk__in=gone).delete()
    world.people = [person for person in world.people if person.id not in gone]
    types = dict(ActivityType.objects.values_list("key", "id"))
    for person in world.people[::5]:
        for row in (*person.activities[:1], *person.visits[:1]):
            again = Happened(row.at, row.values, row.type)
            if row.type == "visit":
                person.visits.append(again)
                Visit.objects.create(contact_id=person.id, at=row.at, **row.values)
            else:
                person.activities.append(again)
                Activity.objects.create(contact_id=person.id, type_id=types[row.type], at=row.at, params=row.values)
    tails = Reader().tails
    assert tails["activity"].cut
    assert tails["activity"].rows

    @settings(QUIET, max_examples=200)
    @given(tree=st.one_of(*population_behaviour.criteria()), now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES))
    def agree(tree: Any, now: datetime, zone: Any) -> None:
        assert_agree(world, tree, now, zone)

    agree()


def test_the_number_of_queries_does_not_grow_with_the_types(people: dict[str, int]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            check(parse(views(where=PRICES)), catalog := Catalog())
            members(views(where=PRICES), catalog=catalog)
        return len(captured)

    before = queries()
    for number in range(5):
        factories.activity_type(f"own_{number}", note="text", score="number")
    assert queries() == before
