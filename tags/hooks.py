"""Where apps above this one join in: explicit lists, filled in `AppConfig.ready`, called in order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tags.models import Category

Kind = Literal["tag", "category"]


@dataclass(frozen=True)
class Renamed:
    """Names that criteria may hold and that have just become others: a tag's, or the paths of a branch of the tree.

    All at once: a → b together with b → c is possible, so look every name up once in `names`.
    """

    kind: Kind
    names: dict[str, str]  # old name (tags) or slug path (categories): the new one


# Called inside the transaction that renames, with its `now`; an exception undoes the renaming.
renamed: list[Callable[[Renamed, datetime], None]] = []


def follow(change: Renamed, *, now: datetime) -> None:
    """Tell everybody who keeps names."""
    for hook in renamed:
        hook(change, now)


# What else a move changes, in sentences, to be shown before it: of this category, below that one (None: to the top).
moving: list[Callable[[Category, Category | None], list[str]]] = []


def said_of_move(category: Category, below: Category | None) -> list[str]:
    """What people should know before they move the category."""
    return [sentence for say in moving for sentence in say(category, below)]
