"""The sentence of what is in the form, also while something in it is unfinished: "…" stands in its place."""

from django.utils.safestring import SafeString

from segmentation.builder import trees
from segmentation.builder.form import Builder
from segmentation.criteria import KINDS, Words, parse
from segmentation.criteria.groups import AllOf, AnyOf, Node, Not
from segmentation.criteria.words import Sentence, plain
from segmentation.parts.base import Tree

UNFINISHED = "…"


class Unfinished:
    """A criterion that cannot be told yet."""

    children: tuple[Node, ...] = ()

    @staticmethod
    def sentence(_words: Words) -> Sentence:
        return plain(UNFINISHED)


def told(builder: Builder, words: Words) -> SafeString | str:
    """The whole in words, after `builder.examine()`; nothing where nothing has been chosen."""
    if builder.pristine or (builder.problem and not builder.read):
        return ""
    tree = trees.to_tree(builder.shape, lambda leaf: builder.read.get(leaf.id, {})).tree
    sentence = _node(tree).sentence(words).finished
    ends_open = len(sentence.parts) > 1 and sentence.parts[-2].text.endswith(UNFINISHED)
    return Sentence(sentence.parts[:-1]).html if ends_open else sentence.html


def _node(tree: Tree) -> Node:
    if tree.get("kind") in KINDS:
        return parse(tree)
    for group in (AllOf, AnyOf):
        if tree.get(group.name):
            return group("", tree, tuple(_node(child) for child in tree[group.name]))
    if "not" in tree:
        return Not("", tree, (_node(tree["not"]),))
    return Unfinished()  # type: ignore[return-value]
