"""The form part of a kind of criterion: what it offers to choose, which inputs it shows, and how they are read.

A kind's module subclasses `FormPart` and names it (`form = TagForm()`); the builder finds it through the registry of
kinds. This module imports nothing of the language, so that every kind may import it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

Tree = dict[str, Any]
Values = dict[str, list[str]]  # what stands in the fields of one criterion, by field name without the id


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a list to choose from."""

    value: str
    label: str
    group: str = ""
    depth: int = 0
    search: str = ""  # what a filter of the list compares, if not the label alone
    full: str = ""  # what it is called away from the list, if not the label alone: "Client / Media"


@dataclass(slots=True)
class Control:
    """One input of a criterion, ready to be shown."""

    name: str
    type: Literal[
        "select", "text", "number", "date", "time", "chips", "pick", "check", "hidden", "words", "line", "begin", "end"
    ]
    label: str = ""
    values: list[str] = field(default_factory=list)
    options: Sequence[Option] = ()
    refreshes: bool = False  # a change of it changes which inputs follow
    suggestions: str = ""  # the list of suggestions on the page: "tags"
    seen: str = ""  # whose observed values are offered while one is typed: "attribute:city" (builder.values)
    spread: bool = False  # how the number is spread over contacts is drawn beside it (builder.distribution)
    hint: str = ""
    size: Literal["", "short", "long", "adding"] = ""
    numeric: bool = False  # chips that are numbers
    errors: list[str] = field(default_factory=list)

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def multiline(self) -> bool:
        """Whether the value has lines, which an input of one line would join."""
        return "\n" in self.value

    @property
    def template(self) -> str:
        return f"segmentation/builder/controls/_{self.type}.html"

    @property
    def drawn(self) -> SafeString:
        """The options as HTML, under their headings, the value in force selected."""
        html, value = drawn_options(tuple(self.options)), escape(self.value)
        return mark_safe(html.replace(f'<option value="{value}">', f'<option value="{value}" selected>', 1))  # noqa: S308

    @property
    def sent_as(self) -> str:
        """The field that a browser sends for it whatever stands in it; empty where nothing may be sent (a box)."""
        if self.type == "chips":
            return f"{self.name}_new"
        return self.name if self.type in ("select", "text", "number", "date", "time", "hidden") else ""

    @property
    def sent(self) -> Values:
        """What a browser sends of it as it is drawn, by field."""
        if self.type == "chips":
            return {self.name: self.values, self.sent_as: [""]}
        if self.type == "pick":
            return {self.name: [*self.lost, *(option.value for option in self.options if option.value in self.values)]}
        if self.type == "check":
            return {self.name: ["on"]} if self.value else {}
        return {self.sent_as: [self.value]} if self.sent_as else {}

    @property
    def unanswered(self) -> bool:
        """Nothing is chosen, and choosing nothing is no answer here ("at any time" would be one)."""
        return not self.value and all(option.value for option in self.options)

    @property
    def chosen(self) -> list[Option]:
        """The chosen options; one that is no longer offered stands under its own value."""
        known = {option.value: option for option in self.options}
        return [known.get(value) or Option(value, value) for value in self.values]

    @property
    def lost(self) -> list[str]:
        """Chosen values that are no longer offered: shown as such, never dropped in silence."""
        known = {option.value for option in self.options}
        return [value for value in self.values if value and value not in known]


@lru_cache(maxsize=256)
def drawn_options(options: tuple[Option, ...]) -> SafeString:
    """A list to choose from as HTML, nothing selected: the same for each of a page's many criteria."""
    groups: dict[str, list[Option]] = {}
    for option in options:
        groups.setdefault(option.group, []).append(option)
    parts = []
    for group, held in groups.items():
        inner = format_html_join("", '<option value="{}">{}</option>', ((one.value, one.label) for one in held))
        parts.append(format_html('<optgroup label="{}">{}</optgroup>', group, inner) if group else inner)
    return mark_safe("".join(parts))  # noqa: S308


