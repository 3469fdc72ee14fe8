"""The geometry of small drawings as SVG without inline style: colours come from classes in static/css/chart.css.

Charts with an axis and a table are config.charts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SPARK_WIDTH, SPARK_HEIGHT = 72, 22
WIDTH = 1000
THIN = 4  # the narrowest part of a bar


def spread(count: int, width: float) -> list[float]:
    """`count` places from 0 to `width`; a single one in the middle."""
    if count == 1:
        return [width / 2]
    return [i * width / (count - 1) for i in range(count)]


def sparkline_points(values: Sequence[float]) -> str:
    """The `points` of a sparkline. The scale begins at the lowest value, so that small changes show."""
    low, high = min(values), max(values)
    room = high - low or 1
    ys = [SPARK_HEIGHT - 3 - (SPARK_HEIGHT - 6) * (v - low) / room if high > low else SPARK_HEIGHT / 2 for v in values]
    xs = spread(len(values), SPARK_WIDTH)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))


def overlap_shape(only_first: int, both: int, only_second: int) -> dict[str, tuple[float, float]]:
    """Two bars, one above the other, on one scale: where each part begins, and how wide it is.

    What is in both stands at the same place in both bars. A part that is not empty is always to be seen.
    """
    sizes = {"first": only_first, "both": both, "second": only_second}
    whole = sum(sizes.values()) or 1
    widths = {name: max(WIDTH * size / whole, THIN) if size else 0.0 for name, size in sizes.items()}
    scale = WIDTH / (sum(widths.values()) or 1)
    start, places = 0.0, {}
    for name, width in widths.items():
        places[name] = (round(start * scale, 1), round(width * scale, 1))
        start += width
    return places


@dataclass(frozen=True)
class Column:
    """One bar of a histogram, placed in a drawing of `BARS_WIDTH` by `BARS_HEIGHT`."""

    x: float
    y: float
    width: float
    height: float


BARS_WIDTH, BARS_HEIGHT = 1000, 100
SEEN = 2  # high at least, where there is anybody


def histogram_shape(counts: Sequence[int], *, beside: Sequence[bool] = ()) -> list[Column]:
    """Geometry of bars side by side. `beside`: bars that must not press the others down: cut off where they would."""
    apart = [count for count, other in zip(counts, beside or [False] * len(counts), strict=True) if not other]
    top = max(apart, default=0) or max(counts, default=0) or 1
    step = BARS_WIDTH / max(len(counts), 1)
    columns = []
    for place, count in enumerate(counts):
        height = max(min(count / top, 1) * BARS_HEIGHT, SEEN if count else 0)
        columns.append(
            Column(round(place * step, 1), round(BARS_HEIGHT - height, 1), round(step * 0.86, 1), round(height, 1))
        )
    return columns
