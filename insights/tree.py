"""The tree that explains one contact, laid out in the blocks of the criteria form: docs/insights.md, "Why"."""

from dataclasses import dataclass, field
from typing import ClassVar

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from segmentation.criteria import KINDS
from segmentation.explaining import Explained

GROUPS = ("all", "any")


@dataclass(slots=True)
class Line:
    """One criterion. `good`: it speaks for the contact being in, whether it holds or not.

    refers: the criteria it refers to; shown_at: where those are explained already.
    """

    path: str
    icon: str
    sentence: SafeString | str
    evidence: SafeString | str
    holds: bool
    good: bool
    negated: bool
    to_change: bool
    joiner: str = ""
    refers: "Layout | None" = None
    shown_at: str | None = None
    is_group: ClassVar[bool] = False


@dataclass(slots=True)
class Block:
    """A block, a nested group, Always or Leave out, as in the criteria form."""

    role: str  # "block", "nested", "always", "leave_out"
    title: str
    holds: bool
    good: bool
    negated: bool
    to_change: bool
    children: list["Line | Block"]
    joiner: str = ""
    is_group: ClassVar[bool] = True


@dataclass(slots=True)
class Layout:
    """Everything: Always, the blocks of which one is enough, what leaves out."""

    blocks: list[Block]
    always: Block | None = None
    leave_out: Block | None = None
    changes: list[Line] = field(default_factory=list)  # what would have to be otherwise
    either: bool = False  # of those, not all are needed


def laid_out(root: Explained) -> Layout:
    """The blocks of a tree; one that has not the form's shape is one block that holds it."""
    layout = _framed(root) or Layout(_blocks(root))
    stands = [node for _depth, node in root.walk() if node.to_change]
    layout.changes = [_line(node, inverted=False) for node in stands if node.kind not in (*GROUPS, "not")]
    layout.either = any(_alternative(node) for node in stands)
    return layout


def _alternative(node: Explained) -> bool:
    """Whether one of several changes below is enough."""
    enough = ("any", False), ("all", True)
    return (node.kind, node.holds) in enough and sum(child.to_change for child in node.children) > 1


def _framed(root: Explained) -> Layout | None:
    """Always, blocks and Leave out, as the form writes them."""
    if root.kind != "all":
        return None
    *always, last = root.children
    leave_out = None
    if always and last.kind == "not" and last.children[0].kind == "any":
        leave_out, last = last, always.pop()
    if last.kind != "any" or not all(map(_is_group, last.children)) or not (always or leave_out):
        return None
    layout = Layout([_block(block, inverted=False) for block in last.children])
    if always:
        holds = all(node.holds for node in always)
        change = any(node.to_change for node in always)
        title = pgettext("block of criteria", "Always, whatever else holds")
        lines = _children(always, _("and"), inverted=False)
        layout.always = Block("always", title, holds, holds, negated=False, to_change=change, children=lines)
    if leave_out is not None:
        inner = leave_out.children[0]
        layout.leave_out = Block(
            "leave_out",
            pgettext("block of criteria", "Left out, whatever else holds"),
            inner.holds,
            leave_out.holds,
            negated=False,
            to_change=leave_out.to_change,
            children=_children(inner.children, _("or"), inverted=True),
        )
    return layout


def _blocks(root: Explained) -> list[Block]:
    if root.kind == "any" and all(map(_is_group, root.children)):
        return [_block(child, inverted=False) for child in root.children]
    return [_block(root, inverted=False)]


def _is_group(node: Explained) -> bool:
    while node.kind == "not":
        node = node.children[0]
    return node.kind in GROUPS


def _block(node: Explained, *, inverted: bool) -> Block:
    """A block; a lone criterion gets one around it."""
    if _is_group(node):
        return _group(node, role="block", inverted=inverted)
    good = node.holds != inverted
    children = _children([node], "", inverted=inverted)
    return Block("block", _("All of these"), node.holds, good, False, node.to_change, children)  # noqa: FBT003


def _group(node: Explained, *, role: str, inverted: bool) -> Block:
    inner, negated = _stripped(node)
    joiner = _("and") if inner.kind == "all" else _("or")
    return Block(
        role,
        _title(inner.kind, negated=negated),
        node.holds,
        node.holds != inverted,
        negated,
        node.to_change,
        _children(inner.children, joiner, inverted=inverted != negated),
    )


def _children(nodes: "list[Explained] | tuple[Explained, ...]", joiner: str, *, inverted: bool) -> list[Line | Block]:
    drawn: list[Line | Block] = []
    for node in nodes:
        one = _group(node, role="nested", inverted=inverted) if _is_group(node) else _line(node, inverted=inverted)
        one.joiner = joiner if drawn else ""
        drawn.append(one)
    return drawn


def _line(node: Explained, *, inverted: bool) -> Line:
    inner, negated = _stripped(node)
    kind = KINDS.get(inner.kind)
    return Line(
        path=inner.path,
        icon=kind.form.icon if kind and kind.form else "circle-question-mark",
        sentence=inner.sentence.finished.html,
        evidence=inner.evidence.html if inner.evidence else "",
        holds=node.holds,
        good=node.holds != inverted,
        negated=negated,
        to_change=node.to_change,
        refers=laid_out(inner.children[0]) if inner.children else None,
        shown_at=inner.shown_at,
    )


def _stripped(node: Explained) -> tuple[Explained, bool]:
    """What is below the negations, and whether there is an odd number of them."""
    negated = False
    while node.kind == "not":
        node, negated = node.children[0], not negated
    return node, negated


def _title(kind: str, *, negated: bool) -> str:
    if kind == "all":
        return _("Not all of these") if negated else _("All of these")
    return _("None of these") if negated else _("Any of these")
