"""What apps above add to the pages about users: marks in the list, cards, questions, what goes on in somebody's name.

Each registry is filled in the AppConfig.ready of the app whose part it is. Registering a name again replaces it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django import forms

from config.requests import Request
from users.models import User


@dataclass(frozen=True)
class Mark:
    """A chip beside a name; `title` says more."""

    text: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card about one user; its template gets what `context` answers. `own`: also on the profile of who it is."""

    name: str
    template: str
    context: Callable[[Request, User], dict[str, Any]]
    own: bool = False


class Answer(Protocol):
    """Writes what was answered, in the transaction that makes the user. Raises: ValidationError by the field's name."""

    def __call__(self, person: User, given: Any, /, *, request: Request) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Question:
    """One more field of the form of a new user; None: nothing to ask."""

    name: str
    field: Callable[[], forms.Field | None]
    answer: Answer


@dataclass(frozen=True)
class Going:
    """What goes on in somebody's name whatever becomes of them, with links (name, address) to where it is stopped."""

    text: str
    links: Sequence[tuple[str, str]] = ()


GoingOn = Callable[[User], Going | None]  # None: nothing does
Marks = Callable[[Sequence[User]], Mapping[int, Mark]]

marks: dict[str, Marks] = {}
cards: dict[str, Card] = {}
questions: dict[str, Question] = {}
going_on: dict[str, GoingOn] = {}


def register_marks(name: str, find: Marks) -> None:
    marks[name] = find


def register_card(card: Card) -> None:
    cards[card.name] = card


def register_question(question: Question) -> None:
    questions[question.name] = question


def register_going_on(name: str, find: GoingOn) -> None:
    going_on[name] = find


def going_on_of(person: User) -> list[Going]:
    """What goes on in somebody's name: to know before they become an analyst or are let go."""
    return [going for find in going_on.values() if (going := find(person)) is not None]


def marks_of(people: Sequence[User]) -> dict[int, list[Mark]]:
    """The marks of each, by id."""
    found: dict[int, list[Mark]] = {}
    for find in marks.values():
        for pk, mark in find(people).items():
            found.setdefault(pk, []).append(mark)
    return found


def cards_of(request: Request, person: User, *, own: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """Templates with what they get; on one's own profile those that are for it."""
    return [(card.template, card.context(request, person)) for card in cards.values() if card.own or not own]


def asked() -> dict[str, forms.Field]:
    """The further fields of the form of a new user."""
    fields = {name: question.field() for name, question in questions.items()}
    return {name: field for name, field in fields.items() if field is not None}
