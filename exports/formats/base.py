"""What every format of a file has: how it is begun, gone on with and made whole, and whom it can hold."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from django.utils.functional import Promise
from pyroaring import BitMap

from exports.columns import Column

State = dict[str, Any]


class IncompleteError(Exception):
    """What was written is not what was to be written."""


class TooLargeError(Exception):
    """The format cannot hold so much."""


@dataclass(frozen=True)
class Table:
    """What is written: the columns with what they are called, how cells are parted, and the account's ways.

    `consent`: the key of the one that an audience goes by.
    """

    columns: Sequence[Column]
    labels: Sequence[str]
    timezone: str
    separator: str = ","
    bom: bool = False
    consent: str = ""


class Format(ABC):
    """One format. Its state is what is committed with each chunk: all that a successor needs to go on.

    `size` in it is the length up to which the unfinished file counts; what stands behind that is cut off.
    """

    name: ClassVar[str]
    title: ClassVar[str | Promise]
    text: ClassVar[str | Promise]  # one line for who chooses
    ending: ClassVar[str] = ".csv"
    content_type: ClassVar[str] = "text/csv; charset=utf-8"
    audience: ClassVar[bool] = False  # whether it is of hashed addresses, in a layout of its own

    @property
    def columns(self) -> list[Column]:
        """Of an audience: its own."""
        return []

    @abstractmethod
    def begin(self, path: Path, table: Table) -> State:
        """Writes what stands before the rows into a new file."""

    @abstractmethod
    def append(self, path: Path, table: Table, ids: BitMap, *, state: State) -> tuple[int, State]:
        """Writes a row for each of `ids` that exists; how many it wrote, and the state after them.

        Raises: TooLargeError.
        """

    def finish(self, path: Path, table: Table, *, state: State, rows: int) -> Path:
        """Makes the file whole, maybe as another one beside it, and returns where it is.

        Raises: IncompleteError, if it does not hold `rows` rows.
        """
        if path.stat().st_size != state["size"]:
            raise IncompleteError
        return path

    def chosen(self, table: Table, ids: BitMap) -> tuple[BitMap, BitMap]:
        """Of `ids`: those that the format can hold, and of the others who exist those who did not agree to it."""
        return ids, BitMap()
