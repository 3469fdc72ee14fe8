"""Why a contact is in, or is not: every node's truth, and what the contact's data say to every criterion (SG2)."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django_tenants.utils import tenant_context
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from contacts.models import Contact
from segmentation.criteria import KINDS, CriteriaError, parse
from segmentation.engine import Context, evaluate, snapshot
from segmentation.explaining import Explained, NoSuchContactError, why
from segmentation.models import SavedCriteria
from tests import factories, population
from tests.population import NOWS, ZONES, make_file, make_segment
from tests.support.segments import calculated
from tests.test_oracle import QUIET, trees

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 13, 3, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")
THEN = datetime(2026, 9, 3, 10, 0, tzinfo=UTC)
LATELY = datetime(2026, 11, 12, 13, 3, tzinfo=UTC)
VIEWED = {
    "kind": "activity", "type": "page_view", "times": {"op": "gte", "value": 3}, "within": {"last": 30, "unit": "day"},
    "where": [{"param": "url", "op": "contains", "value": "/cennik"}],
}  # fmt: skip
SCORED = {"kind": "field", "field": "lead_score", "op": "gte", "value": 30}
VIP = {"kind": "tag", "op": "any", "tags": ["VIP"]}


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def person(account: Any) -> int:
    """Someone with a bit of everything."""
    for key, kind in (
        ("city", "text"), ("visits", "number"), ("member", "boolean"), ("birthday", "date"), ("seen", "datetime"),
        ("plan", "choice"), ("likes", "choices"), ("empty", "text"),
    ):  # fmt: skip
        factories.attribute(key, kind, options=["free", "pro", "gold"] if "choice" in kind else None)
    made = factories.contact(
        email="ada@example.com", first_name="Ada", lead_score=25, created_at=THEN,
        attributes={"city": "Kraków", "visits": 41.2, "member": False, "birthday": "1990-02-28",
                    "seen": "2026-11-12T13:03:00+00:00", "plan": "pro", "likes": ["free", "pro"]},
    )  # fmt: skip
    factories.tag("VIP", made, at=THEN)
    factories.tag("PROMO", made, at=LATELY)
    factories.tag("OTHER")
    factories.category("klient/media", made, at=THEN)
    factories.category("prasa")
    news, _sms = factories.consent("newsletter"), factories.consent("sms")
    factories.answer(made, news, "given", at=THEN, source="form")
    for days in (0, 3, 200):
        factories.activity(made, "page_view", at=LATELY - timedelta(days=days), url="https://shop.pl/cennik")
    factories.visit(made, at=LATELY, channel="search")
    factories.order(made, at=LATELY, lines=[{"product": "P1", "amount": "458.80", "quantity": 2}])
    factories.order(factories.contact(), at=LATELY, total="10")
    return int(made.pk)


def explained(tree: Any, contact: int, **more: Any) -> Explained:
    settled: dict[str, Any] = {"now": NOW, "zone": WARSAW} | more
    return why(parse(tree), contact, **settled).root


def field(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"kind": "field", "field": name, "op": op} | ({} if value is None else {"value": value})


def attribute(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"kind": "attribute", "attribute": name, "op": op} | ({} if value is None else {"value": value})


CASES: list[tuple[Any, bool, str]] = [
    (SCORED, False, "25, 5 short of 30"),
    (SCORED | {"value": 25}, True, "25"),
    (SCORED | {"op": "gt", "value": 25}, False, "25"),
    (SCORED | {"op": "lt", "value": 20}, False, "25, 5 above 20"),
    (SCORED | {"op": "lte", "value": 25}, True, "25"),
    (SCORED | {"op": "between", "value": {"from": 30, "to": 40}}, False, "25, 5 short of 30"),
    (SCORED | {"op": "between", "value": {"from": 3, "to": 4}}, False, "25, 21 above 4"),
    (SCORED | {"op": "in", "value": [1, 25]}, True, "25"),
    (field("email", "contains", "@other"), False, "ada@example.com"),
    (field("last_name", "is_set"), False, "no value"),
    (field("phone", "ne", "123"), True, "no value"),
    (field("status", "eq", "bounced"), False, "Subscribed"),
    (field("created_at", "last", {"n": 30, "unit": "day"}), False, "3 Sep, 12:00"),
    (field("created_at", "on", "2026-09-03"), True, "3 Sep, 12:00"),
    (attribute("city", "eq", "warszawa"), False, "Kraków"),
    (attribute("empty", "eq", "x"), False, "no value"),
    (attribute("empty", "is_not_set"), True, "no value"),
    (attribute("visits", "gte", 500), False, "41.2, 458.8 short of 500"),
    (attribute("visits", "gte", 41.2), True, "41.2"),
    (attribute("member", "is_true"), False, "no"),
    (attribute("member", "is_false"), True, "no"),
    (attribute("birthday", "anniversary", {"on": "today"}), False, "28 Feb 1990"),
    (attribute("seen", "last", {"n": 1, "unit": "month"}), True, "12 Nov, 14:03"),
    (attribute("plan", "in", ["free", "gold"]), False, "pro"),
    (attribute("likes", "all", ["free", "pro"]), True, "free and pro"),
    (attribute("likes", "any", ["gold"]), False, "free and pro"),
    (VIP, True, "VIP since 3 Sep, 12:00"),
    (VIP | {"within": {"last": 30, "unit": "day"}}, False, "VIP since 3 Sep, 12:00"),
    (VIP | {"tags": ["OTHER"]}, False, "does not have it"),
    (VIP | {"op": "none", "tags": ["OTHER"]}, True, "does not have it"),
    (VIP | {"op": "none"}, False, "VIP since 3 Sep, 12:00"),
    (VIP | {"tags": ["VIP", "PROMO", "OTHER"]}, True, "VIP since 3 Sep, 12:00; PROMO since 12 Nov, 14:03"),
    (VIP | {"op": "all", "tags": ["VIP", "OTHER"]}, False, "VIP since 3 Sep, 12:00; missing: OTHER"),
    (
        {"kind": "category", "op": "any", "categories": ["klient"]},
        True,
        "Klient / Media since 3 Sep, 12:00",
    ),
    (
        {"kind": "category", "op": "any", "categories": ["klient"], "only_this_level": True},
        False,
        "is not in it",
    ),
    (
        {"kind": "category", "op": "all", "categories": ["klient", "prasa"]},
        False,
        "Klient / Media since 3 Sep, 12:00; missing: Prasa",
    ),
    (
        {"kind": "category", "op": "none", "categories": ["prasa", "klient"]},
        False,
        "Klient / Media since 3 Sep, 12:00",
    ),
    ({"kind": "consent", "consent": "newsletter", "state": "given"}, True, "given 3 Sep, 12:00 (form)"),
    ({"kind": "consent", "consent": "newsletter", "state": "withdrawn"}, False, "given 3 Sep, 12:00 (form)"),
    ({"kind": "consent", "consent": "sms", "state": "given"}, False, "never answered"),
    ({"kind": "consent", "consent": "sms", "state": "unknown"}, True, "never answered"),
    (VIEWED, False, "2 times, 1 time short of 3 times, last 12 Nov, 14:03"),
    (VIEWED | {"times": {"op": "lt", "value": 3}}, True, "2 times, last 12 Nov, 14:03"),
    ({"kind": "activity", "type": "login"}, False, "not once"),
    ({"kind": "visit", "where": [{"param": "channel", "op": "eq", "value": "ad"}]}, False, "not one of 1 fits"),
    ({"kind": "visit", "within": {"last": 30, "unit": "day"}}, True, "1 time, last 12 Nov, 14:03"),
    (
        {"kind": "order", "measure": "sum", "op": "gt", "value": 500},
        False,
        "458.80 PLN, 41.20 PLN short of 500 PLN; 1 order, last 12 Nov, 14:03",
    ),
    ({"kind": "order", "measure": "count", "op": "gte", "value": 1}, True, "1 order, last 12 Nov, 14:03"),
    (
        {"kind": "purchase", "measure": "quantity", "op": "gte", "value": 3},
        False,
        "2 pieces, 1 piece short of 3 pieces; last bought 12 Nov, 14:03",
    ),
    (
        {"kind": "order_date", "which": "last", "op": "last", "value": {"n": 1, "unit": "month"}},
        True,
        "12 Nov, 14:03",
    ),
    ({"kind": "engagement", "state": "unengaged", "days": 5}, True, "last active 12 Nov, 14:03"),
    (
        {"kind": "rfm", "frequency": {"op": "gte", "value": 2}},
        False,
        "score 1 for frequency: 1 order",
    ),
    ({"kind": "spender", "buyer": "returning"}, False, "1 order"),
]


@pytest.mark.parametrize(("tree", "holds", "evidence"), CASES)
def test_each_kind_says_what_the_data_are(person: int, tree: Any, holds: bool, evidence: str) -> None:
    node = explained(tree, person)
    assert (node.holds, str(node.evidence).replace("\N{NO-BREAK SPACE}", " ")) == (holds, evidence)
    assert explained({"not": tree}, person).holds is not holds


def test_no_kind_is_left_out() -> None:
    here = {"sample", "file", "segment", "saved"}  # in tests of their own
    assert {tree["kind"] for tree, _holds, _evidence in CASES} | here == set(KINDS)


def test_a_sample_tells_the_place(person: int) -> None:
    node = explained({"kind": "sample", "percent": 12.5, "salt": "x"}, person)
    place = int(str(node.evidence).split(" of ")[0].removeprefix("place "))
    assert str(node.evidence).endswith("of 0–9999; the sample takes those below 1250")
    assert node.holds is (place < 1250)


def test_a_file_tells_whether_a_row_matched(person: int) -> None:
    matched, other = make_file("a.csv", [person]), make_file("b.csv", [person + 1])
    when = "21 Nov, 15:03"
    found = [explained({"kind": "file", "file": file.pk}, person) for file in (matched, other)]
    assert [(node.holds, str(node.evidence)) for node in found] == [
        (True, f"a row of the list of {when} matched"),
        (False, f"not in the list of {when}"),
    ]


def test_a_segment_tells_as_of_which_calculation(person: int) -> None:
    segment = make_segment("Warm", SCORED, members=[person])
    latest = {"kind": "segment", "segment": segment.pk, "op": "in"}
    found = [explained(tree, person) for tree in (latest, latest | {"op": "not_in"})]
    assert [(node.holds, str(node.evidence), node.children) for node in found] == [
        (True, "a member as of 21 Nov, 15:03", ()),
        (False, "a member as of 21 Nov, 15:03", ()),
    ]


def test_criteria_that_are_looked_into_are_explained_below(person: int) -> None:
    segment = make_segment("Warm", {"all": [SCORED, VIP]})
    saved = SavedCriteria.objects.create(
        name="Good", criteria={"kind": "segment", "segment": segment.pk, "op": "not_in", "at": "now"},
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    root = explained({"all": [{"not": {"kind": "saved", "criteria": saved.pk}}]}, person)
    told = [(node.path, node.holds, str(node.evidence), node.to_change) for _depth, node in root.walk()]
    assert told == [
        ("", False, "None", True),
        ("all[0]", False, "None", True),
        ("all[0].not", True, "met now", True),
        ("all[0].not.criteria", True, "not a member now", True),
        ("all[0].not.criteria.segment", False, "None", True),
        ("all[0].not.criteria.segment.all[0]", False, "25, 5 short of 30", True),
        ("all[0].not.criteria.segment.all[1]", True, "VIP since 3 Sep, 12:00", False),
    ]


def test_criteria_referred_to_twice_are_explained_once(person: int) -> None:
    saved = SavedCriteria.objects.create(name="Good", criteria=VIP, created_at=NOW, updated_at=NOW)
    reference = {"kind": "saved", "criteria": saved.pk}
    first, second = explained({"any": [reference, {"not": reference}]}, person).children
    assert len(first.children) == 1
    assert second.children[0].children == ()
    assert (second.children[0].shown_at, second.holds) == ("any[0].criteria", False)


def test_what_would_have_to_change_is_marked(person: int) -> None:
    low, high = SCORED, SCORED | {"value": 20}
    cases = {
        "all": ({"all": [low, high, {"any": [low, low]}]}, ["", "all[0]", "all[2]", "all[2].any[0]", "all[2].any[1]"]),
        "any": ({"any": [low, {"all": [low, high]}]}, ["", "any[0]", "any[1]", "any[1].all[0]"]),
        "not all": ({"not": {"all": [high, VIP]}}, ["", "not", "not.all[0]", "not.all[1]"]),
        "not any": ({"not": {"any": [low, VIP]}}, ["", "not", "not.any[1]"]),
        "inside": ({"any": [low, high]}, []),
    }
    for name, (tree, marked) in cases.items():
        found = [node.path for _depth, node in explained(tree, person).walk() if node.to_change]
        assert found == marked, name


def test_turning_over_all_that_is_marked_turns_the_whole_over(person: int) -> None:
    """The promise of the marks: whoever changes every marked criterion is in."""

    def turned(node: Explained) -> bool:
        if not node.children:
            return node.holds is not node.to_change
        below = [turned(child) for child in node.children]
        return {"all": all(below), "any": any(below), "not": not below[0]}[node.kind]

    leaf = st.sampled_from([SCORED, VIP, SCORED | {"value": 20}, VIP | {"tags": ["OTHER"]}])
    groups = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
            st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
            inner.map(lambda node: {"not": node}),
        ),
        max_leaves=6,
    )

    @settings(QUIET, max_examples=60)
    @given(tree=groups)
    def holds(tree: Any) -> None:
        try:
            root = explained(tree, person)
        except CriteriaError:
            return  # too deep
        assert turned(root) is True

    holds()


def test_a_contact_that_is_not_there_or_not_to_be_seen_is_the_same(person: int) -> None:
    for number, mask in ((person + 1000, None), (0, None), (-1, None), (2**40, None), (person, BitMap([person + 1]))):
        with pytest.raises(NoSuchContactError):
            explained(VIP, number, mask=mask)
    assert explained(VIP, person, mask=BitMap([person])).holds


def test_a_contact_of_another_account_is_not_there(person: int, other_account: Any) -> None:
    with tenant_context(other_account), pytest.raises(NoSuchContactError):
        explained(field("id", "is_set"), person)


def test_what_names_something_deleted_is_refused_with_its_path(person: int) -> None:
    with pytest.raises(CriteriaError) as refused:
        explained({"all": [SCORED, VIP | {"tags": ["GONE"]}]}, person)
    assert refused.value.path == "all[1].tags[0]"


def test_a_segment_is_explained_by_the_criteria_in_force_beside_its_last_calculation(person: int) -> None:
    Contact.objects.filter(pk=person).update(lead_score=40)
    segment = calculated("Warm", criteria=SCORED, now=NOW - timedelta(hours=3))
    Contact.objects.filter(pk=person).update(lead_score=20)
    found = why(segment, person, now=NOW, zone=WARSAW)
    assert found.calculated is not None
    assert (found.holds, found.calculated.member, found.calculated.as_of) == (False, True, NOW - timedelta(hours=3))
    assert str(found.root.evidence) == "20, 10 short of 30"


def test_programs_get_the_same_in_json(person: int) -> None:
    told = json.loads(json.dumps(why(parse({"all": [SCORED]}), person, now=NOW, zone=WARSAW).as_json()))
    assert told == {
        "contact": person, "now": "2026-11-21T13:03:00Z", "holds": False, "calculated": None,
        "tree": {
            "path": "", "kind": "all", "holds": False, "to_change": True, "sentence": "all of these",
            "nodes": [{
                "path": "all[0]", "kind": "field", "holds": False, "to_change": True,
                "sentence": "lead score is at least 30", "evidence": "25, 5 short of 30",
            }],
        },
    }  # fmt: skip


def test_evidence_is_written_in_the_language_in_use(person: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the translation says, the figures go in at its places."""
    from segmentation.criteria import evidence

    polish = {"{value}, {difference} short of {bound}": "{value}, do {bound} brakuje {difference}"}
    monkeypatch.setattr(evidence, "_", lambda text: polish.get(text, text))
    with translation.override("pl"):
        node = explained(attribute("visits", "gte", 500), person)
        assert str(node.evidence) == "41,2, do 500 brakuje 458,8"
        assert str(explained(attribute("birthday", "is_set"), person).evidence) == "28 lut 1990"