class UnfinishedError(ValueError):
    """A criterion in the form is not complete or not readable: sentences by field name."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


class Typed:
    """What stands in the fields of one criterion, read with the complaints collected.

    `choices`: the account's own names.
    """

    def __init__(self, values: Values, choices: "Choosing") -> None:
        self.values = values
        self.choices = choices
        self.errors: dict[str, str] = {}

    def one(self, name: str, default: str = "") -> str:
        """The text of a field with one value."""
        found = self.values.get(name) or [default]
        return found[0].replace("\r\n", "\n")

    def many(self, name: str) -> list[str]:
        """The values of a field with several: its chips as they are, and what is typed beside them."""
        values = [text.replace("\r\n", "\n") for text in self.values.get(name, []) if text]
        typed = self.one(f"{name}_new").strip()
        return [*values, typed] if typed and typed not in values else values

    def among(self, name: str, allowed: Iterable[str]) -> str:
        """The value if it is one of `allowed`, else the first of them: what still fits is kept."""
        options = list(allowed)
        value = self.one(name)
        return value if value in options or not options else options[0]

    def required(self, name: str, message: str = "") -> str:
        """The text of a field that must not be empty."""
        value = self.one(name)
        if not value.strip():
            self.errors.setdefault(name, message or _("Fill this in."))
        return value

    def within(self, prefix: str) -> "Typed":
        """The fields whose names begin with `prefix`, called by the rest of their names; complaints of its own."""
        values = {name.removeprefix(prefix): held for name, held in self.values.items() if name.startswith(prefix)}
        return Typed(values, self.choices)

    def complain(self, name: str, message: str) -> None:
        self.errors.setdefault(name, message)

    def complain_within(self, prefix: str, part: "Typed") -> None:
        """Takes over what was complained of in `within(prefix)`."""
        for name, message in part.errors.items():
            self.complain(prefix + name, message)

    def finish(self) -> None:
        """Raises: UnfinishedError, if anything was complained of."""
        if self.errors:
            raise UnfinishedError(self.errors)


@dataclass(frozen=True, slots=True)
class Subject:
    """An entry of the list “what to look at”: a kind, and maybe what of it (`attribute:city`)."""

    value: str
    label: str
    group: str
    retired: bool = False  # offered only where it is chosen already


class TypedAttribute(NamedTuple):
    """An attribute of the account's contacts, as a form needs it."""

    name: str
    type: str
    options: list[str]
    retired: bool = False


class TypedParameter(NamedTuple):
    """Something that can be asked of a row, as a form needs it: its type is one of those of operands."""

    label: str
    type: str
    options: Sequence[Option] = ()


class KnownActivityType(NamedTuple):
    """An activity type of the account, as a form needs it."""

    label: str
    icon: str
    parameters: dict[str, TypedParameter]


class Choosing(Protocol):
    """What there is to choose from in the account; see segmentation.builder.choices."""

    @property
    def attributes(self) -> dict[str, TypedAttribute]: ...
    @property
    def tags(self) -> list[str]: ...
    @property
    def categories(self) -> list[Option]: ...
    @property
    def consents(self) -> list[Option]: ...
    @property
    def segments(self) -> list[Option]: ...
    @property
    def saved(self) -> list[Option]: ...
    @property
    def files(self) -> list[Option]: ...
    @property
    def activities(self) -> dict[str, KnownActivityType]: ...
    @property
    def engagement_days(self) -> int: ...


def together(controls: Iterable[Control]) -> list[Control]:
    """The controls as one piece: they go to the next line as a whole, as long as one line holds them."""
    return [Control("begin", "begin"), *controls, Control("end", "end")]


def renamed(controls: Iterable[Control], prefix: str) -> list[Control]:
    """The controls of a part, each with `prefix` before its name."""
    found = list(controls)
    for control in found:
        control.name = prefix + control.name
    return found


class FormPart(ABC):
    """How one kind of criterion is chosen, shown, typed in and read back. Holds no state."""

    kind: ClassVar[str]
    icon: ClassVar[str]

    @abstractmethod
    def subjects(self, choices: Choosing) -> list[Subject]:
        """What this kind offers in the list of things to look at."""

    @abstractmethod
    def controls(self, typed: Typed) -> list[Control]:
        """The inputs after the subject, filled with what still fits."""

    @abstractmethod
    def read(self, typed: Typed) -> Tree:
        """The criterion as JSON, `kind` included.

        Raises: UnfinishedError, with a sentence for every field that is missing or unreadable.
        """

    @abstractmethod
    def write(self, criterion: Tree) -> Values:
        """What stands in the fields for this criterion, `what` (the subject) included; `read` gives it back."""

    def unsent(self, typed: Typed) -> list[str]:
        """The inputs that a page shows beside what was sent and whose fields did not arrive."""
        return [one.name for one in self.controls(typed) if one.sent_as and one.sent_as not in typed.values]

    @staticmethod
    def detail(typed: Typed) -> str:
        """What of the kind was chosen: `city` of the subject `attribute:city`."""
        return typed.one("what").partition(":")[2]

    def icon_for(self, what: str) -> str:
        """The icon beside the subject."""
        return self.icon
