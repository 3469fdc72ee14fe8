"""Reading the tree of categories: their paths as people read them, and their order.

A tree is some hundred rows: it is read whole, once, and arranged here.
"""

from collections.abc import Collection
from dataclasses import dataclass

from contacts.folding import SORTED_AS
from tags.models import Category

BETWEEN = " / "
POLISH_ORDER = str.maketrans(SORTED_AS)
LONGEST_LABEL = 400  # of a history entry


@dataclass(frozen=True)
class Branch:
    """A category in its place: `title` is the path that people read, `depth` 0 for a root."""

    category: Category
    title: str
    depth: int

    @property
    def pk(self) -> int:
        return int(self.category.pk)

    @property
    def name(self) -> str:
        return self.category.name

    @property
    def steps(self) -> range:
        """One for each level above, for a template to draw."""
        return range(self.depth)

    @property
    def indented(self) -> str:
        """The name, set in by its depth, for lists to choose from."""
        return "\u2003" * self.depth + self.category.name


def branches() -> list[Branch]:
    """The whole tree, each category before those below it, siblings in the order of the Polish alphabet."""
    found = list(Category.objects.all())
    by_path = {category.path: category for category in found}

    def lineage(category: Category) -> list[Category]:
        step = Category.steplen
        return [by_path[category.path[:end]] for end in range(step, len(category.path) + 1, step)]

    lines = {category.pk: lineage(category) for category in found}
    found.sort(key=lambda category: [(sort_key(each.name), each.pk) for each in lines[category.pk]])
    return [
        Branch(category, BETWEEN.join(each.name for each in lines[category.pk]), category.depth - 1)
        for category in found
    ]


def sort_key(name: str) -> str:
    return name.casefold().translate(POLISH_ORDER)


def readable_path(category: Category) -> str:
    """`Klient / Media / Prasa`; of a very deep one the end, as much as an entry of the history holds."""
    above = [category.path[:end] for end in range(Category.steplen, len(category.path) + 1, Category.steplen)]
    names = Category.objects.filter(path__in=above).order_by("path").values_list("name", flat=True)
    return shortened(BETWEEN.join(names))


def readable_paths_below(category: Category) -> dict[int, str]:
    """The category and all below it: id → readable path. Two queries."""
    title = readable_path(category)
    found = Category.objects.filter(path__startswith=category.path).order_by("path")
    titles = {category.path: title}
    for each in found:
        if each.path != category.path:
            titles[each.path] = titles[each.path[: -Category.steplen]] + BETWEEN + each.name
    return {each.pk: shortened(titles[each.path]) for each in found}


def readable_paths(categories: Collection[int]) -> dict[int, str]:
    """Those of the categories that there are: id → readable path. One query."""
    return {branch.pk: shortened(branch.title) for branch in branches() if branch.pk in categories}


def shortened(title: str) -> str:
    return title if len(title) <= LONGEST_LABEL else "…" + title[1 - LONGEST_LABEL :]
