"""Between the form's layout and the criteria tree: nothing is lost, nothing is dropped in silence."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.builder import trees
from segmentation.builder.operations import operate
from segmentation.builder.shape import Group, Leaf, Shape, ShapeError, dump, empty, load

LETTERS = "abcdefgh"


def leaf_values(criterion: dict) -> dict[str, list[str]]:
    return {"what": [criterion["kind"]]}


def leaf_tree(leaf: Leaf) -> dict:
    return {"kind": leaf.values["what"][0]}


LEAVES = st.sampled_from(LETTERS).map(lambda letter: {"kind": letter})
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
        inner.map(lambda node: {"not": node}),
    ),
    max_leaves=12,
)


def holds(tree: dict, person: int) -> bool:
    """Whether a person satisfies a tree: person's bits say which letters hold."""
    if "kind" in tree:
        return bool(person >> LETTERS.index(tree["kind"]) & 1)
    if "not" in tree:
        return not holds(tree["not"], person)
    if "all" in tree:
        return all(holds(node, person) for node in tree["all"])
    return any(holds(node, person) for node in tree["any"])


def drawn(shape: Shape) -> Any:
    """A layout without its ids."""

    def item(one: Leaf | Group) -> object:
        if isinstance(one, Leaf):
            return (one.values["what"][0], one.negated)
        return (one.join, one.negated, [item(child) for child in one.children])

    return [group and item(group) for group in (shape.always, *shape.blocks, shape.leave_out)]


def shape_of(tree: dict) -> Any:
    return trees.to_shape(tree, leaf_values)


@given(TREES)
def test_any_tree_opens_and_means_the_same_when_read_back(tree):
    again = trees.to_tree(shape_of(tree), leaf_tree).tree
    assert all(holds(tree, person) == holds(again, person) for person in range(2 ** len(LETTERS)))


@given(TREES)
def test_what_the_form_writes_opens_as_it_was_laid_out(tree):
    shape = shape_of(tree)
    written = trees.to_tree(shape, leaf_tree).tree
    assert drawn(shape_of(written)) == drawn(shape)
    assert trees.to_tree(shape_of(written), leaf_tree).tree == written


