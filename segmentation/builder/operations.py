"""What the builder's buttons do to the layout. Each is `do=NAME` or `do=NAME:ID` and says where the focus goes."""

import copy
from collections.abc import Callable

from django.utils.translation import gettext as _

from segmentation.builder.moving import DEEPEST, move_beside, move_into, place_of, siblings_of, step
from segmentation.builder.shape import Group, Item, Leaf, Shape, ShapeError, empty, refuse


def operate(shape: Shape, command: str) -> str:
    """Carries out one button press; returns the id of the element to focus.

    Raises: ShapeError for a command that no button of this form sends.
    """
    name, *rest = command.split(":")
    if name in ("block", "always", "leave_out") and not rest:
        return _add_top(shape, name)
    if name == "drop" and len(rest) == 3:
        return _drop(shape, *rest)
    if name in MOVES and len(rest) == 2:
        return MOVES[name](shape, _found(shape, rest[0]), rest[1])
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
    siblings = siblings_of(shape, item)
    siblings.insert(place_of(siblings, item) + 1, again)
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
    siblings = siblings_of(shape, item)
    place = place_of(siblings, item)
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
def _shift(shape: Shape, item: Item, by: int) -> str:
    siblings = siblings_of(shape, item)
    place = place_of(siblings, item)
    other = place + by
    if 0 <= other < len(siblings):
        siblings[place], siblings[other] = siblings[other], siblings[place]
    return f"{item.id}-menu"


def _up(shape: Shape, item: Item) -> str:
    return _shift(shape, item, -1)


def _down(shape: Shape, item: Item) -> str:
    return _shift(shape, item, 1)


def _earlier(shape: Shape, item: Item) -> str:
    step(shape, item, down=False)
    return f"{item.id}-grip"


def _later(shape: Shape, item: Item) -> str:
    step(shape, item, down=True)
    return f"{item.id}-grip"


def _to(shape: Shape, item: Item, target: str) -> str:
    """Into another group, or into a block of its own (`new`)."""
    if shape.parent_of(item) is None:
        refuse()
    if target == "new":
        move_beside(shape, item, shape.blocks[-1], after=True)
        return f"{item.id}-menu"
    return _into(shape, item, target, focus="menu")


def _into(shape: Shape, item: Item, target: str, *, focus: str = "grip") -> str:
    group = _found(shape, target)
    if not isinstance(group, Group):
        refuse()
    move_into(shape, item, group)
    return f"{item.id}-{focus}"


def _before(shape: Shape, item: Item, target: str) -> str:
    move_beside(shape, item, _found(shape, target), after=False)
    return f"{item.id}-grip"


def _after(shape: Shape, item: Item, target: str) -> str:
    move_beside(shape, item, _found(shape, target), after=True)
    return f"{item.id}-grip"


MOVES: dict[str, Callable[[Shape, Item, str], str]] = {"to": _to, "into": _into, "before": _before, "after": _after}
ON_GROUPS: dict[str, Callable[[Shape, Group], str]] = {"add": _add, "nest": _nest, "join": _join}
ON_ITEMS: dict[str, Callable[[Shape, Item], str]] = {
    "remove": _remove,
    "negate": _negate,
    "duplicate": _duplicate,
    "up": _up,
    "down": _down,
    "earlier": _earlier,
    "later": _later,
}
