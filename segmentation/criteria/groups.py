"""Criteria joined: all of them, any of them, not."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from pyroaring import BitMap
from typing_extensions import override

from segmentation.criteria.base import Criterion
from segmentation.criteria.context import Context
from segmentation.criteria.words import Sentence, Words, phrase


@dataclass(frozen=True, eq=False)
class Group(ABC):
    """Nodes and what is made of their sets. `path` and `raw` as of a criterion."""

    name: ClassVar[str]

    path: str
    raw: Any
    children: tuple["Node", ...]

    @abstractmethod
    def combine(self, sets: Sequence[BitMap], *, context: Context) -> BitMap:
        """The group's set out of its children's."""

    @abstractmethod
    def sentence(self, words: Words) -> Sentence:
        """The group in words; groups within it in brackets."""

    def members(self, context: Context) -> BitMap:
        """The contacts for which the group holds at `context.now`: a subset of `context.everyone`."""
        return self.combine([child.members(context) for child in self.children], context=context)


Node = Group | Criterion


class AllOf(Group):
    """`{"all": […]}`: intersection."""

    name = "all"

    @override
    def combine(self, sets: Sequence[BitMap], *, context: Context) -> BitMap:
        return BitMap.intersection(*sets)

    def sentence(self, words: Words) -> Sentence:
        # Translators: two criteria, both must hold; more are added at the end one by one
        return _joined(self.children, _("{criteria} and {criterion}"), words)


class AnyOf(Group):
    """`{"any": […]}`: union."""

    name = "any"

    @override
    def combine(self, sets: Sequence[BitMap], *, context: Context) -> BitMap:
        return BitMap.union(*sets)

    def sentence(self, words: Words) -> Sentence:
        # Translators: two criteria, one is enough; more are added at the end one by one
        return _joined(self.children, _("{criteria} or {criterion}"), words)


class Not(Group):
    """`{"not": …}`: complement in everyone."""

    name = "not"

    @override
    def combine(self, sets: Sequence[BitMap], *, context: Context) -> BitMap:
        (only,) = sets
        return context.but(only)

    def sentence(self, words: Words) -> Sentence:
        (only,) = self.children
        if isinstance(only, Criterion):
            if opposite := only.opposite():
                return opposite.sentence(words)
            if denied := only.denied(words):
                return denied
        # Translators: the complement of a criterion or of several
        return phrase(_("not ({criteria})"), criteria=only.sentence(words))


def _joined(nodes: Sequence[Node], template: str, words: Words) -> Sentence:
    first, *others = nodes
    if not others:
        return first.sentence(words)
    sentence = _bracketed(first, words)
    for node in others:
        sentence = phrase(template, criteria=sentence, criterion=_bracketed(node, words))
    return sentence


def _bracketed(node: Node, words: Words) -> Sentence:
    sentence = node.sentence(words)
    return phrase("({criteria})", criteria=sentence) if joins(node) else sentence


def joins(node: Node) -> bool:
    """Whether the node's sentence has an "and", an "or" or a comma of its own."""
    if isinstance(node, Criterion):
        return node.compound
    if isinstance(node, Not):
        return isinstance(node.children[0], Criterion) and bool(node.children[0].opposite()) and joins(node.children[0])
    if isinstance(node, AllOf | AnyOf):
        return len(node.children) > 1 or joins(node.children[0])
    return False


def nodes(tree: Node) -> Iterator[Node]:
    """The tree and all below it, each before its children: the order of paths."""
    yield tree
    for child in tree.children:
        yield from nodes(child)


def criteria(tree: Node) -> Iterator[Criterion]:
    """The criteria of a tree, in the order of paths."""
    return (node for node in nodes(tree) if isinstance(node, Criterion))
