"""Moving criteria and groups: whatever is moved wherever, nothing is lost and nothing doubled."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.builder import trees
from segmentation.builder.moving import DEEPEST, step
from segmentation.builder.operations import operate
from segmentation.builder.shape import Group, Leaf, Shape, ShapeError, dump, load
from tests.test_builder_trees import GROUPS, ITEMS, built

LAYOUTS = st.tuples(
    st.lists(GROUPS, min_size=1, max_size=3),
    st.one_of(st.none(), st.lists(ITEMS, min_size=1, max_size=2)),
    st.one_of(st.none(), st.lists(ITEMS, min_size=1, max_size=2)),
)
MOVES = st.tuples(
    st.sampled_from(["before", "after", "into", "to", "earlier", "later"]), st.integers(0, 40), st.integers(0, 40)
)


def laid_out(plan: Any) -> Shape:
    blocks, always, leave_out = plan
    shape = Shape(blocks=[])
    shape.blocks = [built(shape, one) for one in blocks]
    if always:
        shape.always = Group(shape.new_id(), "all", [built(shape, one) for one in always])
    if leave_out:
        shape.leave_out = Group(shape.new_id(), "any", [built(shape, one) for one in leave_out])
    return shape


def leaf_ids(item: Any) -> list[str]:
    """The criteria in a node, as the page reads."""
    return [item.id] if isinstance(item, Leaf) else [one for child in item.children for one in leaf_ids(child)]


def what_is_in(shape: Shape) -> list[str]:
    """Every criterion as it is, wherever it stands."""
    return sorted(json.dumps([leaf.id, leaf.values, leaf.negated]) for leaf in shape.leaves())


def groups_of(shape: Shape) -> dict[str, list[str]]:
    return {item.id: leaf_ids(item) for item in shape.items() if isinstance(item, Group)}


@settings(max_examples=300)
@given(LAYOUTS, st.lists(MOVES, min_size=1, max_size=8))
def test_no_criterion_is_lost_or_doubled_and_no_other_moves(plan: Any, moves: list[tuple[str, int, int]]) -> None:
    shape = laid_out(plan)
    before = what_is_in(shape)
    for name, at, to in moves:
        ids = [item.id for item in shape.items()]
        words = f"{name}:{ids[at % len(ids)]}" + ("" if name in ("earlier", "later") else f":{ids[to % len(ids)]}")
        item = shape.find(ids[at % len(ids)])
        kept, groups, moved = dump(shape), groups_of(shape), set(leaf_ids(item))
        order = [leaf.id for leaf in shape.leaves() if leaf.id not in moved]
        try:
            operate(shape, words)
        except ShapeError:
            assert dump(shape) == kept
        blocks_swapped = item in shape.blocks and name in ("earlier", "later")
        assert blocks_swapped or [leaf.id for leaf in shape.leaves() if leaf.id not in moved] == order
        for gone in groups.keys() - groups_of(shape).keys():  # only what the move has left empty
            assert set(groups[gone]) <= moved
    assert what_is_in(shape) == before
    assert dump(load(dump(shape))) == dump(shape)


@given(LAYOUTS, st.integers(0, 40))
def test_a_step_up_undoes_a_step_down(plan: Any, at: int) -> None:
    shape = laid_out(plan)
    movable = [item for item in shape.items() if item not in (shape.always, shape.leave_out)]
    item = movable[at % len(movable)]
    before, groups = dump(shape), groups_of(shape).keys()
    if step(shape, item, down=True) and groups_of(shape).keys() == groups:
        assert dump(shape) != before
        step(shape, item, down=False)
    if groups_of(shape).keys() == groups:
        assert dump(shape) == before


def shape_of(tree: dict) -> Shape:
    return trees.to_shape(tree, lambda criterion: {"what": [criterion["kind"]]})


def kinds(shape: Shape) -> list[Any]:
    """The layout as lists of kinds."""

    def item(one: Any) -> Any:
        return one.values.get("what", [""])[0] if isinstance(one, Leaf) else [item(child) for child in one.children]

    return [item(top) for top in shape.tops()]


def node(shape: Shape, kind: str) -> str:
    return next(leaf.id for leaf in shape.leaves() if leaf.values.get("what") == [kind])


TWO = {
    "any": [{"all": [{"kind": "a"}, {"any": [{"kind": "b"}, {"kind": "c"}]}, {"kind": "d"}]}, {"all": [{"kind": "e"}]}]
}


def test_a_criterion_is_put_before_after_and_into_others() -> None:
    shape = shape_of(TWO)
    operate(shape, f"before:{node(shape, 'e')}:{node(shape, 'c')}")
    assert kinds(shape) == [["a", ["b", "e", "c"], "d"]]
    operate(shape, f"after:{node(shape, 'a')}:{node(shape, 'd')}")
    assert kinds(shape) == [[["b", "e", "c"], "d", "a"]]
    assert operate(shape, f"into:{node(shape, 'd')}:{shape.blocks[0].children[0].id}") == f"{node(shape, 'd')}-grip"
    assert kinds(shape) == [[["b", "e", "c", "d"], "a"]]


def test_beside_a_block_a_criterion_gets_a_block_of_its_own() -> None:
    shape = shape_of(TWO)
    operate(shape, f"before:{node(shape, 'd')}:{shape.blocks[0].id}")
    assert kinds(shape) == [["d"], ["a", ["b", "c"]], ["e"]]
    operate(shape, f"before:{shape.blocks[1].children[1].id}:{shape.blocks[0].id}")  # a nested group is one already
    assert kinds(shape) == [["b", "c"], ["d"], ["a"], ["e"]]


def test_a_block_is_moved_among_blocks_and_into_one() -> None:
    shape = shape_of(TWO)
    first, second = shape.blocks
    operate(shape, f"before:{second.id}:{first.id}")
    assert kinds(shape) == [["e"], ["a", ["b", "c"], "d"]]
    operate(shape, f"before:{second.id}:{node(shape, 'b')}")
    assert kinds(shape) == [["a", [["e"], "b", "c"], "d"]]


def test_keys_lead_through_groups_and_blocks_and_back() -> None:
    shape = shape_of(TWO)
    seen = []
    for _press in range(6):
        operate(shape, f"later:{node(shape, 'a')}")
        seen.append(kinds(shape))
    assert seen == [
        [[["a", "b", "c"], "d"], ["e"]],
        [[["b", "a", "c"], "d"], ["e"]],
        [[["b", "c", "a"], "d"], ["e"]],
        [[["b", "c"], "a", "d"], ["e"]],
        [[["b", "c"], "d", "a"], ["e"]],
        [[["b", "c"], "d"], ["a", "e"]],
    ]
    for _press in range(6):
        operate(shape, f"earlier:{node(shape, 'a')}")
    assert kinds(shape) == [["a", ["b", "c"], "d"], ["e"]]


def test_the_last_block_moved_away_leaves_room_for_another() -> None:
    shape = shape_of({"kind": "a"})
    operate(shape, "always")
    assert shape.always is not None
    operate(shape, f"into:{node(shape, 'a')}:{shape.always.id}")
    assert [block.children for block in shape.blocks] == [[]]


def test_a_group_is_not_moved_deeper_than_the_language_goes() -> None:
    shape = shape_of({"all": [{"any": [{"kind": "b"}, {"kind": "c"}]}, {"kind": "d"}]})
    inner = shape.blocks[0]
    for _level in range(DEEPEST):
        inner.children.append(Group(shape.new_id(), "all", [Leaf(shape.new_id(), {"what": ["x"]})]))
        inner = inner.children[-1]  # type: ignore[assignment]
    kept = dump(shape)
    with pytest.raises(ShapeError):
        operate(shape, f"into:{shape.blocks[0].children[0].id}:{inner.id}")
    assert dump(shape) == kept
    operate(shape, f"into:{node(shape, 'd')}:{inner.id}")  # a criterion is no group
    assert node(shape, "d") in leaf_ids(inner)


@pytest.mark.parametrize(
    "words",
    [
        "before:{a}:{a}",
        "into:{block}:{inner}",
        "after:{a}:{always}",
        "into:{always}:{block}",
        "before:{a}:n99",
        "into:{a}:{e}",
        "before:{a}",
        "earlier:{a}:{e}",
    ],
)
def test_moves_that_no_page_sends_are_refused(words: str) -> None:
    shape = shape_of(TWO)
    operate(shape, "always")
    assert shape.always is not None
    names = {"a": node(shape, "a"), "e": node(shape, "e"), "always": shape.always.id}
    names |= {"block": shape.blocks[0].id, "inner": shape.blocks[0].children[1].id}
    with pytest.raises(ShapeError):
        operate(shape, words.format(**names))
