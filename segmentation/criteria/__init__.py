"""The criteria language (docs/criteria.md): a closed set of kinds, read from JSON, found as sets of contacts, told as sentences."""

from segmentation.criteria import field
from segmentation.criteria.base import KINDS, Criterion, Reference, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import CriteriaError, Refusal
from segmentation.criteria.groups import AllOf, AnyOf, Group, Node, Not, criteria, nodes
from segmentation.criteria.reading import dump, load, parse, parse_json
from segmentation.criteria.words import Part, Sentence, Words

__all__ = [
    "KINDS", "AllOf", "AnyOf", "Catalog", "Context", "Criterion", "CriteriaError", "Group", "Node", "Not", "Part", "Reference",
    "Refusal", "Sentence", "Words", "criteria", "dump", "field", "load", "nodes", "parse", "parse_json", "register",
]  # fmt: skip
