"""Cells, which are texts, to the values that services take: numbers, dates and answers as the file writes them."""

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from activities.models import OrderStatus
from contacts.attributes import FALSE, TRUE
from contacts.models import ConsentState, Status
from contacts.normalising import quoted
from imports.fields import Shape
from imports.guessing import folded

SPACES = re.compile(r"[\s\u00a0\u202f\u2009']")
CURRENCY = re.compile(r"(?:zł|PLN|EUR|USD|GBP|CHF|CZK|€|\$|£)\.?", re.IGNORECASE)
PARTED = re.compile(r"[,;|\n]")
DAY = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[ T,]+(\d{1,2}:\d{2}.*))?")
HOUR = re.compile(r"(\d{1,2})(:\d{2}.*)")
GROUPS = {  # thousands parted by the sign that is not before the fraction
    ",": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?"),
    ".": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?"),
}
PLAIN_HOUR = re.compile(r"(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
MIDNIGHT = re.compile(r"0{1,2}:00(:00(\.0+)?)?")
# What a spreadsheet shows where a formula failed: no value, whatever the column.
FAILED = frozenset({"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#ARG!", "#N/D!", "#ADR!"})

Convert = Callable[[str], Any]


def converter(shape: Shape, *, decimal: str, dates: str) -> Convert:
    """From a cell, trimmed and not empty, to a value; it may raise ValidationError. The services judge it further."""
    known: dict[str, Convert] = {
        "text": str,
        "plain": str,
        "whole": lambda text: whole_of(text, decimal),
        "number": lambda text: number_of(text, decimal),
        "money": lambda text: number_of(CURRENCY.sub("", text), decimal),
        "day": lambda text: day_of(text, dates),
        "moment": lambda text: moment_of(text, dates),
        "status": lambda text: option_of(text, Status),
        "order_status": lambda text: option_of(text, OrderStatus),
        "list": list_of,
        "answer": answer_of,
    }
    found = known[shape]
    return lambda text: found(refused_if_failed(text))


def refused_if_failed(text: str) -> str:
    if text[0] == "#" and text in FAILED:
        raise ValidationError(_("The cell holds a formula that failed: %(given)s."), params={"given": text})
    return text


def number_of(text: str, decimal: str) -> str:
    """The number with a point before its fraction and nothing between thousands. What is none stays as it is."""
    plain = SPACES.sub("", text)
    other = "." if decimal == "," else ","
    if GROUPS[decimal].fullmatch(plain):
        plain = plain.replace(other, "")
    return plain.replace(",", ".") if decimal == "," and plain.count(",") == 1 and "." not in plain else plain


def whole_of(text: str, decimal: str) -> int:
    """A whole number; "12.0" is one. Raises: ValidationError."""
    plain = number_of(text, decimal)
    head, _point, fraction = plain.partition(".")
    if len(head) > 18 or not re.fullmatch(r"[+-]?\d+", head, re.ASCII) or fraction.strip("0"):
        raise ValidationError(_("“%(given)s” is no whole number."), params={"given": quoted(text)}, code="not_integer")
    return int(head)


def parted(text: str, dates: str) -> tuple[str, str]:
    """A date as 2026-11-21, and the time of day after it. Raises: ValidationError."""
    if match := DAY.fullmatch(text.strip()):
        one, two, three, rest = match.groups()
        if len(one) == 4:
            year, month, day = one, two, three
        else:
            day, month, year = (one, two, three) if dates != "mdy" else (two, one, three)
        if len(year) == 4:
            try:
                return date(int(year), int(month), int(day)).isoformat(), (rest or "").strip()
            except ValueError:
                pass
    raise ValidationError(_("“%(given)s” is no date."), params={"given": quoted(text)}, code="not_date")


def day_of(text: str, dates: str) -> str:
    """A date; a time of day is left out only if it is midnight. Raises: ValidationError."""
    day, rest = parted(text, dates)
    if rest and not MIDNIGHT.fullmatch(rest):
        raise ValidationError(
            _("“%(given)s” is a date with a time of day."), params={"given": quoted(text)}, code="not_date"
        )
    return day


def moment_of(text: str, dates: str) -> str:
    """A date with a time of day, and with its offset; of a bare date its beginning. Raises: ValidationError."""
    day, rest = parted(text, dates)
    if not rest:
        return f"{day} 00:00"
    if match := PLAIN_HOUR.fullmatch(rest if rest[1] != ":" else f"0{rest}"):
        hour, offset = match.groups()
        return f"{day} {hour}{(offset or '').upper()}"
    raise ValidationError(
        _("“%(given)s” is no date with a time of day."), params={"given": quoted(text)}, code="not_datetime"
    )


def list_of(text: str) -> list[str]:
    """Names parted by commas, semicolons, bars or lines."""
    return [part.strip() for part in PARTED.split(text) if part.strip()]


def answer_of(text: str) -> str:
    """Given or withdrawn: yes and no in both languages, or these words themselves. Raises: ValidationError."""
    word = text.casefold()
    if word in TRUE or word in answers()[ConsentState.GIVEN]:
        return ConsentState.GIVEN.value
    if word in FALSE or word in answers()[ConsentState.WITHDRAWN]:
        return ConsentState.WITHDRAWN.value
    raise ValidationError(_("“%(given)s” is neither yes nor no."), params={"given": quoted(text)}, code="not_answer")


@cache
def answers() -> dict[ConsentState, set[str]]:
    return {state: set(words_of(ConsentState)[state]) for state in ConsentState}


@cache
def words_of(options: Any) -> dict[Any, list[str]]:
    """By option: its key and what it is called in both languages, folded."""
    found: dict[Any, list[str]] = {option: [folded(option.value)] for option in options}
    for language in ("en", "pl"):
        with translation.override(language):
            for option in options:
                found[option].append(folded(str(option.label)))
    return found


@cache
def options_by_word(options: Any) -> dict[str, str]:
    return {word: option.value for option, words in words_of(options).items() for word in words}


def option_of(text: str, options: Any) -> str:
    """The option of that name in either language. What is none stays as it is: the service says so."""
    return options_by_word(options).get(folded(text), text)
