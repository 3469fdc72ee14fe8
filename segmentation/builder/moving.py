"""Moving a criterion or a group to another place in the layout: by drag, by keyboard, by menu.

Nothing is lost and nothing doubled by it: a node is taken out of one list and put into another. A group that it leaves
empty goes, because it would only be refused; the last block stays.
"""

from django.utils.translation import gettext as _

from segmentation.builder.shape import Group, Item, Shape, ShapeError, refuse

DEEPEST = 5  # groups in groups that the form offers to add to; with the frame around, the language's limit


def siblings_of(shape: Shape, item: Item) -> list:  # of blocks, or of children
    """The list a node stands in; Always and Leave out stand in none."""
    if item is shape.always or item is shape.leave_out:
        refuse()
    parent = shape.parent_of(item)
    return shape.blocks if parent is None else parent.children


def place_of(siblings: list, item: Item) -> int:
    """Where a node stands in its list."""
    return next(number for number, sibling in enumerate(siblings) if sibling is item)


def fits(shape: Shape, item: Item, group: Group) -> bool:
    """Whether a node may be put into a group: groups only so deep, unless they are that deep already."""
    levels = _levels(item)
    return not levels or shape.depth_of(group) + levels <= max(DEEPEST, shape.depth_of(item) + levels - 1)


def move_beside(shape: Shape, item: Item, other: Item, *, after: bool) -> None:
    """Puts a node before or after another; beside a block a criterion gets a block of its own.

    Raises: ShapeError where it can't stand.
    """
    if other is item or holds(item, other):
        refuse()
    siblings_of(shape, other)
    group = shape.parent_of(other)
    if group is not None and not fits(shape, item, group):
        raise ShapeError(_("Groups can't be nested any deeper."))
    left = _taken_out(shape, item)
    siblings = siblings_of(shape, other)
    if group is None and not isinstance(item, Group):
        item = Group(shape.new_id(), "all", [item])
    siblings.insert(place_of(siblings, other) + after, item)
    _tidy(shape, left)


def move_into(shape: Shape, item: Item, group: Group, *, first: bool = False) -> None:
    """Puts a node into a group, at its end or its beginning.

    Raises: ShapeError where it can't stand.
    """
    if group is item or holds(item, group):
        refuse()
    if not fits(shape, item, group):
        raise ShapeError(_("Groups can't be nested any deeper."))
    left = _taken_out(shape, item)
    group.children.insert(0 if first else len(group.children), item)
    _tidy(shape, left)


def step(shape: Shape, item: Item, *, down: bool) -> bool:
    """Moves a node one place up or down as the page reads: into, out of and past groups; whether it moved.

    A block changes places with the next one. Up undoes down, unless a group it left empty is gone.
    """
    siblings = siblings_of(shape, item)
    place, parent = place_of(siblings, item), shape.parent_of(item)
    beside = place + (1 if down else -1)
    if 0 <= beside < len(siblings):
        other = siblings[beside]
        if parent is not None and isinstance(other, Group) and fits(shape, item, other):
            move_into(shape, item, other, first=down)
        else:
            move_beside(shape, item, other, after=down)
        return True
    if parent is None:
        return False
    if shape.parent_of(parent) is not None:
        move_beside(shape, item, parent, after=down)
        return True
    tops = shape.tops()
    beside = place_of(tops, parent) + (1 if down else -1)
    if not 0 <= beside < len(tops):
        return False
    move_into(shape, item, tops[beside], first=down)
    return True


def holds(item: Item, other: Item) -> bool:
    """Whether `other` is somewhere in `item`."""
    return isinstance(item, Group) and any(child is other or holds(child, other) for child in item.children)


def _levels(item: Item) -> int:
    """How many groups lie in one another, the node itself counted."""
    return 1 + max(map(_levels, item.children), default=0) if isinstance(item, Group) else 0


def _taken_out(shape: Shape, item: Item) -> Group | None:
    """Takes a node out of its list; returns the group it was in."""
    siblings, parent = siblings_of(shape, item), shape.parent_of(item)
    del siblings[place_of(siblings, item)]
    return parent


def _tidy(shape: Shape, group: Group | None) -> None:
    """Takes away what has become empty by a move, up to the block."""
    while group is not None and not group.children:
        parent = shape.parent_of(group)
        if group is shape.always:
            shape.always = None
        elif group is shape.leave_out:
            shape.leave_out = None
        elif parent is not None:
            del parent.children[place_of(parent.children, group)]
        elif len(shape.blocks) > 1:
            del shape.blocks[place_of(shape.blocks, group)]
        group = parent
    if not shape.blocks:  # the only block was moved into another group
        shape.blocks.append(Group(shape.new_id(), "all"))
