"""What shows about criteria without looking at any data. docs/segments.md, "Health"."""

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from segmentation.criteria import AllOf, AnyOf, Catalog, Criterion, Node, Not, Words
from segmentation.criteria.words import Sentence
from segmentation.logic import formulas
from segmentation.logic.claims import Reader
from segmentation.logic.formulas import Formula, Told, clash, marked, negated

MOST = 3  # criteria that are named


@dataclass(frozen=True)
class Clash:
    """Criteria that exclude each other, and the node that therefore nobody satisfies."""

    path: str
    told: tuple[Told, ...]

    def sentences(self, words: Words) -> list[Sentence]:
        """The criteria in words, as they stand in the tree."""
        shown = [criterion if so else Not("", None, (criterion,)) for criterion, so in self.told[:MOST]]
        return [node.sentence(words) for node in shown]


@dataclass(frozen=True)
class Verdict:
    """nobody: no contact can ever satisfy the tree; everyone: every contact always does.

    dead: of a tree that can be satisfied, the alternatives in it that can't.
    """

    nobody: Clash | None = None
    everyone: Clash | None = None
    dead: tuple[Clash, ...] = ()


def judged(tree: Node, *, catalog: Catalog, zone: ZoneInfo) -> Verdict:
    """What can be said of criteria that `check` has accepted. Never wrong, but does not find everything."""
    reader = Reader(catalog, zone)
    impossible = clash(formula(tree, reader))
    if impossible is not None:
        return Verdict(nobody=Clash(tree.path, impossible))
    certain = clash(formula(tree, reader, so=False))
    if certain is not None:
        return Verdict(everyone=Clash(tree.path, tuple((criterion, not so) for criterion, so in certain)))
    return Verdict(dead=tuple(dead_in(tree, reader)))


Ground = tuple[Hashable, ...]


def ground_of(catalog: Catalog, zone: ZoneInfo) -> Ground:
    """What of the account a verdict rests on, beside the criteria: the same ground, the same verdict."""
    attributes = tuple(sorted((key, one.type) for key, one in catalog.attributes.items()))
    parameters = tuple(
        (key, known.type.pk, tuple(sorted((name, one.type) for name, one in known.parameters.items())))
        for key, known in sorted(catalog.activities.items())
    )
    return (attributes, parameters, catalog.engagement_days, str(zone))


class Remembered:
    """Verdicts by criteria and ground, for one process: a list asks for the same ones again and again."""

    def __init__(self, most: int = 4096) -> None:
        self.most = most
        self.verdicts: dict[Hashable, Verdict] = {}

    def judged(self, tree: Node, *, catalog: Catalog, zone: ZoneInfo, ground: Ground) -> Verdict:
        """`judged` of a tree on its `ground_of`."""
        key = (json.dumps(tree.raw, sort_keys=True), ground)
        found = self.verdicts.get(key)
        if found is None:
            found = self.verdicts[key] = judged(tree, catalog=catalog, zone=zone)
            if len(self.verdicts) > self.most:
                self.verdicts.clear()
        return found


def formula(node: Node, reader: Reader, *, so: bool = True) -> Formula:
    """What the node claims; `so` False: what its complement does."""
    match node:
        case Not(children=(child,)):
            return formula(child, reader, so=not so)
        case AllOf() | AnyOf():
            parts = tuple(formula(child, reader, so=so) for child in node.children)
            return formulas.AllOf(parts) if isinstance(node, AllOf) == so else formulas.OneOf(parts)
        case Criterion():
            claims = reader.claims(node)
            return marked(claims if so else negated(claims), (node, so))
    raise TypeError(type(node))


def dead_in(node: Node, reader: Reader) -> Iterator[Clash]:
    """The outermost nodes below `node`, outside of any "not", that nobody satisfies."""
    if not isinstance(node, AllOf | AnyOf):
        return
    for child in node.children:
        found = clash(formula(child, reader))
        if found is not None:
            yield Clash(child.path, found)
        else:
            yield from dead_in(child, reader)
