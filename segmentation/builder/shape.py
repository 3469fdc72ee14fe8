"""How criteria are laid out in the form: blocks, groups in groups, and criteria, each with an id of its own.

The layout travels in one hidden field as JSON; what is typed into a criterion travels in fields named after its id
(`n3-op`). So whatever happens to one criterion never touches what stands in another. Pure: knows no kind of criterion.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from django.utils.translation import gettext as _

from segmentation.criteria.limits import CRITERIA
from segmentation.parts.base import Tree, Values

Join = Literal["all", "any"]

MAX_NODES = 2500  # a valid tree has up to 250 criteria, each maybe in groups of its own
MAX_DEPTH = 10
MAX_CHARACTERS = 131072
ID = re.compile(r"n[1-9][0-9]{0,6}")
FIELD = re.compile(r"(n[1-9][0-9]{0,6})-([a-z_]{1,30})")
LIKE_FIELD = re.compile(r"\s*n\d+\s*-", re.IGNORECASE)


class ShapeError(ValueError):
    """The layout in the form is not one that this form can have sent."""


@dataclass(slots=True)
class Leaf:
    """One criterion, as typed: maybe unfinished."""

    id: str
    values: Values = field(default_factory=dict)
    negated: bool = False
    source: Tree | None = None  # the criterion it was opened from


@dataclass(slots=True)
class Group:
    """Criteria and groups, all or any of which must hold."""

    id: str
    join: Join = "all"
    children: list["Leaf | Group"] = field(default_factory=list)
    negated: bool = False


Item = Leaf | Group


@dataclass(slots=True)
class Shape:
    """The whole layout: at least one block, maybe what must hold always, maybe who is left out."""

    blocks: list[Group]
    always: Group | None = None
    leave_out: Group | None = None
    last: int = 0  # the highest id in use

    def new_id(self) -> str:
        self.last += 1
        return f"n{self.last}"

    def tops(self) -> list[Group]:
        """The groups that stand directly on the page, in their order there."""
        return [group for group in (self.always, *self.blocks, self.leave_out) if group is not None]

    def items(self) -> Iterator[Item]:
        """Every group and criterion, a parent before its children."""
        for group in self.tops():
            yield from _walk(group)

    def leaves(self) -> list[Leaf]:
        return [item for item in self.items() if isinstance(item, Leaf)]

    def find(self, node_id: str) -> Item | None:
        return next((item for item in self.items() if item.id == node_id), None)

    def parent_of(self, item: Item) -> Group | None:
        """The group that holds `item`; none for the groups on the page itself."""
        return next(
            (group for group in self.items() if isinstance(group, Group) and any(c is item for c in group.children)),
            None,
        )

    def depth_of(self, item: Item) -> int:
        """How many groups are around a node: 0 for a block."""
        parent = self.parent_of(item)
        return 0 if parent is None else 1 + self.depth_of(parent)


def _walk(item: Item) -> Iterator[Item]:
    yield item
    if isinstance(item, Group):
        for child in item.children:
            yield from _walk(child)


def empty() -> Shape:
    """What a new page begins with: one block with a criterion that waits to be chosen."""
    shape = Shape(blocks=[])
    leaf = Leaf(shape.new_id())
    shape.blocks.append(Group(shape.new_id(), "all", [leaf]))
    return shape


# --- the hidden field ----------------------------------------------------------------------------------------
def dump(shape: Shape) -> str:
    """The layout as JSON, without what is typed into the criteria."""
    data: dict[str, Any] = {"blocks": [_dump_item(block) for block in shape.blocks], "last": shape.last}
    if shape.always is not None:
        data["always"] = _dump_item(shape.always)
    if shape.leave_out is not None:
        data["leave_out"] = _dump_item(shape.leave_out)
    return json.dumps(data, separators=(",", ":"))


def _dump_item(item: Item) -> dict[str, Any]:
    data: dict[str, Any] = {"id": item.id}
    if item.negated:
        data["not"] = True
    if isinstance(item, Group):
        data["join"] = item.join
        data["of"] = [_dump_item(child) for child in item.children]
    return data


def load(text: str) -> Shape:
    """Reads the hidden field back.

    Raises: ShapeError for anything that `dump` does not write: unknown keys, an id twice, too deep, too much.
    """
    if len(text) > MAX_CHARACTERS:
        refuse()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        refuse()
    _keys(data, needed={"blocks", "last"}, allowed={"always", "leave_out"})
    if not isinstance(data["blocks"], list) or not data["blocks"] or type(data["last"]) is not int:
        refuse()
    seen: set[str] = set()
    shape = Shape(
        blocks=[_load_group(block, seen) for block in data["blocks"]],
        always=_load_group(data["always"], seen) if "always" in data else None,
        leave_out=_load_group(data["leave_out"], seen) if "leave_out" in data else None,
        last=data["last"],
    )
    if shape.last > 10**7 or any(int(node_id[1:]) > shape.last for node_id in seen):
        refuse()
    if (shape.always and (shape.always.join != "all" or shape.always.negated)) or (
        shape.leave_out and (shape.leave_out.join != "any" or shape.leave_out.negated)
    ):
        refuse()
    return shape


def refuse() -> NoReturn:
    raise ShapeError(_("The layout of these criteria did not arrive as this page sent it. Reload the page."))


def _keys(data: object, *, needed: set[str], allowed: set[str]) -> None:
    if not isinstance(data, dict) or not needed <= data.keys() or not data.keys() <= needed | allowed:
        refuse()


def _load_group(data: object, seen: set[str]) -> Group:
    item = _load_item(data, seen, depth=1)
    if not isinstance(item, Group):
        refuse()
    return item


def _load_item(data: Any, seen: set[str], *, depth: int) -> Item:
    _keys(data, needed={"id"}, allowed={"not", "join", "of"})
    node_id, negated = data["id"], data.get("not", False)
    if not isinstance(node_id, str) or not ID.fullmatch(node_id) or node_id in seen or not isinstance(negated, bool):
        refuse()
    seen.add(node_id)
    if len(seen) > MAX_NODES or depth > MAX_DEPTH:
        raise ShapeError(_("These criteria are nested too deep or there are too many of them."))
    if "of" not in data and "join" not in data:
        return Leaf(id=node_id, negated=negated)
    if data.get("join") not in ("all", "any") or not isinstance(data.get("of"), list):
        refuse()
    children = [_load_item(child, seen, depth=depth + 1) for child in data["of"]]
    return Group(id=node_id, join=data["join"], children=children, negated=negated)


def overfull(shape: Shape) -> str:
    """Why a layout can't be so large, in words; empty if it can: beyond, it could not be saved or read back."""
    if len(shape.leaves()) > CRITERIA:
        return _("Nothing was added: there can be no more than %(limit)s criteria.") % {"limit": CRITERIA}
    if sum(1 for _item in shape.items()) > MAX_NODES or len(dump(shape)) > MAX_CHARACTERS:
        return _("Nothing was added: there are too many groups.")
    return ""


# --- what is typed into it -----------------------------------------------------------------------------------
def fill(shape: Shape, posted: Mapping[str, list[str]]) -> None:
    """Puts what was typed into its criteria.

    Raises: ShapeError for a field of a criterion that is not in the layout, or such as none has: dropping it could
    widen an audience.
    """
    leaves = {leaf.id: leaf for leaf in shape.leaves()}
    for name, texts in posted.items():
        if found := FIELD.fullmatch(name):
            if found[1] not in leaves:
                refuse()
            leaves[found[1]].values[found[2]] = texts
        elif LIKE_FIELD.match(name):  # "n01-what": of no page of ours
            refuse()
