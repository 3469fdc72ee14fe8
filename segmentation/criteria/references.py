"""Criteria that refer to things of the account, and to other criteria: finding, renaming, following them."""

import copy
from typing import Any

from pyroaring import BitMap

from segmentation.criteria.base import JSON, Reference, Target
from segmentation.criteria.context import Context
from segmentation.criteria.groups import Node, criteria
from segmentation.criteria.reading import parse
from tags.normalising import parts


def references(tree: Node | JSON) -> set[Reference]:
    """Everything a tree names: attributes, tags (as normalised), categories, consents, segments, saved criteria, files.

    Raises: CriteriaError if `tree` is JSON that can't be read.
    """
    node = parse(tree) if isinstance(tree, dict) else tree
    return {reference for criterion in criteria(node) for reference in criterion.references()}


def rename(data: JSON, kind: str, *, old: str, new: str) -> JSON:
    """A copy of `data` that calls what was `old` of a kind of reference `new`; a category takes those below along.

    Raises: CriteriaError if `data` can't be read.
    """
    renamed = copy.deepcopy(data)
    for criterion in criteria(parse(renamed)):
        key = criterion.refers.get(kind)
        if key is not None:
            _rename(criterion.raw, key, lambda name: _renamed(kind, name, old, new))
    return renamed


def _rename(raw: dict[str, Any], key: str, renamed: Any) -> None:
    named = raw[key]
    if not isinstance(named, list):
        raw[key] = renamed(named)[0]
    elif (names := [name for one in named for name in renamed(one)]) != named:
        raw[key] = list(dict.fromkeys(names))


def _renamed(kind: str, name: Any, old: str, new: str) -> list[Any]:
    if kind == "tag":
        names = parts(name)
        return [new if one == old else one for one in names] if old in names else [name]
    if kind == "category" and isinstance(name, str) and name.startswith(f"{old}/"):
        return [new + name[len(old) :]]
    return [new if name == old else name]


def evaluated(target: Target, context: Context) -> BitMap:
    """The contacts that the criteria referred to have now. Equal references are evaluated once in a context.

    `check` has made sure before that following ends.
    """
    return context.once(("evaluated", target.kind, target.id), lambda: _members(target, context))


def _members(target: Target, context: Context) -> BitMap:
    return parse(context.catalog.criteria(target.kind, target.id)).members(context)
