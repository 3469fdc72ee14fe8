"""Texts: compared without regard to case, folded as Unicode says; patterns are linear-time regular expressions."""

import unicodedata
from functools import lru_cache
from typing import Any

import re2
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap
from typing_extensions import override

from contacts.id_sets import bitmap
from segmentation.criteria import limits
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError, within
from segmentation.criteria.values.base import ValueType, listed
from segmentation.criteria.where import Column, Where
from segmentation.criteria.words import Sentence, Words, phrase

FOLDED = 'casefold({} COLLATE "pg_unicode_fast")'  # PostgreSQL's equal of str.casefold
CHUNK = 5_000  # distinct values held at a time while a pattern is tried


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
    compiled(text(value))
    return str(value)


@lru_cache(maxsize=256)
def compiled(expression: str) -> Any:
    """RE2's form of `expression`, ignoring case; it is looked for anywhere in the text."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(unicodedata.normalize("NFC", expression), options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise RefusedError(gettext_noop("This is no regular expression: {reason}"), reason=reason[:120]) from None


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
    def holding(self, op: str, operand: Any, column: Column, context: Context) -> BitMap:
        if op == "matches":
            return context.once(("matches", operand, column), lambda: _matching(compiled(operand), column))
        return super().holding(op, operand, column, context)

    @override
    def where(self, op: str, operand: Any, column: Column, context: Context) -> Where:
        if op == "in":
            return column.where(f"{FOLDED} = ANY(%s)", [folded(one) for one in operand])
        # No LIKE: in a text that was typed, % and _ mean themselves.
        template = {
            "eq": f"{FOLDED} = %s",
            "contains": f"strpos({FOLDED}, %s) > 0",
            "starts_with": f"starts_with({FOLDED}, %s)",
            "ends_with": f"right({FOLDED}, %s) = %s",
        }[op]
        needle = folded(operand)
        return column.where(template, *((len(needle), needle) if op == "ends_with" else (needle,)))

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


def _matching(expression: Any, column: Column) -> BitMap:
    """PostgreSQL's own regular expressions are not linear and mean other things, so RE2 sees every distinct value here.

    They are streamed: memory holds one chunk of values with the ids that have them.
    """
    found = BitMap()
    values = f"SELECT c.id, {column.sql} AS value FROM contacts_contact c"  # noqa: S608 - constants
    query = f"SELECT value, string_agg(int4send(id), '') FROM ({values}) v WHERE value IS NOT NULL GROUP BY value"  # noqa: S608
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, column.params)
        while rows := cursor.fetchmany(CHUNK):
            found |= bitmap(b"".join(ids for value, ids in rows if expression.search(value)))
    return found
