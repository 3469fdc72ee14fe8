"""Criteria that refer to things of the account, and to other criteria: finding, renaming, following them."""

import copy
from collections.abc import Mapping
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


def rename(data: JSON, kind: str, names: Mapping[str, str]) -> JSON:
    """A copy of `data` in which what a kind of reference calls by a key of `names` has the name of its value.

    All at once: what is renamed to `b` is not renamed again by `b`. Tags are compared as normalised.
    Raises: CriteriaError if `data` can't be read.
    """
    renamed = copy.deepcopy(data)
    for criterion in criteria(parse(renamed)):
        key = criterion.refers.get(kind)
        if key is not None:
            _rename(criterion.raw, key, names, several=kind == "tag")
    return renamed


def _rename(raw: dict[str, Any], key: str, names: Mapping[str, str], *, several: bool) -> None:
    """`several`: one text may name several things, as `a, b` does."""
    if not isinstance(raw[key], list):
        raw[key] = names.get(raw[key], raw[key])
        return
    changed: list[str] = []
    for written in raw[key]:
        meant = parts(written) if several else [written]
        changed += [names.get(one, one) for one in meant] if names.keys() & meant else [written]
    if changed != raw[key]:
        raw[key] = list(dict.fromkeys(changed))


def evaluated(target: Target, context: Context) -> BitMap:
    """The contacts that the criteria referred to have now. Equal references are evaluated once in a context.

    `check` has made sure before that following ends.
    """
    return context.once(("evaluated", *target), lambda: _members(target, context))


def already_evaluated(target: Target, members: BitMap, context: Context) -> None:
    """Takes `members` for what the criteria referred to have now: they have been evaluated node by node."""
    context.once(("evaluated", *target), lambda: members)


def _members(target: Target, context: Context) -> BitMap:
    return parse(context.catalog.criteria(target.kind, target.id)).members(looked_at(target, context))


def looked_at(target: Target, context: Context) -> Context:
    """The context for those alone whom the criteria referred to can have: those of a segment, whom its owner sees.

    Saved criteria have no contacts of their own: they say what whoever refers to them means.
    """
    if target.kind != "segment":
        return context
    owner = context.catalog.segments[target.id].owner
    key = ("seen by", owner, context.own_until)  # own_until: `Context.facts` is a copy that shares what is made
    return context.made(key, lambda: context.narrowed(context.catalog.sight_of(owner)))
