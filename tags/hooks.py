"""Where apps above this one join in: explicit lists, filled in `AppConfig.ready`, called in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tags.models import Category, Tag

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


@dataclass(frozen=True)
class Merged:
    """Tags that have just become one. Those who keep their names are told by `renamed`; here are those who keep ids."""

    ids: dict[int, int]  # of the tags that are no more: the id of the result
    name: str


# Called inside the transaction that merges, once the contacts have the result.
merged: list[Callable[[Merged, datetime], None]] = []


@dataclass(frozen=True)
class Follower:
    """Something that names one of the tags and will name the result: "Segment", its name and address.

    `kind` is the word it is counted under in the list of merges. `changes`: what it will mean other than before, in a
    sentence; empty where it means the same. `several`: it stands for so many that have no name of their own.
    """

    kind: str
    what: str
    name: str = ""
    url: str = ""
    changes: str = ""
    several: int = 1


# Asked before a merge, and once more inside its transaction: of these tags, under this name.
following: list[Callable[[Sequence[Tag], str], list[Follower]]] = []


def followers(tags: Sequence[Tag], name: str) -> list[Follower]:
    """All that will name the result instead of one of `tags`."""
    return [follower for find in following for follower in find(tags, name)]


# What else a move changes, in sentences, to be shown before it: of this category, below that one (None: to the top).
moving: list[Callable[[Category, Category | None], list[str]]] = []


def said_of_move(category: Category, below: Category | None) -> list[str]:
    """What people should know before they move the category."""
    return [sentence for say in moving for sentence in say(category, below)]
