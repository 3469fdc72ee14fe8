"""Where apps above this one join in: explicit lists, filled in `AppConfig.ready`, called in order.

`on_calculated` runs inside the transaction that stores a result: raise there and nothing is stored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from config.requests import Request

if TYPE_CHECKING:
    from segmentation.models import Calculation, Segment

Text = str | Promise


@dataclass(frozen=True)
class Use:
    """Something that depends on a segment. `live`: deleting the segment would break it, so deleting is refused."""

    what: Text  # "Segment", "Saved criteria", "Recurring action" …, translated
    name: str
    url: str
    live: bool = True


@dataclass(frozen=True)
class ActionKind:
    """How a kind of action is shown in the lists of segments."""

    name: str  # Action.kind
    title: Text
    icon: str


@dataclass(frozen=True)
class Tab:
    """One more list beside the three of segments, in the same row of tabs."""

    label: Text
    url_name: str
    count: Callable[[Request], int]


@dataclass(frozen=True)
class Guide:
    """Something ready-made that is set up on a page of its own, offered beside the ready-made segments of a group."""

    group: str  # the key of the group, `segmentation.templates`
    name: Text
    text: Text
    icon: str
    url_name: str  # 404s for nobody: it is offered to those alone to whom `offered` says so
    offered: Callable[[], bool]


guides: list[Guide] = []
on_calculated: list[Callable[["Calculation", datetime], None]] = []
on_cancelled: list[Callable[["Segment", datetime], None]] = []  # a person stopped the calculation that was awaited
usage: list[Callable[["Segment"], list[Use]]] = []  # asked before a segment is deleted
affected: list[Callable[["Segment"], list[Use]]] = []  # asked before its criteria change: planned, recurring actions
deleting: list[Callable[["Segment"], None]] = []  # called in the deleting transaction: stored files to remove …
action_kinds: list[ActionKind] = []
tabs: list[Tab] = []


def uses_of(segment: "Segment") -> list[Use]:
    """Everything that names `segment`, live ones first."""
    found = [use for provider in usage for use in provider(segment)]
    return sorted(found, key=lambda use: not use.live)


def affected_by(segment: "Segment") -> list[Use]:
    """What will act on other contacts once the criteria of `segment` change."""
    return [use for provider in affected for use in provider(segment)]
