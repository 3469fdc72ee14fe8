"""The tree of categories as its page shows it: rows with their places, cut down by a search, with what is going on."""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts.folding import folded
from jobs.models import ACTIVE, JobState
from tags.models import Category, CategoryDeletion
from tags.tree import Branch

LONGEST_QUERY = 200


@dataclass(frozen=True)
class Row:
    """A category in the tree. `parent`: the id of the one above, 0 at the top; `found`: the search names it itself."""

    branch: Branch
    parent: int
    leads: bool  # whether rows of those below it follow
    found: bool = False
    going: CategoryDeletion | None = None  # it, or the branch it is in, is just being deleted

    @property
    def level(self) -> int:
        return self.branch.depth + 1


def rows(tree: Sequence[Branch], *, text: str = "") -> list[Row]:
    """The tree; with `text`, the categories whose name or path holds it, and those above them."""
    wanted = folded(text.strip())[:LONGEST_QUERY]
    by_path = {branch.category.path: branch for branch in tree}
    found = {branch.pk for branch in tree if wanted and wanted in f"{folded(branch.title)} {branch.category.slug_path}"}
    if wanted:
        own = {branch.pk for branch in tree if branch.pk in found and wanted in own_words(branch.category)}
        found = own or found
        shown = {each.pk for branch in tree if branch.pk in found for each in lineage(branch, by_path)}
    else:
        shown = {branch.pk for branch in tree}
    above = {branch.pk: parent_of(branch, by_path) for branch in tree}
    leading = {above[pk] for pk in shown}
    going = goings()
    return [
        Row(branch, above[branch.pk], branch.pk in leading, branch.pk in found, going_of(branch.category, going))
        for branch in tree
        if branch.pk in shown
    ]


def own_words(category: Category) -> str:
    """What the search looks through of one category alone."""
    return f"{folded(category.name)} {category.slug_path.rpartition('/')[2]}"


def lineage(branch: Branch, by_path: dict[str, Branch]) -> list[Branch]:
    """Those above it and itself."""
    path, step = branch.category.path, Category.steplen
    return [by_path[path[:end]] for end in range(step, len(path) + 1, step)]


def parent_of(branch: Branch, by_path: dict[str, Branch]) -> int:
    above = by_path.get(branch.category.path[: -Category.steplen])
    return above.pk if above else 0


def goings() -> list[CategoryDeletion]:
    """Deletions that are under way."""
    return list(CategoryDeletion.objects.filter(state__in=ACTIVE, category__isnull=False).select_related("category"))


def going_of(category: Category, going: Sequence[CategoryDeletion]) -> CategoryDeletion | None:
    for deletion in going:
        root = deletion.category
        if root is None:
            continue
        if category.pk == root.pk or (deletion.branch and category.path.startswith(root.path)):
            return deletion
    return None


def deletions() -> list[CategoryDeletion]:
    """Those under way, and those that stopped half-way while their category still stands; the newest first."""
    unfinished = CategoryDeletion.objects.exclude(state=JobState.DONE).filter(category__isnull=False)
    latest: dict[int, CategoryDeletion] = {}
    for deletion in unfinished.order_by("-id").select_related("category", "into"):
        latest.setdefault(deletion.category_id, deletion)
    return list(latest.values())
