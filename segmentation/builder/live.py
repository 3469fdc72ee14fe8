"""The live result: exact numbers for the whole, each block and each criterion, while they are being edited."""

from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from pyroaring import BitMap

from segmentation.builder import trees
from segmentation.builder.form import Builder
from segmentation.builder.reach import Person, Reach, people, reach
from segmentation.builder.reuse import Session
from segmentation.builder.shape import Group, Item, Leaf
from segmentation.criteria import Context, CriteriaError, Words, parse
from segmentation.engine import Evaluation, evaluate, snapshot
from segmentation.parts.base import Tree
from users.models import User

SAMPLE = 10
ALWAYS = "always"  # among the kept numbers of a calculation: of the criteria of Always together


@dataclass(slots=True)
class NodeCount:
    """The numbers of one node. `count` None: it is not finished, and `messages` say what is missing."""

    count: int | None = None
    without: int | None = None  # the whole, if this node were taken away; None: nothing would be left, or not known
    messages: dict[str, str] = field(default_factory=dict)  # what is missing, by field ("": the node itself)
    alone: bool = False  # counted by itself: the whole is not finished, or of another time
    matches: int | None = None  # of the group left out: how many are in it; `count` is all the others
    removes: int | None = None  # of the group left out: how many it takes away from the rest; None: not known


@dataclass
class Live:
    """The numbers at one instant. `total` None: something is missing."""

    taken_at: datetime
    everyone: int = 0
    total: int | None = None
    missing: str = ""
    waiting: str = ""  # nothing has been chosen yet
    nodes: dict[str, NodeCount] = field(default_factory=dict)
    reach: Reach | None = None
    sample: list[Person] = field(default_factory=list)
    sentence: SafeString | str = ""
    ms: float = 0.0
    kept_at: datetime | None = None  # when the draft was kept


def live(
    builder: Builder, *, now: datetime, zone: ZoneInfo, user: User | None = None, mask: BitMap | None = None
) -> Live:
    """Counts what is in the form, in one snapshot at one instant.

    What is unfinished has a sentence in place of its number; finished parts beside it have theirs. `user`: who edits;
    what they have counted in this form and cannot have changed is not counted again. `mask`: the contacts that are
    counted, of whatever there are; None: all.
    """
    began = perf_counter()
    result = Live(taken_at=now)
    with snapshot():
        complete = builder.examine()
        reuse = Session(user.pk, builder.place) if user else None
        context = Context(now=now, zone=zone, mask=mask, catalog=builder.catalog, reuse=reuse)
        result.everyone = len(context.everyone)
        if complete:
            complete = _whole(builder, context, result)
        if not complete:
            _parts(builder, context, result)
    result.ms = (perf_counter() - began) * 1000
    return result


def counted_before(builder: Builder, counts: list[dict[str, Any]], *, now: datetime) -> Live:
    """The numbers of a past calculation, put at the nodes they belong to; none if the form lays them out otherwise."""
    result = Live(taken_at=now)
    if not counts or not builder.examine():
        return result
    built = builder.built()
    for counted in counts:
        node_id = built.nodes.get(counted["path"])
        if node_id is not None:
            result.nodes.setdefault(node_id, NodeCount(counted["count"], alone=True))
    counted_at = {counted["path"]: counted["count"] for counted in counts}
    always, leave_out = builder.shape.always, builder.shape.leave_out
    if always is not None:
        path = "all[0]" if len(always.children) == 1 else ALWAYS
        result.nodes[always.id] = NodeCount(counted_at.get(path), alone=True)
    if leave_out is not None and leave_out.id in result.nodes:
        result.nodes[leave_out.id].matches = counted_at.get(f"{built.path_of(leave_out.id)}.not")
    return result


# --- all of it -----------------------------------------------------------------------------------------------
def _whole(builder: Builder, context: Context, result: Live) -> bool:
    """Counts finished criteria; False if what they refer to can't be evaluated, which is then noted at its node."""
    built = builder.built()
    tree = parse(built.tree)
    try:
        evaluation = evaluate(tree, context=context)
    except CriteriaError as error:
        builder.note_criteria_error(error, built)
        return False
    for node in evaluation.nodes:
        node_id = built.nodes.get(node.path)
        if node_id is not None and node_id not in result.nodes:
            result.nodes[node_id] = NodeCount(node.count, _without(evaluation, node.path))
    result.total = len(evaluation.members)
    _count_always(builder, evaluation, result)
    if builder.shape.leave_out is not None:
        leave_out = builder.shape.leave_out.id
        counted = result.nodes[leave_out]
        counted.matches = len(evaluation.member_of[f"{built.path_of(leave_out)}.not"])
        counted.removes = None if counted.without is None else counted.without - result.total
    result.reach = reach(evaluation.members, context=context)
    result.sample = people(evaluation.members, SAMPLE)
    result.sentence = tree.sentence(Words(now=context.now, zone=context.zone, catalog=context.catalog)).finished.html
    return True


def _without(evaluation: Evaluation, path: str) -> int | None:
    found = evaluation.without(path)
    return None if found is None else len(found)


def _count_always(builder: Builder, evaluation: Evaluation, result: Live) -> None:
    """Always has no node of its own in the tree: its criteria stand beside the blocks."""
    always = builder.shape.always
    if always is None:
        return
    paths = [f"all[{number}]" for number in range(len(always.children))]
    result.nodes[always.id] = NodeCount(_together(evaluation, paths))


def _together(evaluation: Evaluation, paths: list[str]) -> int:
    """How many are in all of these nodes."""
    sets = evaluation.member_of
    return len(BitMap.intersection(*(sets[path] for path in paths)))


def kept_counts(evaluation: Evaluation, tree: Tree) -> list[dict[str, Any]]:
    """What a calculation keeps of its nodes, for pages that show them later: `[{"path", "count", "ms"}]`."""
    kept: list[dict[str, Any]] = [{"path": node.path, "count": node.count, "ms": node.ms} for node in evaluation.nodes]
    paths = trees.always_paths(tree)
    if len(paths) > 1:  # they have no node of their own
        kept.append({"path": ALWAYS, "count": _together(evaluation, paths), "ms": 0.0})
    return kept


# --- what is finished of it ----------------------------------------------------------------------------------
def _parts(builder: Builder, context: Context, result: Live) -> None:
    if builder.pristine and not builder.problem:
        result.waiting = _("Choose a first criterion to see who matches.")
        return
    for group in builder.shape.tops():
        _part(builder, group, context, result)
    result.missing = builder.problem or _("Finish what is marked to see the number.")


def _part(builder: Builder, item: Item, context: Context, result: Live) -> None:
    """Counts a node if it is finished, else says what is missing and tries what is in it."""
    if builder.finished(item):
        built = builder.built_item(item)
        try:
            evaluation = evaluate(parse(built.tree), context=context)
        except CriteriaError as error:
            builder.note(built.node_at(error.path) or item.id, "", error.message)
        else:
            for node in evaluation.nodes:
                result.nodes.setdefault(built.nodes[node.path], NodeCount(node.count, alone=True))
            if item is builder.shape.leave_out:
                result.nodes[item.id].matches = result.nodes[item.id].count
            return
    result.nodes[item.id] = NodeCount(messages=_messages(builder, item))
    for child in item.children if isinstance(item, Group) else []:
        _part(builder, child, context, result)


def _messages(builder: Builder, item: Item) -> dict[str, str]:
    messages = builder.errors.get(item.id, {})
    return messages or ({"": _("not finished")} if isinstance(item, Leaf) else {})
