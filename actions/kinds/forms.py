"""The form part of a kind: what is asked beside whom it is done to and when."""

from abc import abstractmethod
from datetime import datetime
from typing import Any

from django import forms


class PartForm(forms.Form):
    """Fields of one kind. `now` is the moment of the request, for rows that planning makes."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *, now: datetime) -> None:
        super().__init__(data)
        self.now = now

    @abstractmethod
    def plans(self) -> list[dict[str, Any]]:
        """The parameters of each action that a valid form asks for. May make rows (a new tag): call it where they are
        planned, in the same transaction."""

    @abstractmethod
    def sentences(self) -> list[str]:
        """What those actions would do, in the reader's language, before anything is made."""
