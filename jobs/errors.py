"""How a job ends before it is done."""

from typing import Any

from django.utils import translation


def filled(text: str, params: dict[str, Any]) -> str:
    """`text` with its places filled: `%(name)s` ones if it has any, else `{name}` ones."""
    if not params:
        return text
    return text % params if "%(" in text else text.format(**params)


class JobProblem(Exception):  # noqa: N818 (it reads as what happened)
    """An expected failure: the job becomes failed and its page tells the user `text`.

    `text` is a message of the catalogue (marked with `gettext_noop` or lazy), with `%(name)s` or `{name}` places for
    `params`; it is translated when shown, because who looks may read another language than the one who asked.
    """

    def __init__(self, text: Any, params: dict[str, Any] | None = None, path: str = "") -> None:
        with translation.override(None):  # a lazy text gives its source, not one reader's language
            self.text = str(text)
        self.params = params or {}
        self.path = path
        super().__init__(filled(self.text, self.params))

    def as_json(self) -> dict[str, Any]:
        """As kept in `Job.problem`."""
        return {"text": self.text, "params": self.params} | ({"path": self.path} if self.path else {})


class LeaseLost(Exception):  # noqa: N818 (it reads as what happened)
    """Another worker holds the job now, or its row is gone: whoever catches this must write nothing."""


class Cancelled(Exception):  # noqa: N818 (it reads as what happened)
    """A user cancelled the job; what its committed chunks did stays done."""
