"""Criteria as JSON text, for experts: laid out to be read, and read back with the place of what is wrong."""

import json
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from segmentation.criteria import Catalog, CriteriaError, check, load, parse
from segmentation.parts.base import Tree

WIDE = 120  # a criterion that fits stands on one line
GROUPS = ("all", "any", "not")


class TextError(ValueError):
    """A text that is no criteria: the sentence, the path in the tree, and where in the text, if known."""

    def __init__(self, message: str, *, path: str = "", place: "Place | None" = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.place = place


@dataclass(frozen=True)
class Place:
    """A stretch of a text. `line` and `column` count from 1, `start` and `end` from 0."""

    line: int
    column: int
    start: int
    end: int
    quoted: str  # the line it begins on


def text_of(tree: Tree) -> str:
    """The criteria as JSON: groups over several lines, each criterion on one where it fits."""
    return _written(tree, "")


def _written(tree: Any, indent: str) -> str:
    plain = json.dumps(tree, ensure_ascii=False)
    if not isinstance(tree, dict) or (len(indent) + len(plain) <= WIDE and not any(key in tree for key in GROUPS)):
        return plain
    inner = indent + "  "
    if any(key in tree for key in GROUPS):
        (name, held), *_rest = tree.items()
        if isinstance(held, dict):
            return f'{{"{name}": {_written(held, indent)}}}'
        lines = ",\n".join(inner + _written(one, inner) for one in held)
        return f'{{"{name}": [\n{lines}\n{indent}]}}'
    lines = ",\n".join(
        f"{inner}{json.dumps(key)}: {json.dumps(held, ensure_ascii=False)}" for key, held in tree.items()
    )
    return f"{{\n{lines}\n{indent}}}"


def read_text(text: str, catalog: Catalog, *, origin: tuple[str, int] | None = None) -> Tree:
    """The criteria that a text says.

    Raises: TextError, with the language's own sentence.
    """
    try:
        data = load(text)
        check(parse(data), catalog, origin=origin)
    except CriteriaError as error:
        raise TextError(error.message, path=error.path, place=_place_of(error, text)) from None
    return dict(data)


def _place_of(error: CriteriaError, text: str) -> Place | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as wrong:
        return _place(text, wrong.pos, wrong.pos + 1)
    except (ValueError, RecursionError):
        return None
    return place_in(text, error.path)


def place_in(text: str, path: str) -> Place | None:
    """Where the value at `path` (`any[1].all[0].op`), or else what it would be in, stands in a text that is JSON."""
    spans = _Scanner(text).spans
    while path not in spans and path:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return _place(text, *spans[path]) if path in spans else None


def _place(text: str, start: int, end: int) -> Place:
    begins = text.rfind("\n", 0, start) + 1
    ends = text.find("\n", start)
    quoted = text[begins : ends if ends >= 0 else len(text)]
    return Place(text.count("\n", 0, start) + 1, start - begins + 1, start, end, quoted.strip()[:200])


class _Scanner:
    """Finds where each value of a JSON text stands: the reader itself forgets it."""

    BLANK = " \t\r\n"

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: dict[str, tuple[int, int]] = {}
        self._value(self._blank(0), "")

    def _blank(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in self.BLANK:
            at += 1
        return at

    def _value(self, at: int, path: str) -> int:
        opening = self.text[at]
        if opening == "{":
            end = self._members(at, path)
        elif opening == "[":
            end = self._elements(at, path)
        elif opening == '"':
            end = scanstring(self.text, at + 1)[1]
        else:
            end = at
            while end < len(self.text) and self.text[end] not in ",]}" + self.BLANK:
                end += 1
        self.spans[path] = (at, end)
        return end

    def _members(self, at: int, path: str) -> int:
        at = self._blank(at + 1)
        while self.text[at] != "}":
            key, at = scanstring(self.text, at + 1)
            at = self._blank(self._value(self._blank(self._blank(at) + 1), f"{path}.{key}" if path else key))
            at = self._blank(at + 1) if self.text[at] == "," else at
        return at + 1

    def _elements(self, at: int, path: str) -> int:
        at, number = self._blank(at + 1), 0
        while self.text[at] != "]":
            at = self._blank(self._value(at, f"{path}[{number}]"))
            at, number = (self._blank(at + 1) if self.text[at] == "," else at), number + 1
        return at + 1
