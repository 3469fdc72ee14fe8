"""Whom a list holds, answered as sets. The engine, which can do that, stands above contacts: it puts itself in here."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from pyroaring import BitMap


@dataclass(frozen=True)
class Order:
    """The contacts in an order, as they stood at some time before: `ids` ascending, `known` the same as a set.

    moved: contacts that may have another place now. Those of `known` who are gone are in nobody's list any more.
    """

    ids: np.ndarray
    known: BitMap
    moved: BitMap


class Answers(Protocol):
    """One state of the data: all that is asked holds in it together."""

    @property
    def everyone(self) -> BitMap:
        """The contacts there are."""

    def satisfying(self, criteria: dict[str, Any]) -> BitMap | None:
        """Who satisfies criteria. None: it can't be told so, here or now; the rows have to be asked."""

    def with_words(self, words: Sequence[str]) -> BitMap | None:
        """Who has every one of `words` in what the search box looks through (`folding.Words`). None: as above."""

    def order(self, column: str) -> Order:
        """The contacts by a column, then by id."""


Engine = Callable[[datetime], AbstractContextManager[Answers]]
_engines: list[Engine] = []


def register_engine(engine: Engine) -> None:
    """The engine from now on; there is one."""
    _engines[:] = [engine]


def answers(now: datetime) -> AbstractContextManager[Answers]:
    """The state of the data at this moment, for all that is read inside, rows included."""
    return _engines[0](now)
