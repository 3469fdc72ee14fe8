"""Between the layout of the form and the criteria tree of the language, both ways, losing nothing.

A layout with everything is `{"all": [always …, {"any": [block, …]}, {"not": {"any": [left out, …]}}]}`; a single
block with nothing beside it is just that block. Any other tree opens too: as one block that holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from segmentation.builder.shape import Group, Item, Leaf, Shape
from segmentation.parts.base import Tree, Values


@dataclass(slots=True)
class Built:
    """A tree, and which node of the form each path in it is."""

    tree: Tree
    nodes: dict[str, str] = field(default_factory=dict)  # path -> id; a negated node also at its `.not`

    def node_at(self, path: str) -> str | None:
        """The form's node whose path is `path` or the nearest one above it."""
        while path not in self.nodes:
            if not path:
                return None
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.nodes[path]

    def path_of(self, node_id: str) -> str | None:
        """The path of a node; None for Always, which has none: its criteria stand beside the blocks."""
        return next((path for path, known in self.nodes.items() if known == node_id), None)


# --- from the layout -----------------------------------------------------------------------------------------
def to_tree(shape: Shape, criterion: Callable[[Leaf], Tree]) -> Built:
    """The tree of a layout; `criterion` gives each leaf's own JSON."""
    built = Built(tree={})
    if shape.always is None and shape.leave_out is None:
        if len(shape.blocks) == 1:
            block = shape.blocks[0]
            if _stands_alone(block):
                built.tree = _item(block, "", criterion, built.nodes)
                return built
        built.tree = {"any": _items(shape.blocks, "any", criterion, built.nodes)}
        return built
    always = shape.always.children if shape.always else []
    parts = _items(always, "all", criterion, built.nodes)
    if shape.always is not None and not always:
        parts.append({"all": []})  # refused by the language, never left out
    parts.append({"any": _items(shape.blocks, f"all[{len(parts)}].any", criterion, built.nodes)})
    if shape.leave_out is not None:
        here = f"all[{len(parts)}]"
        built.nodes[here] = built.nodes[f"{here}.not"] = shape.leave_out.id
        parts.append({"not": {"any": _items(shape.leave_out.children, f"{here}.not.any", criterion, built.nodes)}})
    built.tree = {"all": parts}
    return built


def item_tree(item: Item, criterion: Callable[[Leaf], Tree]) -> Built:
    """The tree of one node alone, with what is in it; paths count from the node."""
    built = Built(tree={})
    built.tree = _item(item, "", criterion, built.nodes)
    return built


def _item(item: Item, path: str, criterion: Callable[[Leaf], Tree], nodes: dict[str, str]) -> Tree:
    nodes[path] = item.id
    if item.negated:
        path = f"{path}.not" if path else "not"
        nodes[path] = item.id
    if isinstance(item, Leaf):
        tree = criterion(item)
    else:
        tree = {item.join: _items(item.children, f"{path}.{item.join}" if path else item.join, criterion, nodes)}
    return {"not": tree} if item.negated else tree


def _items(items: list[Any], path: str, criterion: Callable[[Leaf], Tree], nodes: dict[str, str]) -> list[Tree]:
    return [_item(item, f"{path}[{number}]", criterion, nodes) for number, item in enumerate(items)]


def _stands_alone(block: Group) -> bool:
    """Whether the block's own tree, opened again, is this one block and not a frame or several blocks."""
    if block.negated or not block.children:
        return True
    if block.join == "any":
        return not all(isinstance(child, Group) for child in block.children)
    rest = block.children
    leaves_out = len(rest) > 1 and _is_leave_out(rest[-1])
    if leaves_out:
        rest = rest[:-1]
    last = rest[-1]
    any_of_groups = isinstance(last, Group) and last.join == "any" and not last.negated and _all_groups(last.children)
    return not any_of_groups or (len(rest) == 1 and not leaves_out)


def _is_leave_out(item: Item) -> bool:
    return isinstance(item, Group) and item.negated and item.join == "any"


def _all_groups(items: list[Item]) -> bool:
    return bool(items) and all(isinstance(item, Group) for item in items)


# --- from a tree ---------------------------------------------------------------------------------------------
def to_shape(tree: Tree, values: Callable[[Tree], Values]) -> Shape:
    """The layout that shows `tree`, a valid one; `values` gives what stands in the fields of a criterion."""
    shape = Shape(blocks=[])
    framed = _frame(tree)
    if framed is not None:
        always, blocks, leave_out = framed
        if always:
            shape.always = Group(shape.new_id(), "all", _children(always, shape, values))
        shape.blocks = [_group(block, shape, values) for block in blocks]
        if leave_out:
            shape.leave_out = Group(shape.new_id(), "any", _children(leave_out, shape, values))
    else:
        shape.blocks = to_blocks(tree, shape, values)
    return shape


def to_blocks(tree: Tree, shape: Shape, values: Callable[[Tree], Values]) -> list[Group]:
    """Blocks for `shape` that show a tree without a frame: one, or one for each alternative."""
    if _groups_only(tree.get("any")):
        return [_group(block, shape, values) for block in tree["any"]]
    return [to_block(tree, shape, values)]


def to_block(tree: Tree, shape: Shape, values: Callable[[Tree], Values]) -> Group:
    """One block for `shape` that holds the whole of `tree`."""
    return _group(tree, shape, values)


def _frame(tree: Tree) -> tuple[list[Tree], list[Tree], list[Tree]] | None:
    """(always, blocks, left out), if `tree` has that form."""
    if "all" not in tree:
        return None
    parts, leave_out = list(tree["all"]), []
    if len(parts) > 1 and "any" in parts[-1].get("not", {}):
        leave_out = parts.pop()["not"]["any"]
    if not _groups_only(parts[-1].get("any")) or (len(parts) == 1 and not leave_out):
        return None
    return parts[:-1], parts[-1]["any"], leave_out


def always_paths(tree: Tree) -> list[str]:
    """The paths of the criteria of Always; none if the tree has no such block."""
    framed = _frame(tree)
    return [f"all[{number}]" for number in range(len(framed[0]))] if framed else []


def _groups_only(nodes: list[Tree] | None) -> bool:
    return bool(nodes) and all(_is_group(node) for node in nodes or [])


def _is_group(node: Tree) -> bool:
    while "not" in node:
        node = node["not"]
    return "all" in node or "any" in node


def _group(tree: Tree, shape: Shape, values: Callable[[Tree], Values]) -> Group:
    """A block for `tree`; a lone criterion gets a block around it."""
    if _is_group(tree):
        item = _open(tree, shape, values)
        if isinstance(item, Group):
            return item
    return Group(shape.new_id(), "all", _children([tree], shape, values))


def _children(nodes: list[Tree], shape: Shape, values: Callable[[Tree], Values]) -> list[Item]:
    return [_open(node, shape, values) for node in nodes]


def _open(tree: Tree, shape: Shape, values: Callable[[Tree], Values]) -> Item:
    negated = False
    while "not" in tree:
        tree, negated = tree["not"], not negated
    node_id = shape.new_id()
    for join in ("all", "any"):
        if join in tree:
            children = _children(tree[join], shape, values)
            return Group(node_id, "all" if join == "all" else "any", children, negated)
    return Leaf(node_id, values(tree), negated, source=tree)
