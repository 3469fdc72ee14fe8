"""The form part of a kind: what is asked beside whom it is done to and when."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms

from users.models import User


@dataclass(frozen=True)
class Draft:
    """One action as the form asks for it, before anything is made: what the question shows and the forecast counts.

    `params` is None as long as what it names does not exist: no contact can be so already. `note` says what else would
    happen; `details` are further pairs of name and value. All texts in the reader's language.
    """

    sentence: str
    params: dict[str, Any] | None
    note: str = ""
    details: list[tuple[str, str]] = field(default_factory=list)


class PartForm(forms.Form):
    """Fields of one kind. `now` is the moment of the request, for rows that planning makes; `by`: who asks."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *, now: datetime, by: User | None = None) -> None:
        super().__init__(data)
        self.now = now
        self.by = by

    def suggest(self, columns: Sequence[str]) -> None:
        """What the list shows that the contacts were picked from: a file might hold the same."""

    @abstractmethod
    def plans(self) -> list[dict[str, Any]]:
        """The parameters of each action that a valid form asks for. May make rows (a new tag): call it where they are
        planned, in the same transaction."""

    @abstractmethod
    def drafts(self) -> list[Draft]:
        """The same actions before they are planned; makes nothing."""
