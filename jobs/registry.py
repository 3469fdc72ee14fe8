"""What the apps above give to the machinery: kinds of jobs, scheduled looks, purges."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jobs.models import Job


@dataclass(frozen=True)
class JobKind:
    """One kind of long work: `step(job, now)` does one chunk and says whether more is left.

    `area`: the area of the product it belongs to (`rollout.areas`); in accounts that this is closed to, its jobs wait.
    `stopped(job, now)`, if given, is called in the transaction that ends a job in any other way than done (failed,
    errored, cancelled), to tidy up after it. `turn`: how long a worker stays with one job before others have theirs, if
    that is less than the usual minute.
    """

    name: str
    model: type[Job]
    step: Callable[[Any, datetime], bool]
    stopped: Callable[[Any, datetime], None] | None = None
    turn: timedelta | None = None
    area: str = ""


Tick = Callable[[datetime], datetime | None]
Purge = Callable[[datetime], None]

KINDS: dict[str, JobKind] = {}
TICKS: list[Tick] = []
PURGES: list[Purge] = []
AREA_OF: dict[Tick, str] = {}  # of looks that belong to an area


def register(kind: JobKind) -> None:
    """Makes `kind` known. Called from the app's `AppConfig.ready`."""
    if KINDS.get(kind.name, kind) != kind:
        raise ValueError(f"two kinds of jobs are called {kind.name}")
    KINDS[kind.name] = kind


def kind_of(job: Job) -> JobKind:
    """The kind whose rows are of `job`'s model."""
    return next(kind for kind in KINDS.values() if kind.model is type(job))


def register_tick(look: Tick, *, area: str = "") -> Tick:
    """`look(now)` runs in an account when it is due, does what is due there and returns when it next wants to look.

    It must be short, bounded and harmless when repeated; long work belongs into a job that it wakes. With `area` it
    does not run in accounts that this is closed to, and does so at once when it is opened.
    """
    if look not in TICKS:
        TICKS.append(look)
    if area:
        AREA_OF[look] = area
    return look


def register_purge(purge: Purge) -> Purge:
    """`purge(now)` runs hourly in every account and removes what has expired, a bounded amount at a time."""
    if purge not in PURGES:
        PURGES.append(purge)
    return purge