# --- the same as counting ------------------------------------------------------------------------------------
def test_why_agrees_with_membership_on_random_trees(account: Any) -> None:
    world = population.settle(population.people(3)[:8])
    people = [person.id for person in world.people]

    @settings(QUIET, max_examples=60)
    @given(tree=trees(world), now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES))
    def agree(tree: Any, now: datetime, zone: Any) -> None:
        with snapshot():
            evaluation = evaluate(parse(tree), context=Context(now=now, zone=zone))
        for contact in people:
            root = explained(tree, contact, now=now, zone=zone)
            assert root.holds is (contact in evaluation.members)
            told = {node.path: node.holds for _depth, node in root.walk()}
            for path, members in evaluation.member_of.items():
                assert told[path] is (contact in members)

    agree()


def test_every_kind_says_something_on_random_trees(account: Any) -> None:
    world = population.settle(population.people(4)[:5])

    @settings(QUIET, max_examples=80)
    @given(tree=trees(world))
    def tells(tree: Any) -> None:
        for _depth, node in explained(tree, world.people[0].id).walk():
            if node.evidence is not None:
                assert str(node.evidence), node.kind
                assert "{" not in str(node.evidence)

    tells()


def test_the_number_of_queries_grows_with_the_nodes_and_not_with_the_contacts(person: int) -> None:
    tree = {"all": [SCORED, VIP, attribute("city", "eq", "x"), {"kind": "consent", "consent": "sms", "state": "given"}]}

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            explained(tree, person)
        return len(captured)

    queries()
    before = queries()
    population_of = [factories.contact() for _ in range(50)]
    factories.tag("VIP", *population_of)
    assert queries() == before


