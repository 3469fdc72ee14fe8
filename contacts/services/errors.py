"""What a service refuses, other than a value (those are ValidationErrors at their field)."""

from collections.abc import Sequence

from contacts.hooks import Use


class LostUpdateError(Exception):
    """Somebody changed the row after it was read: nothing was written."""


class GoneError(Exception):
    """The contact, or one of them, is no more: deleted, or merged by somebody else."""


class InUseError(Exception):
    """The definition cannot go: contacts have such values, or something refers to it."""

    def __init__(self, message: str, uses: Sequence[Use] = ()) -> None:
        super().__init__(message)
        self.uses = list(uses)
