"""Why a contact is in, or is not: the tree of criteria with true or false at every node, and what the data say to it.

Decided by the code that counts: the tree is evaluated over the rows of this one contact (`Context.only`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from pyroaring import BitMap

from contacts.models import Contact
from segmentation.criteria import (
    AllOf,
    AnyOf,
    Context,
    Criterion,
    Group,
    Node,
    Not,
    Sentence,
    Words,
    check,
    parse,
)
from segmentation.criteria.base import Target
from segmentation.criteria.errors import below
from segmentation.criteria.references import already_evaluated, looked_at
from segmentation.criteria.words import plain
from segmentation.engine import snapshot
from segmentation.models import Calculation, Segment, bitmap_of


class NoSuchContactError(LookupError):
    """There is no such contact, or none that may be seen: the two are not told apart."""


@dataclass(frozen=True)
class Explained:
    """One node, for one contact.

    kind: `all`, `any`, `not`, or the criterion's kind. evidence: of criteria only.
    to_change: the contact is outside, and this is among what would have to change: of `all` what does not hold, of
        `any` everything (one of it is enough).
    children: of a group its nodes; of a criterion that refers to other criteria their tree, with paths below its own.
    shown_at: those criteria have been explained already, there.
    """

    path: str
    kind: str
    holds: bool
    sentence: Sentence
    evidence: Sentence | None = None
    children: tuple["Explained", ...] = ()
    to_change: bool = False
    shown_at: str | None = None

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Explained"]]:
        """The node and all below it, each with its depth, before its children."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)

    def as_json(self) -> dict[str, Any]:
        """For programs; texts in the language now active."""
        told: dict[str, Any] = {
            "path": self.path,
            "kind": self.kind,
            "holds": self.holds,
            "to_change": self.to_change,
            "sentence": str(self.sentence),
        }
        if self.evidence is not None:
            told["evidence"] = str(self.evidence)
        if self.shown_at is not None:
            told["shown_at"] = self.shown_at
        if self.children:
            told["nodes"] = [child.as_json() for child in self.children]
        return told


@dataclass(frozen=True)
class Calculated:
    """What the segment's last calculation said of the contact. The data may have changed since."""

    as_of: datetime
    member: bool


@dataclass(frozen=True)
class Explanation:
    """Of one contact at one instant. `calculated`: of a segment that has been calculated."""

    contact: int
    now: datetime
    root: Explained
    calculated: Calculated | None = None

    @property
    def holds(self) -> bool:
        return self.root.holds

    def as_json(self) -> dict[str, Any]:
        """`{"contact", "now", "holds", "calculated": {"as_of", "member"} | null, "tree": {…}}`."""
        last = self.calculated
        return {
            "contact": self.contact,
            "now": in_utc(self.now),
            "holds": self.holds,
            "calculated": last and {"as_of": in_utc(last.as_of), "member": last.member},
            "tree": self.root.as_json(),
        }


def in_utc(moment: datetime) -> str:
    """As programs are told moments everywhere: "2026-11-21T13:30:00Z"."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def why(
    what: Segment | Node, contact_id: int, *, now: datetime, zone: ZoneInfo, mask: BitMap | None = None
) -> Explanation:
    """Why the contact satisfies a tree, or a segment's criteria in force, at `now`; in the language now active.

    mask: the contacts the reader may see; None: all.
    Raises: NoSuchContactError; CriteriaError with the path, if something referred to is gone or does not suit.
    """
    only = BitMap([contact_id]) if 0 < contact_id < 2**31 else BitMap()
    with snapshot():
        if not only or (mask is not None and contact_id not in mask) or not Contact.objects.filter(pk=contact_id):
            raise NoSuchContactError(contact_id)
        context = Context(now=now, zone=zone, mask=mask, only=only)
        tree = _tree_of(what) if isinstance(what, Segment) else what
        check(tree, context.catalog)
        explaining = _Explaining(contact_id, context, Words(now, zone, context.catalog))
        root = explaining.node(tree)
        return Explanation(contact_id, now, root if root.holds else _marked(root), _calculated(what, contact_id))


def _tree_of(segment: Segment) -> Node:
    return parse(segment.version.criteria if segment.version else None)


def _calculated(what: Segment | Node, contact_id: int) -> Calculated | None:
    if not isinstance(what, Segment) or what.latest_id is None:
        return None
    as_of, members = Calculation.objects.values_list("as_of", "members").get(pk=what.latest_id)
    return Calculated(as_of, contact_id in bitmap_of(members))


@dataclass
class _Explaining:
    contact: int
    context: Context
    words: Words
    shown: dict[Target, str] = field(default_factory=dict)  # criteria referred to that are explained already, and where

    def node(self, node: Node) -> Explained:
        if not isinstance(node, Group):
            return self.criterion(node)
        children = tuple(self.node(child) for child in node.children)
        members = node.combine([self.of(child.holds) for child in children], context=self.context)
        return Explained(node.path, node.name, self.contact in members, plain(_joining(node)), children=children)

    def criterion(self, criterion: Criterion) -> Explained:
        target = criterion.target()
        children: tuple[Explained, ...] = ()
        shown_at = None
        if target is not None and target.evaluated:
            children, shown_at = self.target(criterion, target)
        holds = self.contact in criterion.members(self.context)
        evidence = criterion.evidence(self.contact, context=self.context, words=self.words)
        sentence = criterion.sentence(self.words)
        return Explained(criterion.path, criterion.kind, holds, sentence, evidence, children, shown_at=shown_at)

    def target(self, criterion: Criterion, target: Target) -> tuple[tuple[Explained, ...], str | None]:
        """The criteria referred to: explained once, however often they are referred to.

        Not those of a segment whose owner does not see the contact: whatever it meets, it is not in there.
        """
        if self.contact not in looked_at(target, self.context).everyone:
            return (), None
        if target in self.shown:
            return (), self.shown[target]
        path = self.shown[target] = below(criterion.path, criterion.refers[target.kind])
        root = self.node(parse(self.context.catalog.criteria(target.kind, target.id), path=path))
        already_evaluated(target, self.of(root.holds), self.context)
        return (root,), None

    def of(self, holds: bool) -> BitMap:  # noqa: FBT001 - a truth value is what it is about
        return BitMap([self.contact]) if holds else BitMap()


def _joining(group: Group) -> str:
    match group:
        case AllOf():
            # Translators: heads a list of criteria
            return _("all of these")
        case AnyOf():
            # Translators: heads a list of criteria
            return _("at least one of these")
        case Not():
            # Translators: heads one criterion that must not hold
            return _("not this")
    raise TypeError(group)


def _marked(node: Explained) -> Explained:
    """A node that would have to turn over, with `to_change` at it and at those below that could make it."""
    return replace(node, to_change=True, children=tuple(_marked_child(node, child) for child in node.children))


def _marked_child(parent: Explained, child: Explained) -> Explained:
    # Of `all` that must hold, and of `any` that must not, those stand in the way that say otherwise; else any may turn.
    obstacles = {("all", False): False, ("any", True): True}
    standing = obstacles.get((parent.kind, parent.holds))
    return _marked(child) if standing is None or child.holds is standing else child
