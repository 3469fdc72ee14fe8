"""What is no criteria is refused: at its path, in words, at once. Nothing incomplete is read as something wider."""

import json
import re
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.utils import translation

from segmentation.criteria import KINDS, CriteriaError, dump, limits, nodes, parse, parse_json
from tests.support.speed import seconds

LEAF = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}


def refused(data: Any) -> CriteriaError:
    with pytest.raises(CriteriaError) as caught:
        parse(data)
    return caught.value


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, ""),
        ([], ""),
        ("", ""),
        ({}, ""),
        ({"all": []}, "all"),
        ({"any": []}, "any"),
        ({"any": [LEAF, {"all": []}]}, "any[1].all"),
        ({"all": LEAF}, "all"),
        ({"all": None}, "all"),
        ({"not": []}, "not"),
        ({"not": {}}, "not"),
        ({"not": None}, "not"),
        ({"all": [LEAF], "any": [LEAF]}, ""),
        ({"all": [LEAF], "name": "x"}, "name"),
        ({"All": [LEAF]}, "All"),
        ({"and": [LEAF]}, "and"),
        ({"all": [None]}, "all[0]"),
        ({"all": [LEAF, [LEAF]]}, "all[1]"),
        ({"kind": "spell"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["field"]}, "kind"),
        ({"any": [LEAF, {"all": [LEAF | {"op": "gtt"}]}]}, "any[1].all[0].op"),
        (LEAF | {"op": None}, "op"),
        (LEAF | {"extra": 1}, "extra"),
        (LEAF | {"field": "password"}, "field"),
        (LEAF | {"value": "20"}, "value"),
        (LEAF | {"value": True}, "value"),
        (LEAF | {"value": None}, "value"),
        (LEAF | {"value": [20]}, "value"),
        (LEAF | {"value": float("nan")}, "value"),
        (LEAF | {"value": float("inf")}, "value"),
        (LEAF | {"value": 0.1 + 0.2}, "value"),
        (LEAF | {"value": 10**15}, "value"),
        (LEAF | {"value": 10**10000}, "value"),
        (LEAF | {"op": "in", "value": []}, "value"),
        (LEAF | {"op": "in", "value": [1, "2"]}, "value[1]"),
        (LEAF | {"op": "in", "value": list(range(1001))}, "value"),
        (LEAF | {"op": "between", "value": {"from": 1}}, "value.to"),
        (LEAF | {"op": "between", "value": {"from": 2, "to": 1}}, "value"),
        (LEAF | {"op": "between", "value": {"from": 1, "to": 2, "by": 3}}, "value.by"),
        (LEAF | {"op": "is_set"}, "value"),
        ({"kind": "field", "field": "lead_score", "op": "gt"}, "value"),
        ({"kind": "field", "field": "email", "op": "eq", "value": ""}, "value"),
        ({"kind": "field", "field": "email", "op": "gt", "value": "a"}, "op"),
        ({"kind": "field", "field": "email", "op": "eq", "value": "x" * 501}, "value"),
        ({"kind": "field", "field": "email", "op": "eq", "value": "a\0b"}, "value"),
        ({"kind": "field", "field": "email", "op": "eq", "value": "a\ud800b"}, "value"),
        ({"kind": "field", "field": "email", "op": "matches", "value": "(a"}, "value"),
        ({"kind": "field", "field": "email", "op": "matches", "value": "(a{1000}){1000}"}, "value"),
        ({"kind": "field", "field": "email", "op": "matches", "value": "(?=a)b"}, "value"),
        ({"kind": "field", "field": "email", "op": "matches", "value": "(?<newer>a)"}, "value"),
        ({"kind": "field", "field": "status", "op": "eq", "value": "deleted"}, "value"),
        ({"kind": "field", "field": "created_at", "op": "on", "value": "2026-02-30"}, "value"),
        ({"kind": "field", "field": "created_at", "op": "on", "value": "2026-02-01T10:00"}, "value"),
        ({"kind": "field", "field": "created_at", "op": "ago", "value": {"n": 1, "unit": "hour"}}, "value.unit"),
        ({"kind": "field", "field": "created_at", "op": "last", "value": {"n": 0, "unit": "day"}}, "value.n"),
        ({"kind": "field", "field": "created_at", "op": "anniversary", "value": {"in_next": 367}}, "value.in_next"),
        ({"kind": "field", "field": "created_at", "op": "anniversary", "value": {"on": "2026-01-01"}}, "value.on"),
        ({"kind": "attribute", "attribute": "", "op": "is_set"}, "attribute"),
        ({"kind": "attribute", "attribute": "x", "op": "like", "value": "a"}, "op"),
        ({"kind": "attribute", "attribute": "x", "op": "eq", "value": {}}, "value"),
        ({"kind": "attribute", "attribute": "x", "op": "is_true", "value": True}, "value"),
        ({"kind": "tag", "op": "any", "tags": []}, "tags"),
        ({"kind": "tag", "op": "any", "tags": ["A", 1]}, "tags[1]"),
        ({"kind": "tag", "op": "any", "tags": ["A", " , "]}, "tags[1]"),
        ({"kind": "tag", "op": "some", "tags": ["A"]}, "op"),
        ({"kind": "tag", "op": "any", "tags": "A"}, "tags"),
        ({"kind": "category", "op": "any", "categories": ["a"], "only_this_level": 1}, "only_this_level"),
        ({"kind": "consent", "consent": "a", "state": "maybe"}, "state"),
        ({"kind": "consent", "consent": "a", "state": "unknown", "within": {"last": 1, "unit": "day"}}, "within"),
        ({"kind": "segment", "segment": "1", "op": "in"}, "segment"),
        ({"kind": "segment", "segment": True, "op": "in"}, "segment"),
        ({"kind": "segment", "segment": 0, "op": "in"}, "segment"),
        ({"kind": "segment", "segment": 1, "op": "in", "at": "then"}, "at"),
        ({"kind": "saved", "criteria": 1.0}, "criteria"),
        ({"kind": "file"}, "file"),
        ({"kind": "sample", "percent": 0, "salt": "a"}, "percent"),
        ({"kind": "sample", "percent": 100.01, "salt": "a"}, "percent"),
        ({"kind": "sample", "percent": 1.005, "salt": "a"}, "percent"),
        ({"kind": "sample", "percent": "5", "salt": "a"}, "percent"),
        ({"kind": "sample", "percent": 5, "salt": ""}, "salt"),
    ],
)
def test_what_is_wrong_is_refused_at_its_path(data: Any, path: str) -> None:
    error = refused(data)
    assert error.path == path
    assert error.message
    assert not re.search(r"\{[a-z]+\}", error.message)
    assert "Input should" not in error.message


