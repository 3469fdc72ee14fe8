"""Whether what criteria refer to is there and suits: asked before they are saved, and before every calculation."""

from dataclasses import dataclass, field

from django.utils.translation import gettext_noop as _

from segmentation.criteria import limits
from segmentation.criteria.base import Criterion, Target
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.errors import CriteriaError, RefusedError, below
from segmentation.criteria.groups import Node, criteria
from segmentation.criteria.reading import parse

Origin = tuple[str, int]  # ("segment", id) or ("saved", id)


def check(tree: Node, catalog: Catalog, *, origin: Origin | None = None) -> None:
    """Check every reference of a tree, and of the criteria it refers to. `origin`: whose criteria these are to be.

    Raises: CriteriaError with the path of the first that is unknown, deleted, does not suit, or leads in a circle.
    """
    _Check(catalog).tree(tree, chain=(origin,) if origin else (), depth=0)


@dataclass
class _Check:
    catalog: Catalog
    total: int = 0
    trees: dict[Origin, Node] = field(default_factory=dict)  # each is read, and counted, once
    reach: dict[Origin, int] = field(default_factory=dict)  # those found good: how deep they go on
    circles: set[Origin] = field(default_factory=set)  # those found to lead in no circle

    def tree(self, tree: Node, *, chain: tuple[Origin, ...], depth: int) -> int:
        """How many references deep the tree goes; `depth` are above it."""
        deepest = 0
        for criterion in criteria(tree):
            self.total += 1
            if self.total > limits.TOTAL:
                raise CriteriaError(
                    criterion.path,
                    _("With all they refer to, these are more than {limit} criteria."),
                    limit=limits.TOTAL,
                )
            try:
                criterion.check(self.catalog)
            except RefusedError as refused:
                raise refused.under(criterion.path) from None
            if target := criterion.target():
                deepest = max(deepest, self.target(criterion, target, chain=chain, depth=depth + 1))
        return deepest

    def target(self, criterion: Criterion, target: Target, *, chain: tuple[Origin, ...], depth: int) -> int:
        here = (target.kind, target.id)
        path = below(criterion.path, criterion.refers[target.kind])
        self.refuse_circle(here, path, chain=chain)
        if not target.evaluated:
            return 0
        if here not in self.reach:
            self.reach[here] = self.followed(here, path, chain=chain, depth=depth)
        if depth + self.reach[here] > limits.REFERENCES:
            raise CriteriaError(path, _("References lead deeper than {limit}."), limit=limits.REFERENCES)
        return 1 + self.reach[here]

    def followed(self, here: Origin, path: str, *, chain: tuple[Origin, ...], depth: int) -> int:
        """Check the criteria referred to; what is wrong in them is told at the reference."""
        if depth > limits.REFERENCES:
            raise CriteriaError(path, _("References lead deeper than {limit}."), limit=limits.REFERENCES)
        try:
            tree = parse(self.catalog.criteria(*here))
            return self.tree(tree, chain=(*chain, here), depth=depth)
        except CriteriaError as error:
            raise CriteriaError(
                path,
                _("“{name}” can't be used, because of its own criteria at {place}: {problem}"),
                name=self.catalog.name(*here),
                place=error.path or "–",
                problem=error.message,
            ) from None

    def refuse_circle(self, here: Origin, path: str, *, chain: tuple[Origin, ...]) -> None:
        """Circles are refused also through members as last calculated: nobody could say what such criteria mean."""
        waiting, seen = [(here, (*chain, here))], set(self.circles)
        if here in chain:
            raise self._circle(path, (*chain[chain.index(here) :], here))
        while waiting:
            one, way = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            for target in self.targets(one):
                if target in way:
                    raise self._circle(path, (*way[way.index(target) :], target))
                waiting.append((target, (*way, target)))
        self.circles = seen

    def targets(self, here: Origin) -> list[Origin]:
        try:
            if here not in self.trees:
                self.trees[here] = parse(self.catalog.criteria(*here))
        except CriteriaError:
            return []  # told where it is evaluated
        found = (criterion.target() for criterion in criteria(self.trees[here]))
        return [(target.kind, target.id) for target in found if target]

    def _circle(self, path: str, way: tuple[Origin, ...]) -> CriteriaError:
        names = " → ".join(self.catalog.name(*one) for one in way)
        return CriteriaError(path, _("This leads in a circle: {names}."), names=names)
