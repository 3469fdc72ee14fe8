"""The criteria language (docs/criteria.md): a closed set of kinds, read from JSON, found as sets, told as sentences."""

from segmentation.criteria import (
    activity,
    attribute,
    category,
    consent,
    engagement,
    field,
    file,
    limits,
    order,
    order_date,
    purchase,
    rfm,
    sample,
    saved,
    segment,
    spender,
    tag,
    visit,
)
from segmentation.criteria.base import KINDS, Criterion, Reference, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.checking import check
from segmentation.criteria.context import Context
from segmentation.criteria.errors import CriteriaError, RefusedError
from segmentation.criteria.groups import AllOf, AnyOf, Group, Node, Not, criteria, nodes
from segmentation.criteria.reading import dump, load, parse, parse_json
from segmentation.criteria.references import references, rename
from segmentation.criteria.words import Part, Sentence, Words

MODULES = (
    activity,
    attribute,
    category,
    consent,
    engagement,
    field,
    file,
    order,
    order_date,
    purchase,
    rfm,
    sample,
    saved,
    segment,
    spender,
    tag,
    visit,
)  # imported: their kinds are known

__all__ = [
    "KINDS",
    "AllOf",
    "AnyOf",
    "Catalog",
    "Context",
    "CriteriaError",
    "Criterion",
    "Group",
    "Node",
    "Not",
    "Part",
    "Reference",
    "RefusedError",
    "Sentence",
    "Words",
    "check",
    "criteria",
    "dump",
    "limits",
    "load",
    "nodes",
    "parse",
    "parse_json",
    "references",
    "register",
    "rename",
]
