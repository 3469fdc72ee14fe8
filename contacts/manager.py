"""The contact manager's parts, and how the apps above add theirs: filters, columns, tools, panels, belongings.

Each registry is an explicit list, filled in the AppConfig.ready of the app whose part it is. Registering the same name
again replaces the part, so that ready may run twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import django_filters
from django.utils.functional import Promise
from pyroaring import BitMap

from config.requests import Request
from contacts.answering import Answers
from contacts.models import Contact

Text = str | Promise


Criteria = dict[str, Any]  # a node of the criteria language (docs/criteria.md)


def no_criteria(_value: Any) -> None:
    return None


def not_known(_value: Any) -> None:
    return None


def known(_value: Any) -> Text:
    return ""


def not_asked(_answers: Answers, _value: Any) -> None:
    return None


def no_note(_request: Request, _value: Any, _total: int) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class ManagerFilter:
    """One parameter of the address that narrows the list.

    The form field of `filter` judges the value: what it refuses is shown at the filter, with no rows. `words` says a
    cleaned value ("Tag: VIP"); `note` may put a sentence above the list; `unknown` says
    why it cannot be told yet whom the value fits. `criteria` writes the value as criteria that
    exactly the same contacts satisfy, also later; None: that can't be. `members`: whom it lets through, contacts all of
    them, if that is known without asking the database; `found`: the same, asked of the engine. A hidden one has no
    control: links carry it.
    """

    name: str
    filter: Callable[[Request], django_filters.Filter]
    words: Callable[[Any], Text]
    note: Callable[[Request, Any, int], Text] = no_note
    unknown: Callable[[Any], Text] = known
    criteria: Callable[[Any], Criteria | None] = no_criteria
    members: Callable[[Any], BitMap | None] = not_known
    found: Callable[[Answers, Any], BitMap | None] = not_asked
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column that may be chosen for the list.

    `values` answers for the whole page at once, by contact, so that queries stay constant; `of` reads the contact's own
    row instead. A value is shown as `say` has it, or where a `template` is named by that: a tenth of the speed, so for
    values that need one. `sort` is the order that its heading asks for, `high`: from the highest at first. `begins`:
    everybody begins with it.
    """

    name: str
    label: Text
    say: Callable[[Any], str] = str
    template: str = ""
    values: Callable[[Request, list[int]], Mapping[int, Any]] | None = None
    of: Callable[[Contact], Any] | None = None
    group: Text = ""
    classes: str = ""
    sort: str = ""
    high: bool = False
    begins: bool = False


@dataclass(frozen=True, kw_only=True)
class Tool:
    """Something to do with the contacts listed, or with those selected (`selected`): a link or button.

    Its template gets the manager's own context; `search.query` is the address of the list.
    """

    name: str
    template: str
    selected: bool = False


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A card on the contact's page; its template gets `contact` and what `context` answers."""

    name: str
    template: str
    context: Callable[[Request, Contact], dict[str, Any]]
    order: int = 100
    aside: bool = True


@dataclass(frozen=True)
class Belonging:
    """Something that goes with the contact when it is deleted: "3 tags"."""

    label: Text
    count: int


Belongings = Callable[[Request, Contact], list[Belonging]]

filters: dict[str, ManagerFilter] = {}
columns: dict[str, Column] = {}
tools: dict[str, Tool] = {}
panels: dict[str, Panel] = {}
belongings: list[Belongings] = []


def register_filter(entry: ManagerFilter) -> None:
    filters[entry.name] = entry


def register_column(entry: Column) -> None:
    columns[entry.name] = entry


def register_tool(entry: Tool) -> None:
    tools[entry.name] = entry


def register_panel(entry: Panel) -> None:
    panels[entry.name] = entry


def register_belongings(entry: Belongings) -> None:
    if entry not in belongings:
        belongings.append(entry)
