"""The scale of a chart: round numbers, always with 0 on it, so that the height of a thing is its size."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import SupportsFloat

STEPS = (1, 2, 2.5, 5, 10)
RULES = 4  # spaces between the rules, at most one more where values are on both sides of 0


@dataclass(frozen=True)
class Scale:
    """From `bottom` to `top`; `ticks` from the lowest up."""

    bottom: float
    top: float
    ticks: tuple[float, ...]

    def down(self, value: float) -> float:
        """How far below the top, in per cent of the height."""
        return 100 * (self.top - value) / (self.top - self.bottom)


def step_for(room: float, *, whole: bool) -> float:
    """The smallest round step of which `RULES` hold `room`; a whole number where the values are."""
    power = 10.0 ** floor(log10(room / RULES)) if room > 0 else 1.0
    if whole:
        power = max(power, 1.0)
    fits = [step * power for step in STEPS if step * power * RULES >= room * (1 - 1e-9)]
    return next(step for step in [*fits, 10 * power] if not whole or step == int(step))


def scale_for(values: Sequence[SupportsFloat | None]) -> Scale:
    """The scale of a chart, with 0 on it."""
    known = [float(value) for value in values if value is not None] or [0.0]
    whole = all(value == int(value) for value in known)
    low, high = min(*known, 0.0), max(*known, 0.0)
    room = high - low or 1.0
    step = step_for(room, whole=whole)
    first = floor(low / step + 1e-9)
    while low < 0 and ceil(high / step - 1e-9) - first > RULES + 1:
        step = step_for(step * (RULES + 0.5), whole=whole)
        first = floor(low / step + 1e-9)
    last = max(ceil(high / step - 1e-9), first + (1 if low < 0 else RULES))
    return Scale(first * step, last * step, tuple(round(nth * step, 9) for nth in range(first, last + 1)))
