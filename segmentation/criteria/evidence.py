"""What a contact's own data say to a criterion, in words: told after the criterion's sentence, without a full stop."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from segmentation.criteria.values.base import ValueType
from segmentation.criteria.values.boolean import Boolean
from segmentation.criteria.values.choice import Choice, Choices
from segmentation.criteria.values.number import Number
from segmentation.criteria.words import Part, Sentence, Words, phrase, plain

LISTED = 5  # labels with their times; the rest is a number
LETTERS = 120  # of a text value


def value_told(value: Any, kind: ValueType, words: Words) -> Sentence:
    """A value as the contact has it. None, an empty text and an empty list are no value."""
    if value is None or value in ("", []):
        return plain(_("no value"))
    return phrase("{value}", value=_as_text(value, kind, words))


def _as_text(value: Any, kind: ValueType, words: Words) -> Sentence | str:
    match kind:
        case Boolean():
            return _("yes") if value else _("no")
        case Choices():
            return words.all_of([kind.label(option) for option in value])
        case Choice():
            return kind.label(value)
        case Number():
            return words.number(value if isinstance(value, int) else Decimal(str(value)))
    if isinstance(value, date):  # a datetime is one as well
        return words.moment(value)
    text = str(value)
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"


def short(
    value: Decimal | int, op: str, operand: Any, words: Words, *, told: Callable[[Decimal | int], str] | None = None
) -> Sentence:
    """A number and what it lacks: `25, 5 short of 30`, `35, 5 above 30`; where it lacks nothing just the number.

    `op` and `operand` are those of numbers. told: how a number is written, `41.20 PLN` say.
    """
    told = told or words.number
    low, high = None, None
    if op in ("gt", "gte"):
        low = operand
    elif op in ("lt", "lte"):
        high = operand
    elif op == "between":
        low, high = operand.low, operand.high
    if low is not None and value < low:
        template = _("{value}, {difference} short of {bound}")
        return phrase(template, value=told(value), difference=told(low - value), bound=told(low))
    if high is not None and value > high:
        template = _("{value}, {difference} above {bound}")
        return phrase(template, value=told(value), difference=told(value - high), bound=told(high))
    return phrase("{value}", value=told(value))


def number_told(value: Any, op: str, operand: Any, words: Words) -> Sentence:
    """`short` for a number as it is kept; None is no value."""
    if value is None:
        return plain(_("no value"))
    return short(value if isinstance(value, int) else Decimal(str(value)), op, operand, words)


def own_value_told(value: Any, kind: ValueType, *, op: str, operand: Any, words: Words) -> Sentence:
    """A contact's own value, and for a number how far it is from what is asked."""
    return number_told(value, op, operand, words) if isinstance(kind, Number) else value_told(value, kind, words)


def labels_told(since: Sequence[tuple[str, datetime]], missing: Sequence[str], nothing: str, words: Words) -> Sentence:
    """`VIP since 3 Sep, 12:00; missing: PROMO`. `nothing`: what is said where the contact has none of them."""
    if not since:
        return plain(nothing)
    # Translators: a tag or category of a contact, and when it was put on
    told = [phrase(_("{label} since {date}"), label=name, date=words.moment(at)) for name, at in since[:LISTED]]
    if len(since) > LISTED:
        told.append(plain(_("{count} more").format(count=words.number(len(since) - LISTED))))
    if missing:
        # Translators: labels that a contact would have to have as well
        told.append(phrase(_("missing: {labels}"), labels=words.all_of(missing)))
    return semicolons(told)


def semicolons(sentences: Sequence[Sentence]) -> Sentence:
    """One after the other; commas stand within them."""
    parts: list[Part] = []
    for sentence in sentences:
        parts += [Part("; "), *sentence.parts] if parts else sentence.parts
    return Sentence(tuple(parts))


def lately(told: Sentence, last: datetime | None, words: Words) -> Sentence:
    """`3 visits, last 12 Nov, 14:03`: what was counted, and when the last of it happened."""
    if last is None:
        return told
    # Translators: facts: "3 visits", "2 orders"; date: when the last of them was
    return phrase(_("{facts}, last {date}"), facts=told, date=words.moment(last))
