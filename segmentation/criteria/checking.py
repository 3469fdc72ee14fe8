"""Whether what criteria refer to is there and suits: asked before they are saved, and again before every calculation."""

from segmentation.criteria.catalog import Catalog
from segmentation.criteria.errors import Refusal
from segmentation.criteria.groups import Node, criteria


def check(tree: Node, catalog: Catalog) -> None:
    """Check every reference of a tree.

    Raises: CriteriaError with the path of the first that is unknown, deleted, or does not suit.
    """
    for criterion in criteria(tree):
        try:
            criterion.check(catalog)
        except Refusal as refusal:
            raise refusal.under(criterion.path) from None
