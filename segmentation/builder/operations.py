"""What the builder's buttons do to the layout. Each is `do=NAME` or `do=NAME:ID` and says where the focus goes."""

import copy
from collections.abc import Callable

from django.utils.translation import gettext as _

from segmentation.builder.shape import Group, Item, Leaf, Shape, ShapeError, empty, refuse

DEEPEST = 5  # groups in groups that the form offers to add to; with the frame around, the language's limit


def operate(shape: Shape, command: str) -> str:
    """Carries out one button press; returns the id of the element to focus.

    Raises: ShapeError for a command that no button of this form sends.
    """
    name, *rest = command.split(":")
    if name in ("block", "always", "leave_out") and not rest:
        return _add_top(shape, name)
    if name == "drop" and len(rest) == 3:
        return _drop(shape, *rest)
    if name == "to" and len(rest) == 2:
        return _move_to(shape, _found(shape, rest[0]), rest[1])
    if len(rest) != 1:
        refuse()
    item = _found(shape, rest[0])
    if name in ON_GROUPS and isinstance(item, Group):
        return ON_GROUPS[name](shape, item)
    if name in ON_ITEMS:
        return ON_ITEMS[name](shape, item)
    return refuse()


def _found(shape: Shape, node_id: str) -> Item:
    item = shape.find(node_id)
    if item is None:
        refuse()
    return item


def pristine(shape: Shape) -> bool:
    """Whether nothing has been chosen yet."""
    return not any(leaf.values.get("what", [""])[0] for leaf in shape.leaves())


# --- adding --------------------------------------------------------------------------------------------------
def _waiting(shape: Shape) -> Leaf:
    return Leaf(shape.new_id())


def _add_top(shape: Shape, name: str) -> str:
    leaf = _waiting(shape)
    if name == "block":
        shape.blocks.append(Group(shape.new_id(), "all", [leaf]))
    elif name == "always":
        shape.always = shape.always or Group(shape.new_id(), "all")
        shape.always.children.append(leaf)
    else:
        shape.leave_out = shape.leave_out or Group(shape.new_id(), "any")
        shape.leave_out.children.append(leaf)
    return f"{leaf.id}-what"


def _add(shape: Shape, group: Group) -> str:
    leaf = _waiting(shape)
    group.children.append(leaf)
    return f"{leaf.id}-what"


def _nest(shape: Shape, group: Group) -> str:
    if shape.depth_of(group) >= DEEPEST:
        raise ShapeError(_("Groups can't be nested any deeper."))
    leaf = _waiting(shape)
    group.children.append(Group(shape.new_id(), "any" if group.join == "all" else "all", [leaf]))
    return f"{leaf.id}-what"


def _duplicate(shape: Shape, item: Item) -> str:
    again = copy.deepcopy(item)
    _renumber(shape, again)
    if item in (shape.always, shape.leave_out):
        refuse()
    siblings = _siblings(shape, item)
    siblings.insert(_place(siblings, item) + 1, again)
    return f"{again.id}-menu"


def _renumber(shape: Shape, item: Item) -> None:
    item.id = shape.new_id()
    for child in item.children if isinstance(item, Group) else []:
        _renumber(shape, child)


# --- removing ------------------------------------------------------------------------------------------------
def _remove(shape: Shape, item: Item) -> str:
    if item is shape.always:
        shape.always = None
        return "builder-always"
    if item is shape.leave_out:
        shape.leave_out = None
        return "builder-leave-out"
    siblings = _siblings(shape, item)
    place = _place(siblings, item)
    parent = shape.parent_of(item)
    del siblings[place]
    if not shape.blocks:
        fresh = empty()
        _renumber(shape, fresh.blocks[0])
        shape.blocks = fresh.blocks
    if siblings:
        return f"{siblings[min(place, len(siblings) - 1)].id}-menu"
    return f"{(parent or shape.blocks[0]).id}-add"


def _drop(shape: Shape, node_id: str, name: str, position: str) -> str:
    """Takes one chip out of a field with several values."""
    leaf = _found(shape, node_id)
    if not isinstance(leaf, Leaf) or position not in map(str, range(len(leaf.values.get(name, [])))):
        refuse()
    del leaf.values[name][int(position)]
    return f"{node_id}-{name}"


# --- changing ------------------------------------------------------------------------------------------------
def _negate(shape: Shape, item: Item) -> str:
    if item in (shape.always, shape.leave_out):
        refuse()
    item.negated = not item.negated
    return f"{item.id}-menu"


def _join(shape: Shape, group: Group) -> str:
    if group in (shape.always, shape.leave_out):
        refuse()
    group.join = "any" if group.join == "all" else "all"
    return f"{group.id}-join"


# --- moving --------------------------------------------------------------------------------------------------
def _siblings(shape: Shape, item: Item) -> list:  # of blocks, or of children
    parent = shape.parent_of(item)
    return shape.blocks if parent is None else parent.children


def _place(siblings: list, item: Item) -> int:
    return next(number for number, sibling in enumerate(siblings) if sibling is item)


def _shift(shape: Shape, item: Item, step: int) -> str:
    if item in (shape.always, shape.leave_out):
        refuse()
    siblings = _siblings(shape, item)
    place = _place(siblings, item)
    other = place + step
    if 0 <= other < len(siblings):
        siblings[place], siblings[other] = siblings[other], siblings[place]
    return f"{item.id}-menu"


def _up(shape: Shape, item: Item) -> str:
    return _shift(shape, item, -1)


def _down(shape: Shape, item: Item) -> str:
    return _shift(shape, item, 1)


def _move_to(shape: Shape, item: Item, target: str) -> str:
    """Moves a criterion or nested group into another group, or into a block of its own (`new`)."""
    parent = shape.parent_of(item)
    if parent is None:
        refuse()
    if target == "new":
        group = Group(shape.new_id())
        shape.blocks.append(group)
    else:
        found = _found(shape, target)
        if not isinstance(found, Group) or found is item or _holds(item, found):
            refuse()
        group = found
    parent.children.remove(item)
    group.children.append(item)
    return f"{item.id}-menu"


def _holds(item: Item, other: Item) -> bool:
    return isinstance(item, Group) and any(child is other or _holds(child, other) for child in item.children)


ON_GROUPS: dict[str, Callable[[Shape, Group], str]] = {"add": _add, "nest": _nest, "join": _join}
ON_ITEMS: dict[str, Callable[[Shape, Item], str]] = {
    "remove": _remove,
    "negate": _negate,
    "duplicate": _duplicate,
    "up": _up,
    "down": _down,
}
