"""The parts that buyers fall into: a name for addresses, criteria where there are any, and words.

`group~loyal`, `cell~both~5~4`, `band~big`, `kind~one_time`, `kind~none`, `all`; and what no criteria can say:
`moved~lost~loyal~2026-10-23`, from group to group since the end of a day (`none`: no order then), and
`then~lost~2026-10-23`, whoever was in a group at the end of that day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.templatetags.times import day_text
from insights.buyers.counting import BANDS, BY_ORDERS
from segmentation.criteria.buyers import GROUPS, SCORES
from segmentation.parts.buyers import BAND_NAMES, BUYER_NAMES, GROUP_NAMES, SCORE_NAMES

BY = ("both", "frequency", "monetary")  # what columns of the map are
NONE = "none"
Tree = dict[str, Any]


class NoSuchPartError(LookupError):
    """An address names no part."""


@dataclass(frozen=True)
class Moved:
    """From one place of GROUPS to another since the end of a day. before: None: no order then; after: None: any."""

    before: int | None
    after: int | None
    since: date


@dataclass(frozen=True)
class Part:
    """Criteria that exactly these contacts satisfy, or a movement, which none can say."""

    criteria: Tree | None = None
    moved: Moved | None = None


def part_of(text: str, *, today: date) -> Part:
    """Raises: NoSuchPartError."""
    match text.split("~"):
        case ["all"]:
            return Part({"not": spender("kind", NONE)})
        case ["group", name] if name in GROUPS:
            return Part(group(name))
        case ["cell", by, row, column] if by in BY and is_score(row) and is_score(column):
            return Part(cell(by, int(row), int(column)))
        case ["score", name, score] if name in SCORE_NAMES and is_score(score):
            return Part(scored({name: int(score)}))
        case ["band", name] if name in BANDS:
            return Part(spender("band", name))
        case ["kind", name] if name in (*BY_ORDERS, NONE):
            return Part(spender("kind", name))
        case ["moved", before, after, day] if before in (*GROUPS, NONE) and after in GROUPS:
            old = None if before == NONE else GROUPS.index(before)
            return Part(moved=Moved(old, GROUPS.index(after), day_of(day, today)))
        case ["then", before, day] if before in GROUPS:
            return Part(moved=Moved(GROUPS.index(before), None, day_of(day, today)))
    raise NoSuchPartError(text)


def is_score(text: str) -> bool:
    return text in map(str, range(1, SCORES + 1))


def day_of(text: str, today: date) -> date:
    """A day of the past. Raises: NoSuchPartError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NoSuchPartError(text) from None
    if text != day.isoformat() or not date(1970, 1, 1) <= day < today:
        raise NoSuchPartError(text)
    return day


# --- criteria --------------------------------------------------------------------------------------------------
def group(name: str) -> Tree:
    return {"kind": "rfm", "groups": [name]}


def spender(key: str, name: str) -> Tree:
    return {"kind": "spender", ("band" if key == "band" else "buyer"): name}


def scored(asked: dict[str, int]) -> Tree:
    return {"kind": "rfm", **{name: {"op": "eq", "value": score} for name, score in asked.items()}}


def cell(by: str, recency: int, column: int) -> Tree:
    """A cell of the map. By both, frequency and money come to twice the column, or to one less."""
    if by != "both":
        return scored({"recency": recency, by: column})
    pairs: dict[int, list[int]] = {}
    for often, much in together(column):
        pairs.setdefault(often, []).append(much)
    several = [
        {
            "kind": "rfm",
            "recency": {"op": "eq", "value": recency},
            "frequency": {"op": "eq", "value": often},
            "monetary": {"op": "eq", "value": much[0]} if len(much) == 1 else {"op": "in", "value": much},
        }
        for often, much in pairs.items()
    ]
    return several[0] if len(several) == 1 else {"any": several}


def together(column: int) -> Iterator[tuple[int, int]]:
    """The scores for frequency and money that are this one of both."""
    for often in range(1, SCORES + 1):
        for much in range(1, SCORES + 1):
            if (often + much + 1) // 2 == column:
                yield often, much


# --- words -----------------------------------------------------------------------------------------------------
def words_of(text: str, part: Part, *, now: datetime) -> str:
    """A part in the reader's language: what a chip says."""
    match text.split("~"):
        case ["all"]:
            return _("Buyers")
        case ["group", name]:
            return _("RFM group %(group)s") % {"group": GROUP_NAMES[name]}
        case ["cell", by, row, column]:
            values = {"recency": row, "score": column}
            template = {
                "both": _("RFM: recency %(recency)s, frequency and amount together %(score)s"),
                "frequency": _("RFM: recency %(recency)s, frequency %(score)s"),
            }.get(by, _("RFM: recency %(recency)s, amount spent %(score)s"))
            return template % values
        case ["score", name, score]:
            return _("RFM score for %(name)s: %(score)s") % {"name": SCORE_NAMES[name], "score": score}
        case ["band", name]:
            return str(capfirst(str(BAND_NAMES[name])))
        case ["kind", name]:
            return str(capfirst(str(BUYER_NAMES[name])))
    assert part.moved is not None  # noqa: S101 - `part_of` knows no other
    since = day_text(part.moved.since, now=now)
    before = _("no order") if part.moved.before is None else GROUP_NAMES[GROUPS[part.moved.before]]
    if part.moved.after is None:
        return _("%(before)s at the end of %(day)s") % {"before": before, "day": since}
    after = GROUP_NAMES[GROUPS[part.moved.after]]
    return _("%(before)s at the end of %(day)s, now %(after)s") % {"before": before, "day": since, "after": after}
