"""What one form has counted is not counted again while it is edited, as long as it cannot have changed.

A criterion's set is kept with stamps of the rows it was made of (`Tail.stamp`: equal stamps, equal rows). It is taken
again only if they are the same, and time has not moved it: same day, no hours, nothing that happened later than it was
counted. So a count is as exact with it as without. Stored calculations never use it.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.cache import cache
from pyroaring import BitMap

from segmentation.criteria import Context, Criterion
from segmentation.criteria.base import speaks_of_now

KEPT_S = 600  # longer than somebody thinks about the next change; what is counted again is kept again
Stamps = tuple[tuple[int | str, ...], ...]


@dataclass(frozen=True)
class Kept:
    """What a criterion came to at `at`, on the account's `day`."""

    stamps: Stamps
    at: datetime
    day: date
    made: Any


@dataclass(frozen=True)
class Session:
    """One form of one user."""

    user: int
    place: str

    def find(self, criterion: Criterion, context: Context) -> BitMap | None:
        """The criterion's set, if what was counted before is still right."""
        packed = self.recall("counted", criterion, context)
        return None if packed is None else BitMap.deserialize(packed)

    def keep(self, criterion: Criterion, context: Context, members: BitMap) -> None:
        """Has `find` find it next time."""
        self.retain("counted", criterion, context, members.serialize())

    def recall(self, what: str, criterion: Criterion, context: Context) -> Any:
        """What was made of the criterion before, if it is still right; else None."""
        stamps = self._stamps(criterion, context)
        if stamps is None:
            return None
        kept = cache.get(self._key(what, criterion, context))
        if kept is None or kept.stamps != stamps or not self._same_time(kept, criterion, context):
            return None
        return kept.made

    def retain(self, what: str, criterion: Criterion, context: Context, made: Any) -> None:
        """Has `recall` give `made` next time."""
        stamps = self._stamps(criterion, context)
        if stamps is not None:
            cache.set(self._key(what, criterion, context), Kept(stamps, context.now, context.today, made), KEPT_S)

    @staticmethod
    def _stamps(criterion: Criterion, context: Context) -> Stamps | None:
        """Of the rows that alone decide the criterion; None if other things do, or new rows are too many to tell."""
        if not criterion.reads or context.only is not None or context.until is not None:
            return None
        tails = context.reader.tails
        stamps = [tails[kind].stamp for kind in ("contact", *criterion.reads)]
        return tuple(stamp for stamp in stamps if stamp is not None) if None not in stamps else None

    @staticmethod
    def _same_time(kept: Kept, criterion: Criterion, context: Context) -> bool:
        if not criterion.moves_with_time(context.catalog):
            return True
        if kept.day != context.today or context.now < kept.at or "contact" in criterion.reads:
            return False  # a contact's own dates may lie ahead
        if speaks_of_now(criterion.raw.get("where")):
            return False  # and so may those of what happened
        if '"hour"' in json.dumps(criterion.raw):
            return False
        latest = [context.reader.latest(kind) for kind in criterion.reads]
        return all(at is None or at < kept.at for at in latest)  # at that very instant: in what begins now, then not

    def _key(self, what: str, criterion: Criterion, context: Context) -> str:
        mask = "" if context.mask is None else hashlib.blake2b(context.mask.serialize()).hexdigest()
        about = [criterion.raw, criterion.settings(context.catalog), str(context.zone), mask]
        digest = hashlib.blake2b(json.dumps(about, sort_keys=True, default=str).encode(), digest_size=16)
        return f"{what}:{self.user}:{self.place}:{digest.hexdigest()}"
