"""Evaluation: a tree of criteria to sets of contacts, one set per node, in one snapshot of the data."""

from dataclasses import dataclass, field
from time import perf_counter

from pyroaring import BitMap

from mirror.snapshots import snapshot
from segmentation.criteria.base import Criterion
from segmentation.criteria.checking import check
from segmentation.criteria.context import Context
from segmentation.criteria.groups import Group, Node, criteria

__all__ = ["Context", "Evaluation", "NodeResult", "evaluate", "sample", "snapshot"]


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What one node came to. `ms`: what it cost, its children included."""

    path: str
    members: BitMap
    count: int
    ms: float


@dataclass(frozen=True)
class Evaluation:
    """The sets of a tree and of all its nodes, in the order of paths (each node before its children)."""

    tree: Node
    nodes: list[NodeResult]
    context: Context = field(repr=False)

    @property
    def members(self) -> BitMap:
        return self.nodes[0].members

    @property
    def count(self) -> int:
        return self.nodes[0].count

    @property
    def ms(self) -> float:
        return self.nodes[0].ms

    @property
    def member_of(self) -> dict[str, BitMap]:
        """The set of each node by its path."""
        return {node.path: node.members for node in self.nodes}

    def without(self, path: str) -> BitMap | None:
        """The members if the node at `path` were left out: set algebra on what was fetched, no query.

        A group whose only node it was, and a negation of it, drop out with it. None: nothing would be left.
        Raises: KeyError if there is no such node.
        """
        sets = self.member_of
        sets[path]  # there is such a node
        return self._without(self.tree, path, sets)

    def _without(self, node: Node, path: str, sets: dict[str, BitMap]) -> BitMap | None:
        if node.path == path:
            return None
        if not isinstance(node, Group) or not _leads_to(node.path, path):
            return sets[node.path]
        parts = [self._without(child, path, sets) for child in node.children]
        left = [part for part in parts if part is not None]
        return node.combine(left, context=self.context) if left else None


def _leads_to(ancestor: str, path: str) -> bool:
    return not ancestor or path.startswith((f"{ancestor}.", f"{ancestor}["))


def evaluate(tree: Node, *, context: Context) -> Evaluation:
    """Everything a tree comes to at `context.now`, in one snapshot.

    Shape: every set is a subset of `context.everyone`.
    Raises: CriteriaError with the path, if something referred to is gone or does not suit; what `progress` raises.
    """
    with snapshot():
        check(tree, context.catalog)
        run = _Run(context, total=sum(1 for _criterion in criteria(tree)))
        run.node(tree)
    return Evaluation(tree, run.results, context)


class _Run:
    def __init__(self, context: Context, *, total: int) -> None:
        self.context = context
        self.results: list[NodeResult] = []
        self.total = total
        self.done = 0

    def node(self, node: Node) -> BitMap:
        started = perf_counter()
        place = len(self.results)
        self.results.append(NodeResult(node.path, BitMap(), 0, 0.0))
        if isinstance(node, Group):
            members = node.combine([self.node(child) for child in node.children], context=self.context)
        else:
            members = self.criterion(node)
        ms = round((perf_counter() - started) * 1000, 2)
        self.results[place] = NodeResult(node.path, members, len(members), ms)
        return members

    def criterion(self, node: Criterion) -> BitMap:
        members = self.found(node)
        self.done += 1
        if self.context.progress:
            self.context.progress(self.done, self.total)
        return members

    def found(self, node: Criterion) -> BitMap:
        reuse = self.context.reuse
        members = reuse.find(node, self.context) if reuse else None
        if members is None:
            members = node.members(self.context).copy()  # the context keeps its own, whatever a caller does to this one
            if reuse:
                reuse.keep(node, self.context, members)
        return members


def sample(members: BitMap, size: int) -> list[int]:
    """`size` of the members, spread over all of them: evenly by rank, the same ones for the same set."""
    count = len(members)
    return [members[at * count // size] for at in range(size)] if count > size else list(members)
