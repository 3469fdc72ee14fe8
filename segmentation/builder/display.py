"""The builder as the templates need it: everything decided, nothing to look up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from segmentation.builder.form import Builder, part_of
from segmentation.builder.live import Live, NodeCount
from segmentation.builder.moving import DEEPEST
from segmentation.builder.shape import Group, Item, Leaf
from segmentation.criteria import KINDS, Words, parse
from segmentation.parts.base import Control, Option, Typed, Values
from segmentation.templates import GROUPS, TemplateGroup

NEAR = 2  # blocks this far from a criterion's own are offered to move it to: all of them would be a page of menus


class Named:
    """A node's name in the labels of its buttons."""

    name: str

    @property
    def label(self) -> str:
        return self.name or _("New criterion")

    @property
    def more_label(self) -> str:
        return _("More: %(name)s") % {"name": self.label}

    @property
    def grip_label(self) -> str:
        return _("Move: %(name)s") % {"name": self.label}


@dataclass(slots=True)
class CriterionView(Named):
    """One criterion, ready to be drawn."""

    id: str
    icon: str
    name: str
    subject: Control
    controls: list[Control]
    negated: bool
    problems: list[str]
    count: NodeCount | None
    joiner: str = ""  # the word between it and the one above
    first: bool = False
    last: bool = False
    targets: list[Option] = field(default_factory=list)
    sentence: SafeString | str = ""
    opens: str = ""  # the page of what it refers to
    is_group: ClassVar[bool] = False


@dataclass(slots=True)
class GroupView(Named):
    """A block, a nested group, Always or Leave out."""

    id: str
    role: str  # "block", "nested", "always", "leave_out"
    join: str
    title: str
    name: str
    negated: bool
    problems: list[str]
    count: NodeCount | None
    children: list["CriterionView | GroupView"]
    joiner: str = ""
    first: bool = False
    last: bool = False
    nests: bool = True  # whether a group may be added in it
    targets: list[Option] = field(default_factory=list)
    is_group: ClassVar[bool] = True

    @property
    def switches(self) -> bool:
        return self.role in ("block", "nested")


@dataclass(slots=True)
class Display:
    """The whole component."""

    always: GroupView | None
    blocks: list[GroupView]
    leave_out: GroupView | None
    suggestions: dict[str, list[str]]  # name of a list -> what it suggests
    saved: list[Option]
    starts: Sequence[TemplateGroup] = ()  # ready-made criteria, for a page that is filled in

    def standing(self, node_id: str) -> str:
        """Where a node stands, for those who do not see it: `Lead score: 2 of 3 in Block 1`."""
        for group in self.items():
            children = group.children if isinstance(group, GroupView) else []
            for place, child in enumerate(children, 1):
                if child.id == node_id:
                    return _("%(name)s: %(place)d of %(count)d in %(group)s") % {
                        "name": child.label,
                        "place": place,
                        "count": len(children),
                        "group": group.name,
                    }
        for place, block in enumerate(self.blocks, 1):
            if block.id == node_id:
                return _("Block %(place)d of %(count)d") % {"place": place, "count": len(self.blocks)}
        return ""

    def sent(self) -> Values:
        """What a browser sends of all criteria as they are drawn."""
        drawn = (item for item in self.items() if isinstance(item, CriterionView))
        return {
            f"{criterion.id}-{name}": texts
            for criterion in drawn
            for control in (criterion.subject, *criterion.controls)
            for name, texts in control.sent.items()
        }

    def find(self, node_id: str) -> "CriterionView | GroupView | None":
        """The node with this id."""
        return next((item for item in self.items() if item.id == node_id), None)

    def items(self) -> Iterator["CriterionView | GroupView"]:
        """Everything drawn, a group before what is in it."""
        waiting: list[CriterionView | GroupView] = [
            group for group in (self.leave_out, *reversed(self.blocks), self.always) if group is not None
        ]
        while waiting:
            item = waiting.pop()
            yield item
            if isinstance(item, GroupView):
                waiting.extend(reversed(item.children))


