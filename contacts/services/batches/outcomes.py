"""What becomes of each item of a batch."""

from dataclasses import dataclass
from typing import Literal

from django.core.exceptions import ValidationError

Mode = Literal["create", "update", "both"]
Empty = Literal["keep", "clear"]
Status = Literal["created", "updated", "unchanged", "skipped", "rejected"]


@dataclass(frozen=True)
class FieldError:
    """What is wrong with an item, or why it was passed over. `field`: "email", "attributes.city", "" for the item."""

    field: str
    code: str
    message: str

    @classmethod
    def of(cls, field: str, error: ValidationError) -> "FieldError":
        return cls(field, error.error_list[0].code or "invalid", " ".join(error.messages))


@dataclass(frozen=True)
class Outcome:
    """Of one item. `contact_id`: None where it was rejected, or there is no such contact."""

    status: Status
    contact_id: int | None
    errors: tuple[FieldError, ...] = ()


class BatchRefusedError(Exception):
    """All or none was asked for, and it is none. `outcomes`: of each item what would have become of it by itself."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__(f"{sum(each.status == 'rejected' for each in outcomes)} rejected")
        self.outcomes = outcomes
