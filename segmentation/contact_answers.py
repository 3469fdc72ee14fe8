"""The engine as the contact manager asks it: whom filters let through, as sets, in one state of the data."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.utils.timezone import get_current_timezone
from pyroaring import BitMap

from contacts.answering import Order
from contacts.models import Contact
from contacts.selectors import ids_of
from mirror import orders
from mirror.kinds import CONTACT
from mirror.reading import FEW
from segmentation.builder.reuse import KEPT_S, Session
from segmentation.criteria import Context, CriteriaError, parse
from segmentation.criteria.where import Where
from segmentation.engine import evaluate, snapshot

WORDS = CONTACT.column("words")
SHARED = Session(0, "contacts")  # lists are the account's: what one user has found is found for the others


class EngineAnswers:
    """Sets of contacts at `now`.

    Right after very many rows were written, as long as no files have them, the rows themselves are asked: it is faster.
    """

    def __init__(self, now: datetime) -> None:
        self.context = Context(now=now, zone=get_current_timezone(), reuse=SHARED)

    @cached_property
    def mirrored(self) -> bool:
        """Whether few contacts have been written since the files were."""
        return self.context.reader.tails["contact"].rows <= FEW

    @cached_property
    def everyone(self) -> BitMap:
        return self.context.everyone if self.mirrored else ids_of(Contact.objects.all())

    def satisfying(self, criteria: dict[str, Any]) -> BitMap | None:
        if not self.mirrored:
            return None
        try:
            return evaluate(parse(criteria), context=self.context).members
        except CriteriaError:
            return None  # a number of more digits than the language has, say: then the rows are compared with it

    def with_words(self, words: Sequence[str]) -> BitMap | None:
        if not self.mirrored:
            return None
        stamp = self.context.reader.tails["contact"].stamp
        key = f"words:{SHARED.place}:{hashlib.blake2b(' '.join(words).encode(), digest_size=16).hexdigest()}"
        kept = None if stamp is None else cache.get(key)
        if kept is not None and kept[0] == stamp:
            return BitMap.deserialize(kept[1])
        condition = " AND ".join(["contains(words, ?)"] * len(words))
        found = self.context.fetch(Where(condition or "true", tuple(words), (WORDS,)))
        if stamp is not None:
            cache.set(key, (stamp, found.serialize()), KEPT_S)
        return found

    def order(self, column: str) -> Order:
        return orders.order(column)


@contextmanager
def engine(now: datetime) -> Iterator[EngineAnswers]:
    """One state of the data at `now`."""
    with snapshot():
        yield EngineAnswers(now)
