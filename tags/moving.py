"""Moving a category to another place in the tree, and telling beforehand what that changes.

Criteria that name the category follow its path. Those that name what lies above it, at the old place or at the new one,
mean other contacts afterwards: the question says so, with numbers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from pyroaring import BitMap

from tags.categories import free_path, lock_tree, move_paths, refuse_going
from tags.counting import count_category
from tags.hooks import said_of_move
from tags.models import Category
from tags.seeing import holders_of
from tags.tree import readable_paths
from tags.usage import Use, uses_of

DEEPEST = Category._meta.get_field("path").max_length // Category.steplen  # noqa: SLF001 (public in all but its name)


class MovedMeanwhileError(Exception):
    """The category stands elsewhere than where it stood when the question was asked."""


@dataclass(frozen=True)
class Above:
    """A category that gains or loses contacts by the move, counted with everything below it."""

    title: str
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Effect:
    """What a move would come to, as of now."""

    contacts: int  # in the category and below it
    old_path: str
    new_path: str
    above: list[Above] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)  # criteria that would mean other contacts
    sentences: list[str] = field(default_factory=list)  # of the apps above

    @property
    def shared(self) -> bool:
        """Whether a category above gains or loses fewer than come along: the rest are in it by another one."""
        return any(abs(each.change) != self.contacts for each in self.above)


def effect_of(category: Category, *, below: Category | None, mask: BitMap | None = None) -> Effect:
    """What moving `category` below `below` (None: to the top) would change. Changes nothing.

    Raises: ValidationError, if it can't be moved there.
    """
    new_path = path_below(category, below)
    lost = [each for each in ancestors(category) if below is None or not at_or_above(each, below)]
    gained = [each for each in lineage(below) if not at_or_above(each, category)] if below else []
    moved = united(category, mask=mask)
    names = readable_paths([each.pk for each in (*lost, *gained)])
    above = []
    for each in lost:
        kept = united(each, besides=category, mask=mask)
        above.append(Above(names[each.pk], len(kept | moved), len(kept)))
    for each in gained:
        held = united(each, mask=mask)
        above.append(Above(names[each.pk], len(held), len(held | moved)))
    uses = {(str(use.what), use.name): use for each in (*lost, *gained) for use in uses_of(each)}
    return Effect(
        contacts=len(moved),
        old_path=category.slug_path,
        new_path=new_path,
        above=above,
        uses=list(uses.values()),
        sentences=said_of_move(category, below),
    )


def move_category(category: Category, *, below: Category | None, now: datetime, stood: int | None = None) -> Category:
    """Put the category, with everything below it, below another (None: at the top). Criteria follow, at once.

    stood: the id of the category above it when somebody was asked, 0 at the top; None: nobody was.
    Raises: ValidationError, if it can't stand there; MovedMeanwhileError; Category.DoesNotExist.
    """
    with transaction.atomic():
        lock_tree()
        here = Category.objects.get(pk=category.pk)
        parent = Category.objects.get_parent(here)
        if stood is not None and stood != (parent.pk if parent else 0):
            raise MovedMeanwhileError
        there = Category.objects.get(pk=below.pk) if below else None
        roots = {root_of(here), root_of(there) if there else ""}
        here = placed(here, below=there, now=now)
    for root in Category.objects.filter(path__in=[*roots, root_of(here)]):
        count_category(root, now=now)
    return Category.objects.get(pk=here.pk)


def placed(here: Category, *, below: Category | None, now: datetime) -> Category:
    """The same with the tree locked and both rows read in it; nothing is counted."""
    refuse_going(here)
    new_path = path_below(here, below)
    parent = Category.objects.get_parent(here)
    if (parent and parent.pk) == (below and below.pk):
        return here
    old_path = here.slug_path
    if below is not None:
        refuse_going(below)
        Category.objects.move(here, below, "last-child")
    else:
        Category.objects.move(here, Category.objects.get_last_root_node(), "last-sibling")
    here = Category.objects.get(pk=here.pk)
    if new_path != old_path:
        move_paths(here, old=old_path, new=new_path, now=now)
    return Category.objects.get(pk=here.pk)


def path_below(category: Category, below: Category | None) -> str:
    """The path it would have there. Raises: ValidationError, if it can't stand there."""
    if below is not None and at_or_above(category, below):
        raise ValidationError(_("A category can't be moved into itself or below itself."), code="inside")
    deepest = max(Category.objects.filter(path__startswith=category.path).values_list("depth", flat=True))
    if (below.depth if below else 0) + deepest - category.depth + 1 > DEEPEST:
        raise ValidationError(_("The tree can be no deeper than this."), code="too_deep")
    return free_path(category.name, parent=below, besides=category)


def places_for(category: Category, tree: Sequence[Category]) -> list[Category]:
    """Those of the tree below which the category can be put, whatever their names."""
    return [each for each in tree if not at_or_above(category, each)]


def at_or_above(category: Category, other: Category) -> bool:
    """Whether `other` is `category` or lies below it."""
    return bool(other.path.startswith(category.path))


def ancestors(category: Category) -> list[Category]:
    """Those above it, the root first."""
    step = Category.steplen
    paths = [category.path[:end] for end in range(step, len(category.path), step)]
    return list(Category.objects.filter(path__in=paths).order_by("path"))


def lineage(category: Category) -> list[Category]:
    return [*ancestors(category), category]


def root_of(category: Category) -> str:
    """The tree path of the root above it."""
    return str(category.path[: Category.steplen])


def united(category: Category, *, besides: Category | None = None, mask: BitMap | None = None) -> BitMap:
    """The contacts in the category or below it; `besides`: not counting what lies there."""
    ids: Collection[int] = Category.objects.filter(path__startswith=category.path).values_list("pk", flat=True)
    if besides is not None:
        ids = set(ids) - set(Category.objects.filter(path__startswith=besides.path).values_list("pk", flat=True))
    found = BitMap.union(BitMap(), *holders_of("category", list(ids)).values())
    return found if mask is None else found & mask
