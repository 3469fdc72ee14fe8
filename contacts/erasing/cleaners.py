"""Where contacts stand by their ids after their rows are gone, and how they are taken out. Apps above add theirs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db.models import Model, Q, QuerySet
from pyroaring import BitMap

from contacts.models import LabelWrite
from jobs.models import ACTIVE, Job

AT_ONCE = 20  # rows whose sets are in memory at a time: up to a megabyte each
MARGIN = timedelta(minutes=1)  # a job asked for so shortly after may still have met the person


class Cleaner(Protocol):
    """One kind of thing kept. They come in the order of `order`: what is found by sets before the sets."""

    @property
    def name(self) -> str: ...

    @property
    def order(self) -> int: ...

    def busy(self, at: datetime) -> bool:
        """Whether work asked for before `at` is still going on, which may yet write down who was erased then."""

    def clean(self, ids: BitMap, after: int) -> int | None:
        """Takes these contacts out of some rows after the one of this id; the last it looked at, None at the end."""


@dataclass(frozen=True)
class StoredSets:
    """Columns of Roaring bitmaps. `counted`: the model's column `erased` notes how many left each set.

    So a number beside a set stays what was counted then, and is the set's with those erased since.
    """

    model: type[Model]
    columns: tuple[str, ...]
    counted: bool = False
    order: int = 50

    @property
    def name(self) -> str:
        return self.model._meta.label_lower  # noqa: SLF001 - Django's public name for it

    def busy(self, at: datetime) -> bool:
        return issubclass(self.model, Job) and going_on(self.model, at)

    def clean(self, ids: BitMap, after: int) -> int | None:
        rows = list(self.rows.filter(pk__gt=after).order_by("pk").values_list("pk", *self.columns)[:AT_ONCE])
        for pk, *packed in rows:
            if any(set_of(each) & ids for each in packed):
                self.take_out(pk, ids)
        return rows[-1][0] if len(rows) == AT_ONCE else None

    @property
    def rows(self) -> QuerySet[Any]:
        holding = Q()
        for column in self.columns:
            holding |= Q(**{f"{column}__isnull": False})
        return self.model._default_manager.filter(holding)  # noqa: SLF001 - as above

    def take_out(self, pk: int, ids: BitMap) -> None:
        rows = self.model._default_manager.filter(pk=pk)  # noqa: SLF001 - as above
        row = rows.select_for_update(no_key=True, of=("self",)).first()
        if row is None:
            return
        changes: dict[str, Any] = {}
        told = dict(getattr(row, "erased", {}))
        for column in self.columns:
            members = set_of(getattr(row, column))
            if gone := members.intersection_cardinality(ids):
                changes[column] = packed(members - ids)
                told[column] = told.get(column, 0) + gone
        if changes:
            rows.update(**changes, **({"erased": told} if self.counted else {}))


class LabelWrites:
    """Whom a label was written on: what undoing goes by. A note about nobody any more goes."""

    name, order = "contacts.labelwrite", 50

    def busy(self, at: datetime) -> bool:
        return False

    def clean(self, ids: BitMap, after: int) -> int | None:
        seen = LabelWrite.objects.filter(pk__gt=after).order_by("pk").values_list("pk", "first", "last", "contacts")
        rows = list(seen[:AT_ONCE])
        for pk, first, last, stored in rows:
            if first <= ids.max() and ids.min() <= last and (members := set_of(stored)) & ids:
                write = LabelWrite.objects.filter(pk=pk)
                if left := members - ids:
                    write.update(contacts=packed(left), first=left.min(), last=left.max())
                else:
                    write.delete()
        return rows[-1][0] if len(rows) == AT_ONCE else None


cleaners: dict[str, Cleaner] = {}
remains: list[Callable[[BitMap], BitMap]] = []  # which of these something derived, which renews itself, still holds


def register_cleaner(cleaner: Cleaner) -> None:
    """A name registered again is replaced, so that ready may run twice."""
    cleaners[cleaner.name] = cleaner


def in_order() -> list[Cleaner]:
    return sorted(cleaners.values(), key=lambda each: (each.order, each.name))


def going_on(model: type[Job], at: datetime) -> bool:
    return model.objects.filter(state__in=ACTIVE, requested_at__lte=at + MARGIN).exists()


def set_of(stored: bytes | memoryview | None) -> BitMap:
    return BitMap.deserialize(bytes(stored)) if stored else BitMap()


def packed(members: BitMap) -> bytes:
    members.run_optimize()
    return members.serialize()


def union(sets: Iterable[Iterable[int]]) -> BitMap:
    return BitMap.union(BitMap(), *(BitMap(each) for each in sets))