def nested(depth: int, group: str = "not") -> Any:
    tree: Any = LEAF
    for _level in range(depth):
        tree = {group: tree if group == "not" else [tree]}
    return tree


def test_groups_may_be_eight_deep() -> None:
    assert dump(parse(nested(8))) == nested(8)
    assert dump(parse(nested(8, "all"))) == nested(8, "all")
    assert refused(nested(9)).path == ".".join(["not"] * 8)
    assert refused({"any": [LEAF, nested(8)]}).path == "any[1]" + ".not" * 7


def test_criteria_may_be_250() -> None:
    parse({"any": [LEAF] * 250})
    assert refused({"any": [LEAF] * 251}).path == "any[250]"


def test_criteria_may_be_64_kib() -> None:
    def of_size(size: int) -> Any:
        criterion = {"kind": "field", "field": "email", "op": "in"}
        tree: Any = {"any": [criterion | {"value": ["ą" * 400] * 40} for _n in range(2)]}
        short = size - len(json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode())
        tree["any"][1]["value"] += ["x" * 100] * (short // 103)
        tree["any"][0]["value"][0] += "x" * (short % 103)
        return tree

    assert parse(of_size(limits.BYTES))
    assert refused(of_size(limits.BYTES + 1)).path == ""


BOMBS = {
    "lists": "[" * 100_000,
    "objects": '{"not":' * 50_000,
    "closed lists": "[" * 100_000 + "]" * 100_000,
    "values": json.dumps(LEAF | {"op": "in", "value": list(range(10_000))}),
    "texts": json.dumps({"kind": "tag", "op": "any", "tags": ["x"] * 10_000}),
    "long text": json.dumps({"kind": "field", "field": "email", "op": "eq", "value": "x" * 60_000}),
    "megabytes": '{"all": ["' + "x" * 5_000_000,
    "digits": '{"all": [' + "9" * 60_000 + "]}",
    "huge exponent": json.dumps(LEAF).replace("20", "1e999999999"),
    "negative exponent": json.dumps(LEAF).replace("20", "1e-999999999"),
    "NaN": json.dumps(LEAF).replace("20", "NaN"),
    "Infinity": json.dumps(LEAF).replace("20", "-Infinity"),
    "backslashes": '"' + "\\" * 200_000,
    "escaped quotes": '"' + '\\"' * 100_000,
    "wide": json.dumps({f"key{n}": 1 for n in range(5000)}),
    "many criteria": json.dumps({"any": [{"kind": "file", "file": 1}] * 2000}),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_quickly(bomb: str) -> None:
    def refuse() -> None:
        with pytest.raises(CriteriaError):
            parse_json(BOMBS[bomb])

    assert seconds(refuse) < 0.05


def test_bombs_made_in_python_are_refused_too() -> None:
    deep: Any = LEAF
    for _level in range(50_000):
        deep = {"not": deep}
    circle: list[Any] = []
    circle.append(circle)
    wide = {"all": [LEAF] * 1_000_000}
    for bomb in (deep, circle, wide, {"all": [object()]}, {"all": [{1: 2}]}, {"kind": {"kind": "field"}}):
        assert seconds(partial(refused, bomb)) < 0.05


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"all": [}',
        "\ufeff{]",
        b"\xff\xfe",
        '{"all": [1], "all": [2]}',
        '{"not": {"kind": "file", "file": 1, "file": 2}}',
    ],
)
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(CriteriaError):
        parse_json(text)


