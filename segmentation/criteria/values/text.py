"""Texts: compared without regard to case, folded as Unicode says; patterns are linear-time regular expressions."""

import unicodedata
from contextlib import closing
from functools import lru_cache
from typing import Any

import duckdb
import re2
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from typing_extensions import override

from mirror import duck
from segmentation.criteria import limits
from segmentation.criteria.errors import RefusedError, within
from segmentation.criteria.values.base import ValueType, listed
from segmentation.criteria.where import Column, Where, marks
from segmentation.criteria.words import Sentence, Words, phrase

PATTERN_BYTES = 2 << 20  # what a compiled pattern may take; 8 MB, RE2's own, take 100 ms to be refused


def text(value: Any) -> str:
    """A text as given: not empty, not endless."""
    if not isinstance(value, str):
        raise RefusedError(gettext_noop("A text is expected here."))
    if not value:
        raise RefusedError(gettext_noop("This is empty. To find those without a value use “is not set”."))
    if len(value) > limits.TEXT:
        raise RefusedError(gettext_noop("This text is too long."))
    return value


def folded(value: str) -> str:
    """As both sides of a comparison are folded; stored texts are NFC already."""
    return unicodedata.normalize("NFC", value).casefold()


def pattern(value: Any) -> str:
    """A regular expression that RE2 can run."""
    expression = text(value)
    reason = fault(expression)
    if reason:
        raise RefusedError(gettext_noop("This is no regular expression: {reason}"), reason=reason)
    return expression


@lru_cache(maxsize=256)
def fault(expression: str) -> str:
    """Why `expression` can't be looked for; empty: it can.

    RE2 itself is asked first: it refuses what would grow too large within 20 ms. DuckDB's is an older one, which does
    not know all that is valid now, and is the one that runs.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = PATTERN_BYTES
    expression = unicodedata.normalize("NFC", expression)
    try:
        re2.compile(expression, options)
        with closing(duck.cursor()) as cursor:
            cursor.execute("SELECT regexp_matches('', ?, 'i')", [expression])
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        return (reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason))[:120] or "?"
    except duckdb.InvalidInputException as error:
        return str(error).removeprefix("Invalid Input Error: ")[:120]
    return ""


class Text(ValueType):
    """Any text. An empty one is no value."""

    operators = (
        "eq",
        "ne",
        "in",
        "not_in",
        "contains",
        "not_contains",
        "starts_with",
        "ends_with",
        "matches",
        "is_set",
        "is_not_set",
    )

    @override
    def operand(self, op: str, value: Any) -> Any:
        if op == "in":
            return listed(value, text)
        return within("value", pattern if op == "matches" else text, value)

    @override
    def where(self, op: str, operand: Any, column: Column, context: Any) -> Where:
        if op == "matches":  # DuckDB runs them by RE2 as well
            return column.where("regexp_matches({}, ?, 'i')", unicodedata.normalize("NFC", operand))
        if op == "in":
            return column.where(f"{{f}} IN ({marks(operand)})", *map(folded, operand))
        # No LIKE: in a text that was typed, % and _ mean themselves.
        template = {
            "eq": "{f} = ?",
            "contains": "contains({f}, ?)",
            "starts_with": "starts_with({f}, ?)",
            "ends_with": "suffix({f}, ?)",
        }[op]
        return column.where(template, folded(operand))

    @override
    def told(self, op: str, operand: Any, name: Sentence, words: Words) -> Sentence:
        if op == "in":
            return phrase(_("{field} is {values}"), field=name, values=words.any_of(operand))
        if op == "not_in":
            return phrase(_("{field} is not {values}"), field=name, values=words.any_of(operand))
        return phrase(_told(op), field=name, value=operand)


def _told(op: str) -> str:
    return {
        "eq": _("{field} is {value}"),
        "ne": _("{field} is not {value}"),
        "contains": _("{field} contains “{value}”"),
        "not_contains": _("{field} does not contain “{value}”"),
        "starts_with": _("{field} starts with “{value}”"),
        "ends_with": _("{field} ends with “{value}”"),
        "matches": _("{field} matches the pattern “{value}”"),
    }[op]


class Url(Text):
    """An address: compared without its fragment, as a whole also without a slash at its end."""

    @override
    def where(self, op: str, operand: Any, column: Column, context: Any) -> Where:
        if op == "in":
            return column.where(f"rtrim({{f}}, '/') IN ({marks(operand)})", *map(whole, operand))
        if op == "eq":
            return column.where("rtrim({f}, '/') = ?", whole(operand))
        return super().where(op, operand, column, context)


def whole(address: str) -> str:
    """An address as it is compared as a whole."""
    return folded(address).partition("#")[0].rstrip("/")
