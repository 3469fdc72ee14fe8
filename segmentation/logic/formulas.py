"""Criteria as statements about values, joined by "all of" and "one of", so that it shows which exclude each other."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from segmentation.criteria.base import Criterion
from segmentation.logic.domains import YES, YES_OR_NO, Values, whole

Told = tuple[Criterion, bool]  # a criterion as it stands, or negated


@dataclass(frozen=True)
class Start:
    """What a subject's value can be at all: one of `values`, or nothing if it may be `missing`."""

    values: Values
    missing: bool = True
    whole: bool = False  # whole numbers only


@dataclass(frozen=True)
class Claim:
    """That the value of `subject` is one of `values`, or is missing if `missing`. One subject has one `start`."""

    subject: Hashable
    values: Values
    start: Start
    missing: bool = False
    told: tuple[Told, ...] = ()


@dataclass(frozen=True)
class AllOf:
    parts: "tuple[Formula, ...]"


@dataclass(frozen=True)
class OneOf:
    """One of the parts is enough; without any part it never holds."""

    parts: "tuple[Formula, ...]"


Formula = Claim | AllOf | OneOf
BOOLEAN = Start(YES_OR_NO, missing=False)


def statement(subject: Hashable) -> Claim:
    """Something that is either so or not, of which no more is known."""
    return Claim(subject, YES, BOOLEAN)


def negated(formula: Formula) -> Formula:
    """The complement."""
    match formula:
        case AllOf(parts):
            return OneOf(tuple(map(negated, parts)))
        case OneOf(parts):
            return AllOf(tuple(map(negated, parts)))
    return Claim(formula.subject, ~formula.values, formula.start, not formula.missing, formula.told)


def marked(formula: Formula, told: Told) -> Formula:
    """The formula with what its claims come from."""
    match formula:
        case AllOf(parts):
            return AllOf(tuple(marked(part, told) for part in parts))
        case OneOf(parts):
            return OneOf(tuple(marked(part, told) for part in parts))
    return Claim(formula.subject, formula.values, formula.start, formula.missing, (told,))


@dataclass(frozen=True)
class Left:
    """What the value of a subject may still be after some claims, and which these were."""

    values: Any
    missing: bool
    told: tuple[Told, ...]


Known = dict[Hashable, Left]


def narrowed(known: Known, claim: Claim) -> Left:
    """What is left of the claim's subject if the claim holds as well."""
    left = known.get(claim.subject) or Left(claim.start.values, claim.start.missing, ())
    values = left.values & claim.values
    missing = left.missing and claim.missing
    return Left(whole(values) if claim.start.whole else values, missing, together(left.told, claim.told))


def together(some: tuple[Told, ...], more: tuple[Told, ...]) -> tuple[Told, ...]:
    """Both, each once. Criteria are one only if they stand in one place."""
    new = [told for told in more if not any(told[0] is one[0] and told[1] == one[1] for one in some)]
    return (*some, *new) if new else some


def clash(formula: Formula, known: Known | None = None) -> tuple[Told, ...] | None:
    """Which criteria exclude each other if the formula, with what is `known`, can't hold; None: it may.

    Never says so wrongly, but does not find everything: of alternatives each is looked at alone.
    """
    facts = dict(known or {})
    alternatives: list[OneOf] = []
    waiting: list[Formula] = [formula]
    while waiting:
        part = waiting.pop()
        match part:
            case AllOf(parts) | OneOf((_,) as parts):
                waiting.extend(reversed(parts))
            case OneOf():
                alternatives.append(part)
            case Claim():
                left = narrowed(facts, part)
                if not left.values and not left.missing:
                    return left.told
                facts[part.subject] = left
    for choice in alternatives:
        blamed: tuple[Told, ...] = ()
        for part in choice.parts:
            found = clash_of(part, facts)
            if found is None:
                break
            blamed = together(blamed, found)
        else:
            return blamed
    return None


def clash_of(part: Formula, facts: Known) -> tuple[Told, ...] | None:
    """`clash`, without copying what is known where that is not needed: lists of names are thousands of alternatives."""
    if not isinstance(part, Claim):
        return clash(part, facts)
    left = narrowed(facts, part)
    return None if left.values or left.missing else left.told
