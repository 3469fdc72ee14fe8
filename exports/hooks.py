"""Where apps above this one join in: explicit lists, filled in `AppConfig.ready`, called in order."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exports.models import ExportFile

# Called in the transaction that offers a file, with the file and the moment: raise there and it is not offered.
ready: list[Callable[["ExportFile", datetime], None]] = []


def announce(file: "ExportFile", now: datetime) -> None:
    """Tells everybody in `ready` that `file` is offered."""
    for callback in ready:
        callback(file, now)
