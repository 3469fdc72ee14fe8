"""Columns chosen by boxes, in an order that buttons change: those of the contact manager, those of an export."""

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar


class Grouped(Protocol):
    """What stands under a heading."""

    @property
    def group(self) -> Any: ...


Of = TypeVar("Of", bound=Grouped)


class OrderedChoice(Generic[Of]):
    """For a form: `known` are all columns by their keys, `chosen` the keys of the chosen ones in their order."""

    known: Mapping[str, Of]
    chosen: list[str]

    def move(self, wish: str) -> None:
        """Moves a chosen column up or down past the next chosen one: "up:email"."""
        direction, _sign, key = wish.partition(":")
        if key not in self.chosen:
            return
        place = self.chosen.index(key)
        other = place + (-1 if direction == "up" else 1)
        if 0 <= other < len(self.chosen):
            self.chosen[place], self.chosen[other] = self.chosen[other], self.chosen[place]

    @property
    def groups(self) -> list[tuple[str, list[tuple[Of, bool]]]]:
        """Every column and whether it is chosen, under the heading of its group, always in the same place."""
        found: dict[str, list[tuple[Of, bool]]] = {}
        for key, column in self.known.items():
            found.setdefault(str(column.group), []).append((column, key in self.chosen))
        return list(found.items())

    @property
    def ordered(self) -> list[Of]:
        """The chosen columns in their order."""
        return [self.known[key] for key in self.chosen]
