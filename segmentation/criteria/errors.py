"""What is told about criteria that can't be used."""

from collections.abc import Callable
from typing import TypeVar

from django.utils.translation import gettext

Read = TypeVar("Read")
Given = TypeVar("Given")


class CriteriaError(Exception):
    """Criteria are refused, at `path` (`any[1].all[0].op`; empty: the whole).

    `text` is the untranslated message, `params` its values: a job keeps both and translates when shown.
    """

    def __init__(self, path: str, text: str, /, **params: str | int) -> None:
        super().__init__(path, text, params)
        self.path = path
        self.text = text
        self.params = params

    @property
    def message(self) -> str:
        """The message in the language now active."""
        return gettext(self.text).format(**self.params)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class RefusedError(ValueError):
    """A part of one criterion is refused; whoever knows the criterion's path makes it a `CriteriaError`.

    `at` leads from the criterion to the part: `value[3]`; empty: the criterion itself.
    """

    def __init__(self, text: str, /, *, at: str = "", **params: str | int) -> None:
        super().__init__(text)
        self.text = text
        self.at = at
        self.params = params

    def under(self, path: str) -> CriteriaError:
        return CriteriaError(below(path, self.at), self.text, **self.params)


def below(path: str, step: str) -> str:
    """The path of what lies at `step` (`op`, `value[3]`, `[2]`) under `path`."""
    if not path or not step or step.startswith("["):
        return path + step
    return f"{path}.{step}"


def within(at: str, read: Callable[[Given], Read], value: Given) -> Read:
    """`read(value)`, its refusal placed at `at`."""
    try:
        return read(value)
    except RefusedError as refusal:
        raise RefusedError(refusal.text, at=at, **refusal.params) from None
