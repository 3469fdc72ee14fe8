"""Items as they were given become drafts: every value cleaned, what is wrong said at its field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contacts import hooks, normalising
from contacts.attributes import clean_attribute
from contacts.hooks import BatchLabels
from contacts.models import Attribute
from contacts.services.batches.answers import Answer, Answering
from contacts.services.batches.outcomes import Empty, FieldError
from contacts.services.contacts import FIELDS
from users.models import User

LARGEST_ID = 2**31 - 1
NOT_CLEARED = frozenset({"status"})  # there is always one


@dataclass(slots=True)
class Draft:
    """One item, cleaned. `fields` holds e-mail and external id as well; None clears."""

    pk: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)

    def name(self, way: str) -> Any:
        """What it gives as id, e-mail or external id; None: nothing."""
        return self.pk if way == "id" else self.fields.get(way)

    def refuse(self, name: str, error: ValidationError) -> None:
        self.errors.append(FieldError.of(name, error))


@dataclass
class Drafts:
    """All of a batch, and what reads the labels they name."""

    each: list[Draft]
    labels: Mapping[str, BatchLabels]

    def hold_labels(self, *, now: datetime) -> None:
        """Keeps the labels that right items name, before any contact is locked: everybody's order of locks."""
        for kind, reader in self.labels.items():
            names = {name for draft in self.each if not draft.errors for name in draft.labels.get(kind, ())}
            if names:
                reader.hold(names, now=now)

    def let_go_of_labels(self, needed: Mapping[str, set[str]]) -> None:
        """What was made for items that are refused after all is taken back; `needed`: names by kind."""
        for kind, reader in self.labels.items():
            reader.let_go(needed.get(kind, set()))


def read_items(items: Sequence[Any], *, now: datetime, user: User | None, localized: bool, empty: Empty) -> Drafts:
    """A draft of each item."""
    reader = Reader(items, now=now, user=user, localized=localized, empty=empty)
    return Drafts([reader.read(item) for item in items], reader.labels)


class Reader:
    """Reads items; what they may name is fetched once."""

    def __init__(
        self, items: Sequence[Any], *, now: datetime, user: User | None, localized: bool, empty: Empty
    ) -> None:
        self.clearing = empty == "clear"
        definitions = Attribute.objects.all() if given(items, "attributes") else ()
        self.attributes: dict[str, Callable[[Any], Any]] = {
            each.key: partial(clean_attribute, each, localized=localized) for each in definitions
        }
        self.answering = Answering(now=now, localized=localized) if given(items, "consents") else None
        self.labels = {kind: opened(user) for kind, opened in hooks.batch_labels.items()}

    def read(self, item: Any) -> Draft:
        draft = Draft()
        if not isinstance(item, Mapping):
            draft.refuse("", ValidationError(_("Give an object."), code="not_object"))
            return draft
        for name, raw in item.items():
            if name in FIELDS:
                self.read_field(draft, name, raw)
            elif name == "id":
                read_id(draft, raw)
            elif name == "attributes":
                self.read_attributes(draft, raw)
            elif name == "consents":
                self.read_consents(draft, raw)
            elif name in self.labels:
                self.read_labels(draft, name, raw)
            else:
                unknown = ValidationError(_("There is no such field."), code="unknown")
                draft.refuse(normalising.quoted(name), unknown)
        return draft

    def read_field(self, draft: Draft, name: str, raw: Any) -> None:
        if is_empty(raw) and (not self.clearing or name in NOT_CLEARED):
            return
        try:
            draft.fields[name] = FIELDS[name](raw)
        except ValidationError as error:
            draft.refuse(name, error)

    def read_attributes(self, draft: Draft, raw: Any) -> None:
        for key, value in mapping(draft, "attributes", raw):
            clean = self.attributes.get(key)
            try:
                if clean is None:
                    raise ValidationError(_("There is no such attribute."), code="unknown")  # noqa: TRY301
                if self.clearing or not is_empty(value):
                    draft.attributes[key] = clean(value)
            except ValidationError as error:
                draft.refuse(f"attributes.{normalising.quoted(key)}", error)

    def read_consents(self, draft: Draft, raw: Any) -> None:
        for key, value in mapping(draft, "consents", raw):
            if value in (None, "") or self.answering is None:
                continue
            try:
                draft.answers.append(self.answering.read(key, value))
            except ValidationError as error:
                draft.refuse(f"consents.{normalising.quoted(key)}", error)

    def read_labels(self, draft: Draft, kind: str, raw: Any) -> None:
        if is_empty(raw):
            return
        try:
            draft.labels[kind] = self.labels[kind].read(raw)
        except ValidationError as error:
            draft.refuse(kind, error)


def read_id(draft: Draft, raw: Any) -> None:
    """A whole number, also written as text: files have nothing else."""
    if is_empty(raw):
        return
    text = raw.strip() if isinstance(raw, str) else raw
    if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 20:
        text = int(text)
    if type(text) is not int:
        draft.refuse("id", ValidationError(_("An id is a whole number."), code="not_integer"))
    elif 0 < text <= LARGEST_ID:
        draft.pk = text
    else:
        draft.refuse("id", no_contact())


def no_contact() -> ValidationError:
    return ValidationError(_("There is no such contact."), code="no_contact")


def mapping(draft: Draft, name: str, raw: Any) -> Sequence[tuple[Any, Any]]:
    """The pairs of an object; what is none is refused at `name`."""
    if is_empty(raw):
        return ()
    if isinstance(raw, Mapping):
        return tuple(raw.items())
    draft.refuse(name, ValidationError(_("Give an object."), code="not_object"))
    return ()


def is_empty(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip()) or (isinstance(raw, list | dict) and not raw)


def given(items: Sequence[Any], name: str) -> bool:
    """Whether any item speaks of it: definitions that nobody asks for are not fetched."""
    return any(isinstance(item, Mapping) and item.get(name) for item in items)
