"""Evaluation: one snapshot, counts for every node, masks, "without", progress, cancelling."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts.models import Contact
from mirror.reading import Reader
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate, sample
from tests.population import NOWS, ZONES, make_file, make_segment

pytestmark = pytest.mark.django_db

NOW, WARSAW = NOWS[0], ZONES[0]


def score(op: str, value: int) -> dict[str, Any]:
    return {"kind": "field", "field": "lead_score", "op": op, "value": value}


def context(**extra: Any) -> Context:
    return Context(now=NOW, zone=WARSAW, **extra)


@pytest.fixture
def ten() -> list[int]:
    """Contacts with lead scores 0 to 9."""
    made = Contact.objects.bulk_create(
        Contact(lead_score=n, first_name=f"c{n}", created_at=NOW - timedelta(days=n), updated_at=NOW) for n in range(10)
    )
    return [contact.pk for contact in made]


TREE = {"any": [{"all": [score("gte", 5), score("lt", 8)]}, {"not": score("gt", 0)}, score("eq", 9)]}


def test_every_node_has_its_count_in_the_order_of_paths(ten: list[int]) -> None:
    found = evaluate(parse(TREE), context=context())
    assert [(node.path, node.count) for node in found.nodes] == [
        ("", 5),
        ("any[0]", 3),
        ("any[0].all[0]", 5),
        ("any[0].all[1]", 8),
        ("any[1]", 1),
        ("any[1].not", 9),
        ("any[2]", 1),
    ]
    assert found.members == BitMap([ten[n] for n in (0, 5, 6, 7, 9)])
    assert found.count == 5
    assert all(node.ms >= 0 for node in found.nodes)
    assert found.ms >= max(node.ms for node in found.nodes[1:])


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("any[0]", {0, 9}),
        ("any[0].all[0]", {0, 1, 2, 3, 4, 5, 6, 7, 9}),
        ("any[0].all[1]", {0, 5, 6, 7, 8, 9}),
        ("any[1]", {5, 6, 7, 9}),
        ("any[1].not", {5, 6, 7, 9}),
        ("any[2]", {0, 5, 6, 7}),
    ],
)
def test_without_a_criterion(ten: list[int], path: str, left: set[int]) -> None:
    found = evaluate(parse(TREE), context=context())
    with CaptureQueriesContext(connection) as queries:
        assert found.without(path) == BitMap(ten[n] for n in left)
    assert len(queries) == 0


def test_without_the_only_criterion_nothing_is_left(ten: list[int]) -> None:
    """A group goes with its last criterion; it never becomes everyone."""
    found = evaluate(parse({"all": [{"any": [{"not": score("gt", 3)}]}]}), context=context())
    for path in ("", "all[0]", "all[0].any[0]", "all[0].any[0].not"):
        assert found.without(path) is None
    with pytest.raises(KeyError):
        found.without("all[7]")


def test_a_mask_is_in_every_number(ten: list[int]) -> None:
    """A restricted user learns nothing of the others, by any count, complement or reference."""
    mask = BitMap(ten[4:7])
    file = make_file("f", ten)
    segment = make_segment("s", score("gte", 0), members=ten)
    leaves = [
        score("gte", 0),
        {"kind": "field", "field": "first_name", "op": "ne", "value": "c5"},
        {"kind": "field", "field": "first_name", "op": "matches", "value": "c"},
        {"kind": "file", "file": file.pk},
        {"kind": "segment", "segment": segment.pk, "op": "in"},
        {"kind": "segment", "segment": segment.pk, "op": "in", "at": "now"},
        {"kind": "sample", "percent": 100, "salt": "a"},
        {"not": score("lt", 0)},
    ]
    found = evaluate(parse({"any": leaves}), context=context(mask=mask))
    for node in found.nodes:
        assert node.members <= mask
        assert node.count == len(node.members)
    assert found.context.everyone == mask
    assert found.without("any[0]") == mask


def test_erased_contacts_are_in_no_set(ten: list[int]) -> None:
    file = make_file("f", ten)
    segment = make_segment("s", score("gte", 0), members=ten)
    Contact.objects.filter(pk__in=ten[:5]).delete()
    for leaf in ({"kind": "file", "file": file.pk}, {"kind": "segment", "segment": segment.pk, "op": "in"}):
        assert evaluate(parse(leaf), context=context()).members == BitMap(ten[5:])
        assert not evaluate(parse({"not": leaf}), context=context()).members


def test_equal_criteria_are_fetched_once(ten: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    select = Reader.select
    monkeypatch.setattr(
        Reader, "select", lambda self, rows, query, params=(): read.append(query) or select(self, rows, query, params)
    )
    tree = parse({"any": [score("gt", 3), {"not": score("gt", 3)}, {"all": [score("gt", 3)] * 5}]})
    shared = context()
    evaluate(tree, context=shared)
    assert len(read) == 2  # the criterion, and everyone
    with CaptureQueriesContext(connection) as queries:
        evaluate(parse(score("gt", 3)), context=shared)
    assert len(read) == 2
    assert len(queries) == 0


def test_values_never_enter_the_sql_unquoted(ten: list[int]) -> None:
    for hostile in ("'; DROP TABLE contacts_contact; --", "%s", "100%", "{}", "\\'", "$1", "%(x)s"):
        for op in ("eq", "contains", "in"):
            tree = {"kind": "field", "field": "first_name", "op": op, "value": [hostile] if op == "in" else hostile}
            assert not evaluate(parse(tree), context=context()).members
    assert Contact.objects.count() == 10


def test_progress_is_told_after_each_criterion(ten: list[int]) -> None:
    told: list[tuple[int, int]] = []
    evaluate(parse(TREE), context=context(progress=lambda done, total: told.append((done, total))))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_exception_from_progress_stops_the_evaluation(ten: list[int]) -> None:
    class CancelledError(Exception):
        pass

    calls = []

    def progress(done: int, total: int) -> None:
        calls.append(done)
        raise CancelledError

    with pytest.raises(CancelledError):
        evaluate(parse(TREE), context=context(progress=progress))
    assert calls == [1]


def test_an_empty_account_has_nobody_in_anything() -> None:
    assert evaluate(parse({"not": score("gt", 0)}), context=context()).count == 0


def test_a_sample_of_members_is_spread_and_steady(ten: list[int]) -> None:
    members = BitMap(range(100, 1100))
    assert sample(members, 10) == list(range(100, 1100, 100))
    assert sample(BitMap([3, 5]), 10) == [3, 5]
    assert sample(BitMap(), 10) == []


def test_a_result_can_be_changed_without_changing_what_is_remembered(ten: list[int]) -> None:
    shared = context()
    first = evaluate(parse(score("gt", 3)), context=shared).members
    first.clear()
    assert evaluate(parse(score("gt", 3)), context=shared).count == 6