ITEMS = st.recursive(
    st.builds(lambda letter, negated: ("leaf", letter, negated), st.sampled_from(LETTERS), st.booleans()),
    lambda inner: st.tuples(
        st.just("group"), st.sampled_from(["all", "any"]), st.booleans(), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
GROUPS = st.tuples(
    st.just("group"), st.sampled_from(["all", "any"]), st.booleans(), st.lists(ITEMS, min_size=1, max_size=3)
)


def built(shape: Shape, plan: tuple) -> Any:
    if plan[0] == "leaf":
        return Leaf(shape.new_id(), {"what": [plan[1]]}, plan[2])
    return Group(shape.new_id(), plan[1], [built(shape, child) for child in plan[3]], plan[2])


@given(
    st.lists(GROUPS, min_size=1, max_size=3),
    st.one_of(st.none(), st.lists(ITEMS, min_size=1, max_size=2)),
    st.one_of(st.none(), st.lists(ITEMS, min_size=1, max_size=2)),
)
def test_every_layout_opens_again_as_it_was(blocks, always, leave_out):
    shape = Shape(blocks=[])
    shape.blocks = [built(shape, plan) for plan in blocks]
    if always:
        shape.always = Group(shape.new_id(), "all", [built(shape, plan) for plan in always])
    if leave_out:
        shape.leave_out = Group(shape.new_id(), "any", [built(shape, plan) for plan in leave_out])
    written = trees.to_tree(shape, leaf_tree)
    assert drawn(shape_of(written.tree)) == drawn(shape)


def test_the_canonical_tree_comes_back_equal():
    tree = {
        "all": [
            {"kind": "a"},
            {"kind": "b"},
            {"any": [{"all": [{"kind": "c"}, {"not": {"kind": "d"}}]}, {"any": [{"kind": "e"}, {"kind": "f"}]}]},
            {"not": {"any": [{"kind": "g"}]}},
        ]
    }
    shape = shape_of(tree)
    assert (len(shape.always.children), len(shape.blocks), len(shape.leave_out.children)) == (2, 2, 1)
    assert trees.to_tree(shape, leaf_tree).tree == tree


def test_an_empty_always_is_not_left_out_of_the_tree():
    shape = shape_of({"kind": "a"})
    shape.always = Group(shape.new_id(), "all")
    assert {"all": []} in trees.to_tree(shape, leaf_tree).tree["all"]


def test_a_path_leads_to_the_node_or_the_nearest_above():
    shape = shape_of({"any": [{"all": [{"kind": "a"}, {"not": {"kind": "b"}}]}, {"all": [{"kind": "c"}]}]})
    found = trees.to_tree(shape, leaf_tree)
    second = shape.blocks[0].children[1]
    assert found.node_at("any[0].all[1].not.value[3]") == second.id
    assert found.node_at("any[0].all[1]") == second.id
    assert found.node_at("any[1]") == shape.blocks[1].id
    assert found.node_at("") is None


# --- the hidden field ----------------------------------------------------------------------------------------
@given(TREES)
def test_the_layout_survives_the_hidden_field(tree):
    shape = shape_of(tree)
    again = load(dump(shape))
    assert dump(again) == dump(shape)
    assert [leaf.id for leaf in again.leaves()] == [leaf.id for leaf in shape.leaves()]


def deep(levels: int) -> dict:
    node: dict = {"id": f"n{levels + 1}"}
    for level in range(levels, 0, -1):
        node = {"id": f"n{level}", "join": "all", "of": [node]}
    return node


GOOD = {"blocks": [{"id": "n1", "join": "all", "of": [{"id": "n2"}]}], "last": 2}


@pytest.mark.parametrize(
    "tampered",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        {**GOOD, "more": 1},
        {**GOOD, "last": 1},
        {**GOOD, "last": "2"},
        {**GOOD, "last": 10**12},
        {**GOOD, "blocks": []},
        {**GOOD, "blocks": [{"id": "n2"}]},
        {**GOOD, "blocks": [{"id": "n1", "join": "none", "of": []}]},
        {**GOOD, "blocks": [{"id": "n1", "join": "all", "of": [{"id": "n1"}]}]},
        {**GOOD, "blocks": [{"id": "n1", "join": "all", "of": [{"id": "x"}]}]},
        {**GOOD, "blocks": [{"id": "n1", "join": "all", "of": [{"id": "n2", "kind": "tag"}]}]},
        {**GOOD, "blocks": [{"id": "n1", "join": "all", "of": [{"id": "n2", "not": 1}]}]},
        {**GOOD, "always": {"id": "n3", "join": "any", "of": []}, "last": 3},
        {**GOOD, "leave_out": {"id": "n3", "join": "any", "not": True, "of": []}, "last": 3},
        {"blocks": [deep(40)], "last": 60},
        {"blocks": [{"id": "n1", "join": "all", "of": [{"id": f"n{i}"} for i in range(2, 10_002)]}], "last": 10_001},
    ],
)
def test_a_tampered_layout_is_refused(tampered):
    with pytest.raises(ShapeError):
        load(tampered if isinstance(tampered, str) else json.dumps(tampered))


# --- the buttons ---------------------------------------------------------------------------------------------
def three() -> Any:
    return shape_of({"any": [{"all": [{"kind": "a"}, {"kind": "b"}]}, {"all": [{"kind": "c"}]}]})


def test_removing_one_leaves_the_others_as_they_were():
    shape = three()
    kept = shape.blocks[0].children[1]
    operate(shape, f"remove:{shape.blocks[0].children[0].id}")
    assert shape.blocks[0].children == [kept]
    assert kept.values == {"what": ["b"]}


def test_the_last_block_removed_makes_room_for_a_new_one():
    shape = three()
    for block in list(shape.blocks):
        operate(shape, f"remove:{block.id}")
    (block,) = shape.blocks
    assert [leaf.values for leaf in block.children] == [{}]


def test_a_criterion_moves_within_its_block_and_to_others():
    shape = three()
    first, second = shape.blocks[0].children
    operate(shape, f"down:{first.id}")
    assert shape.blocks[0].children == [second, first]
    operate(shape, f"to:{first.id}:{shape.blocks[1].id}")
    assert first in shape.blocks[1].children
    operate(shape, f"to:{second.id}:new")  # its own block, left empty, goes
    assert [block.children for block in shape.blocks[1:]] == [[second]]


def test_a_duplicate_has_ids_of_its_own():
    shape = three()
    operate(shape, f"duplicate:{shape.blocks[0].id}")
    ids = [item.id for item in shape.items()]
    assert len(shape.blocks) == 3
    assert len(ids) == len(set(ids))
    assert drawn(shape)[1] == drawn(shape)[2]


def test_negate_and_join_switch_back_and_forth():
    shape = three()
    block = shape.blocks[0]
    for command in (f"negate:{block.id}", f"join:{block.id}"):
        operate(shape, command)
    assert (block.negated, block.join) == (True, "any")
    for command in (f"negate:{block.id}", f"join:{block.id}"):
        operate(shape, command)
    assert (block.negated, block.join) == (False, "all")


def test_always_and_leave_out_stay_what_they_are():
    shape = three()
    operate(shape, "always")
    operate(shape, "leave_out")
    for group in (shape.always, shape.leave_out):
        for command in ("negate", "join", "duplicate", "up"):
            with pytest.raises(ShapeError):
                operate(shape, f"{command}:{group.id}")
    operate(shape, f"remove:{shape.always.id}")
    operate(shape, f"remove:{shape.leave_out.id}")
    assert (shape.always, shape.leave_out) == (None, None)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "nothing",
        "remove",
        "remove:n99",
        "add:n2",
        "to:n2:n2",
        "to:n1:n5",
        "drop:n2:value:0",
        "drop:n2:value:-1",
        "up:n2:n3",
    ],
)
def test_a_button_this_form_does_not_have_is_refused(command):
    shape = empty()
    shape.blocks[0].id, shape.blocks[0].children[0].id = "n1", "n2"
    with pytest.raises(ShapeError):
        operate(shape, command)


def test_a_group_cannot_be_moved_into_itself():
    shape = shape_of({"all": [{"kind": "a"}, {"any": [{"kind": "b"}, {"kind": "c"}]}]})
    nested = shape.blocks[0].children[1]
    with pytest.raises(ShapeError):
        operate(shape, f"to:{nested.id}:{nested.id}")


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "nest", "join", "negate", "duplicate", "up", "down", "remove", "block", "always", "leave_out", "to"]
        ),
        st.integers(0, 30),
        st.integers(0, 30),
    ),
    max_size=15,
)


@settings(max_examples=150)
@given(COMMANDS)
def test_whatever_is_pressed_the_layout_stays_sound(commands):
    shape = empty()
    for name, at, to in commands:
        ids = [item.id for item in shape.items()]
        words = {"block": name, "always": name, "leave_out": name}.get(name, f"{name}:{ids[at % len(ids)]}")
        words += f":{ids[to % len(ids)]}" if name == "to" else ""
        try:
            operate(shape, words)
        except ShapeError:
            continue
    ids = [item.id for item in shape.items()]
    assert len(ids) == len(set(ids))
    assert shape.blocks
    assert dump(load(dump(shape))) == dump(shape)
