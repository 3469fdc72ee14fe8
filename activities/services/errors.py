"""What is wrong with a batch: a list, item by item."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_ERRORS = 100


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


class Complaints:
    """What is found wrong while a batch is read."""

    def __init__(self) -> None:
        self.errors: list[ItemError] = []

    def add(self, item: int | None, field: str, problem: ValidationError | str, code: str = "invalid") -> None:
        """Raises: BatchError once there are enough."""
        if isinstance(problem, ValidationError):
            code = problem.error_list[0].code or code
            problem = " ".join(problem.messages)
        self.errors.append(ItemError(item, field, problem, code))
        if len(self.errors) >= MOST_ERRORS:
            self.finish()

    def unknown(self, item: int, field: str) -> None:
        self.add(item, field, _("There is no such field."), "unknown")

    def finish(self) -> None:
        """Raises: BatchError if there were any."""
        if self.errors:
            raise BatchError(sorted(self.errors, key=lambda error: -1 if error.item is None else error.item))