# --- the command ---------------------------------------------------------------------------------------------
def told_by_command(*arguments: str) -> str:
    out = StringIO()
    call_command("segment", "why", "--account", "acme", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_tree_with_marks(person: int) -> None:
    segment = make_segment("Warm", {"all": [SCORED, VIP]})
    expected = [
        "✗ all of these ←",
        "  ✗ lead score is at least 30: 25, 5 short of 30 ←",
        "  ✓ has the tag VIP: VIP since 3 Sep 2026, 12:00",
    ]
    for contact in (str(person), "ADA@example.com"):
        lines = told_by_command("--segment", str(segment.pk), "--contact", contact).splitlines()
        assert [line.replace(" 2026", "") for line in lines] == [line.replace(" 2026", "") for line in expected]


def test_the_command_speaks_json(person: int) -> None:
    make_segment("Warm", SCORED)
    told = json.loads(told_by_command("--segment", "Warm", "--contact", str(person), "--json"))
    assert (told["contact"], told["holds"], told["tree"]["evidence"]) == (person, False, "25, 5 short of 30")


def test_the_command_knows_no_contact_there_is_not(person: int) -> None:
    make_segment("Warm", SCORED)
    for contact in ("nobody@example.com", str(person + 5), "99999999999"):
        with pytest.raises(CommandError, match="There is no contact"):
            told_by_command("--segment", "Warm", "--contact", contact)