class Drawer:
    """Turns a builder into what is drawn."""

    def __init__(self, builder: Builder, live: Live | None, words: Words | None = None) -> None:
        self.builder = builder
        self.live = live
        self.words = words  # given: criteria are told, not asked
        subjects = [
            subject
            for kind in KINDS.values()
            if kind.form is not None
            for subject in kind.form.subjects(builder.choices)
        ]
        self.options = {each.value: Option(each.value, each.label, group=each.group) for each in subjects}
        self.retired = {each.value for each in subjects if each.retired}
        self.suggested: set[str] = set()
        self.places = {block.id: number for number, block in enumerate(builder.shape.blocks)}

    def display(self) -> Display:
        shape = self.builder.shape
        blocks = [
            self.group(block, role="block", number=number, count=len(shape.blocks))
            for number, block in enumerate(shape.blocks, 1)
        ]
        always = self.group(shape.always, role="always") if shape.always else None
        leave_out = self.group(shape.leave_out, role="leave_out") if shape.leave_out else None
        return Display(
            always=always,
            blocks=blocks,
            leave_out=leave_out,
            suggestions={"tags": self.builder.choices.tags} if "tags" in self.suggested else {},
            saved=self.builder.choices.saved,
            starts=() if self.words else GROUPS,
        )

    def item(self, item: Item, parent: Group) -> CriterionView | GroupView:
        """A node within a group, as it stands there."""
        drawn = self.criterion(item) if isinstance(item, Leaf) else self.group(item, role="nested")
        place = next(number for number, child in enumerate(parent.children) if child is item)
        drawn.first, drawn.last = place == 0, place == len(parent.children) - 1
        drawn.joiner = "" if drawn.first else (_("and") if parent.join == "all" else _("or"))
        drawn.targets = list(self.targets(parent))
        return drawn

    def group(self, group: Group, *, role: str, number: int = 0, count: int = 0) -> GroupView:
        return GroupView(
            id=group.id,
            role=role,
            join=group.join,
            title=TITLES[role]() if role in TITLES else join_title(group),
            name=self.group_name(role, number),
            negated=group.negated,
            problems=self.problems(group, set()),
            count=self.count(group),
            children=[self.item(child, group) for child in group.children],
            first=number <= 1,
            last=number == count,
            nests=self.builder.shape.depth_of(group) < DEEPEST,
        )

    @staticmethod
    def group_name(role: str, number: int) -> str:
        if role == "block":
            return _("Block %(number)s") % {"number": number}
        return _("Nested group") if role == "nested" else TITLES[role]()

    def criterion(self, leaf: Leaf) -> CriterionView:
        what = (leaf.values.get("what") or [""])[0]
        part = part_of(leaf.values)
        name = self.options[what].label if what in self.options else what.partition(":")[2] or what
        offered = [option for value, option in self.options.items() if value == what or value not in self.retired]
        subject = Control("what", "select", label=_("What to look at"), values=[what], options=offered, refreshes=True)
        controls = part.controls(Typed(leaf.values, self.builder.choices)) if part else []
        for control in controls:
            control.errors = self.errors_of(leaf, control.name)
            self.suggested |= {control.suggestions} - {""}
        subject.errors = self.errors_of(leaf, "what") if part is None else []
        shown = {control.name for control in controls if control.type not in ("hidden", "words")}
        return CriterionView(
            id=leaf.id,
            icon=part.icon_for(what) if part else "circle-question-mark",
            name=name,
            subject=subject,
            controls=controls,
            negated=leaf.negated,
            problems=self.problems(leaf, shown if part else {"what"}),
            count=self.count(leaf),
            sentence=self.sentence(leaf),
            opens=self.page_of(what, leaf),
        )

    def page_of(self, what: str, leaf: Leaf) -> str:
        """The page of the saved criteria that a criterion refers to."""
        chosen = (leaf.values.get("criteria") or [""])[0]
        known = what == "saved" and any(option.value == chosen for option in self.builder.choices.saved)
        return reverse("segmentation:saved_edit", args=[chosen]) if known else ""

    def sentence(self, leaf: Leaf) -> SafeString | str:
        """The criterion in words, for pages that only show it."""
        if self.words is None or leaf.source is None:
            return ""
        told = {"not": leaf.source} if leaf.negated else leaf.source
        return parse(told).sentence(self.words).finished.html

    # --- what is wrong, how many -----------------------------------------------------------------------------
    def errors_of(self, leaf: Leaf, name: str) -> list[str]:
        message = self.builder.errors.get(leaf.id, {}).get(name)
        return [message] if message and self.builder.shows_errors else []

    def problems(self, item: Item, shown: set[str]) -> list[str]:
        """What is wrong with the node, but for what stands at a field already."""
        if not self.builder.shows_errors:
            return []
        return [text for name, text in self.builder.errors.get(item.id, {}).items() if name not in shown]

    def count(self, item: Item) -> NodeCount | None:
        return self.live.nodes.get(item.id) if self.live else None

    # --- where it can be moved to ----------------------------------------------------------------------------
    def targets(self, parent: Group) -> Iterator[Option]:
        """The blocks beside its own that a criterion or nested group can be moved to; others by drag or keys."""
        shape = self.builder.shape
        if shape.always is not None and shape.always is not parent:
            yield to(shape.always.id, pgettext("block of criteria", "Always"))
        here = self.places.get(parent.id, 0)
        first = max(0, here - NEAR)
        for number, block in enumerate(shape.blocks[first : here + NEAR + 1], first + 1):
            if block is not parent:
                yield to(block.id, self.group_name("block", number))
        if len(parent.children) > 1 or parent.id not in self.places:
            yield to("new", _("A new block"))
        if shape.leave_out is not None and shape.leave_out is not parent:
            yield to(shape.leave_out.id, pgettext("block of criteria", "Leave out"))


def to(node_id: str, name: str) -> Option:
    return Option(node_id, _("Move to: %(target)s") % {"target": name})


def join_title(group: Group) -> str:
    """What a group's header says of its criteria."""
    if group.join == "all":
        return _("Not all of these") if group.negated else _("All of these")
    return _("None of these") if group.negated else _("Any of these")


TITLES = {
    "always": lambda: pgettext("block of criteria", "Always, whatever else holds"),
    "leave_out": lambda: pgettext("block of criteria", "Left out, whatever else holds"),
}
