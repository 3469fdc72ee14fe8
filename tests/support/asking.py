"""Asking criteria about people whose answers are known; what comes back is checked against its complement."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from segmentation.criteria import Catalog, Context, check, parse
from segmentation.engine import evaluate
from tests.factories import NOW

WARSAW = ZoneInfo("Europe/Warsaw")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def members(tree: Any, *, now: datetime = NOW, zone: ZoneInfo = WARSAW, **context: Any) -> set[int]:
    return set(evaluate(parse(tree), context=Context(now=now, zone=zone, **context)).members)


def found(tree: Any, people: dict[str, int]) -> str:
    """The names of those a tree finds; its complement must find exactly the others."""
    check(parse(tree), Catalog())
    inside, outside = members(tree), members({"not": tree})
    assert not inside & outside
    assert inside | outside == set(people.values())
    return " ".join(name for name, pk in people.items() if pk in inside)
