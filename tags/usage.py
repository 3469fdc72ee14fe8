"""What names a label: asked before one is deleted. Apps above add to `providers` in their `AppConfig.ready`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from tags.models import Category, Tag


@dataclass(frozen=True)
class Use:
    """Something that would break, or widen, if the label went."""

    what: str | Promise  # "Segment", "Saved criteria", "Action" …, translated
    name: str
    url: str = ""
    administrators: bool = False  # whether only they can open it


class InUseError(Exception):
    """A label was to be deleted that something still names."""

    def __init__(self, uses: Sequence[Use]) -> None:
        super().__init__(f"used by {len(uses)}")
        self.uses = list(uses)

    @property
    def named(self) -> str:
        """What names it, in a line."""
        return ", ".join(f"{use.what} {use.name}" for use in self.uses)


Provider = Callable[[Tag | Category], list[Use]]
providers: list[Provider] = []
losing: list[Provider] = []  # what names the label without keeping it: it would not be understood any more


def uses_of(label: Tag | Category) -> list[Use]:
    """Everything that names `label`. Called with the label's row locked."""
    return [use for provider in providers for use in provider(label)]


def losing_with(label: Tag | Category) -> list[Use]:
    """What would not be understood without `label`, to be told before it is deleted."""
    return [use for provider in losing for use in provider(label)]
