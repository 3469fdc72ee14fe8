"""What the apps above add to contacts without being imported: lists of functions, filled in their AppConfig.ready."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.core.exceptions import ValidationError

from config.requests import Request
from contacts.models import Attribute, Consent, Contact
from users.models import User


@dataclass(frozen=True)
class Use:
    """Something that refers to an attribute or a consent: what it is called, and where it is."""

    title: str
    url: str = ""


@dataclass(frozen=True)
class Merge:
    """Contacts becoming one: all that is the others' becomes the kept one's."""

    kept: int
    others: list[int]
    now: datetime


@dataclass(frozen=True)
class Copies:
    """Files of an app above that hold a contact's data: those that the reader sees, and how these are removed.

    `remove` is called in the erasing transaction, before the contact goes.
    """

    found: Callable[[Request, Contact], list[Use]]
    remove: Callable[[Request, Contact], None]


@dataclass(frozen=True)
class Place:
    """Sets in which a contact stands by its id alone: they stay when it is erased, and nobody gets that id again."""

    label: str
    count: int


class AgainError(Exception):
    """What a batch names was changed by somebody else in between: it is read once more."""


class BatchLabels(Protocol):
    """Labels of one kind that a batch of contacts names (`contacts.services.batches`); made anew for each batch."""

    def read(self, raw: Any, /) -> tuple[str, ...]:
        """The names in what an item gives. Raises: ValidationError."""

    def refusal(self, names: tuple[str, ...], *, new: bool) -> ValidationError | None:
        """Why they cannot be put on a contact, `new` or not; none, if they can. Also asked of no names."""

    def hold(self, names: set[str], *, now: datetime) -> None:
        """Keeps them until the transaction ends; called before contacts are locked. Raises: AgainError."""

    def let_go(self, needed: set[str]) -> None:
        """Takes back what `hold` made for items that are refused after all: all that is not `needed`."""

    def put(
        self, wanted: Mapping[str, Iterable[int]], *, now: datetime, by: str, user: User | None
    ) -> set[tuple[str, int]]:
        """Puts each name on its contacts, which are held; (name, contact) of those that did not have it."""


class Written(Protocol):
    """Told how many contacts have just been written at once, in the writing transaction."""

    def __call__(self, rows: int, *, now: datetime) -> None: ...


written: list[Written] = []
attribute_usage: list[Callable[[Attribute], list[Use]]] = []
consent_usage: list[Callable[[Consent], list[Use]]] = []
# Of an attribute as it would be with another type: what of those that refer to it could not be understood any more.
breaking: list[Callable[[Attribute], list[Use]]] = []
# Called when an attribute has got another type, with it as it was and as it is, in the same transaction.
retyped: list[Callable[[Attribute, Attribute], None]] = []
# Called in the deleting transaction: what goes along, a table at once; how much of what went, by its name.
erasing: list[Callable[[Contact], Mapping[str, int] | None]] = []
# What an app above knows of a contact that is about to go and nobody could find out afterwards, in a few bits that say
# nothing of the person; by its name, for the proof of the erasure. Asked in the erasing transaction.
witnesses: dict[str, Callable[[Contact, datetime], Any]] = {}
copies: list[Copies] = []
# By the name of an item's field ("tags"): the labels of a batch, as far as this user may put them on contacts.
batch_labels: dict[str, Callable[[User | None], BatchLabels]] = {}
places: list[Callable[[Contact, datetime], list[Place]]] = []
# Merging contacts: first whatever is locked before contacts are, given all their ids; then, with the contacts locked,
# what moves what is the others'. Both in the merging transaction; answered is what the history entry says of it.
holding: list[Callable[[list[int]], None]] = []
merging: list[Callable[[Merge], dict[str, Any]]] = []


def uses_of_attribute(attribute: Attribute) -> list[Use]:
    """Everything that would stop making sense without the attribute."""
    return [use for usage in attribute_usage for use in usage(attribute)]


def uses_of_consent(consent: Consent) -> list[Use]:
    """Everything that would stop making sense without the consent."""
    return [use for usage in consent_usage for use in usage(consent)]
