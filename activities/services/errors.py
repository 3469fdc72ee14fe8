"""What is wrong with a batch: a list, item by item."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_ERRORS = 100
MOST_OF_ITEM = 20  # in a batch of which the wrong items are left out


@dataclass(frozen=True)
class ItemError:
    """One thing that is wrong. `item`: its position from 0, None for the batch itself; `field`: "params.price"."""

    item: int | None
    field: str
    message: str
    code: str

    @property
    def path(self) -> str:
        """ "items[3].params.price"."""
        item = "items" if self.item is None else f"items[{self.item}]"
        return f"{item}.{self.field}" if self.field else item

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class BatchError(Exception):
    """The batch was refused as a whole and nothing of it written. `errors`: the first hundred, in order."""

    def __init__(self, errors: list[ItemError]) -> None:
        self.errors = errors
        super().__init__("\n".join(map(str, errors)))


@dataclass(frozen=True)
class Partly:
    """What became of a batch of which the wrong items were left out; everything in the items' places.

    `statuses`: "created", "updated", "unchanged" or "rejected"; `ids`: of the rows written, where they have any that
    matter (orders); `errors`: in order, of each rejected item at least one and at most MOST_OF_ITEM.
    """

    statuses: list[str]
    ids: list[int | None]
    errors: list[ItemError]

    @property
    def written(self) -> int:
        return sum(status in ("created", "updated") for status in self.statuses)


class Complaints:
    """What is found wrong while a batch is read.

    partial: the items complained of are left out, and the rest is written; only what is wrong with the batch itself
    refuses it.
    """

    def __init__(self, *, partial: bool = False) -> None:
        self.errors: list[ItemError] = []
        self.partial = partial
        self.wrong: dict[int, int] = {}  # how many of each item

    def add(self, item: int | None, field: str, problem: ValidationError | str, code: str = "invalid") -> None:
        """Raises: BatchError once there are enough."""
        if item is not None:
            self.wrong[item] = self.wrong.get(item, 0) + 1
            if self.partial and self.wrong[item] > MOST_OF_ITEM:
                return
        if isinstance(problem, ValidationError):
            code = problem.error_list[0].code or code
            problem = " ".join(problem.messages)
        self.errors.append(ItemError(item, field, problem, code))
        if not self.partial and len(self.errors) >= MOST_ERRORS:
            self.finish()

    def copy(self) -> "Complaints":
        """The same so far, to go on from twice."""
        copied = Complaints(partial=self.partial)
        copied.errors, copied.wrong = list(self.errors), dict(self.wrong)
        return copied

    def unknown(self, item: int, field: str) -> None:
        self.add(item, field, _("There is no such field."), "unknown")

    def finish(self) -> None:
        """Raises: BatchError if there were any that refuse the batch."""
        refusing = [error for error in self.errors if error.item is None] if self.partial else self.errors
        if refusing:
            raise BatchError(in_order(refusing))

    def right(self, number: int) -> Sequence[int]:
        """The positions of a batch of so many items that nothing is wrong with."""
        return [item for item in range(number) if item not in self.wrong] if self.wrong else range(number)

    def outcome(self, statuses: Sequence[str], ids: Sequence[int | None] = ()) -> Partly:
        """Of a batch that is written: `statuses` and `ids` of all its items, whatever they say of the wrong ones."""
        told = ["rejected" if item in self.wrong else status for item, status in enumerate(statuses)]
        known = [None if item in self.wrong else pk for item, pk in enumerate(ids or [None] * len(told))]
        return Partly(told, known, in_order(self.errors))


def in_order(errors: Iterable[ItemError]) -> list[ItemError]:
    return sorted(errors, key=lambda error: -1 if error.item is None else error.item)