def test_json_is_kept_as_written() -> None:
    written = {
        "all": [
            {"kind": "sample", "percent": 12.50, "salt": " ź "},
            {"not": {"kind": "tag", "tags": ["vip"], "op": "any"}},
        ]
    }
    tree = parse_json(json.dumps(written))
    assert dump(tree) == written
    assert json.dumps(dump(tree)) == json.dumps(written)
    assert dump(tree.children[1]) == written["all"][1]


def test_numbers_mean_what_was_written() -> None:
    tree: Any = parse_json(json.dumps(LEAF).replace("20", "0.1"))
    assert tree.definition.type.read("gt", tree.value) == Decimal("0.1")


def test_nodes_know_their_paths() -> None:
    tree = parse({"any": [LEAF, {"all": [{"not": LEAF}]}]})
    assert [node.path for node in nodes(tree)] == ["", "any[0]", "any[1]", "any[1].all[0]", "any[1].all[0].not"]


def test_paths_go_on_from_where_the_tree_stands() -> None:
    with pytest.raises(CriteriaError) as caught:
        parse({"all": [LEAF | {"op": "x"}]}, path="any[3]")
    assert caught.value.path == "any[3].all[0].op"


def test_messages_are_told_in_the_language_that_is_active_then() -> None:
    error = refused({"all": []})
    with translation.override("en"):
        assert error.message == "This group has no criteria. Add one or remove the group."
        assert str(error) == f"all: {error.message}"
    assert error.text == "This group has no criteria. Add one or remove the group."


def test_every_kind_of_the_language_is_known() -> None:
    assert {"field", "attribute", "tag", "category", "consent", "segment", "saved", "file", "sample"} <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": NaN}]}', "all[0].value"),
        ('{"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": 1e999}]}', "all[0].value"),
        ('{"all": [{"kind": "sample", "percent": 1234567890123456, "salt": "a"}]}', "all[0].percent"),
        ('{"any": [{"not": {"kind": "tag", "op": "any", "op": "all", "tags": ["A"]}}]}', "any[0].not"),
        ('{"all": [], "all": []}', ""),
    ],
)
def test_what_is_wrong_in_the_text_itself_is_refused_at_its_place(text: str, path: str) -> None:
    with pytest.raises(CriteriaError) as refused:
        parse_json(text)
    assert refused.value.path == path
