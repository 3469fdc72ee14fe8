"""Small charts as SVG without inline style: colours come from classes in static/css/chart.css."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SPARK_WIDTH, SPARK_HEIGHT = 72, 22
WIDTH, HEIGHT = 1000, 220
THIN = 4  # the narrowest part of a bar
RULES = 4  # of a line chart, above its lowest one


@dataclass(frozen=True)
class Point:
    """One dot of a line chart, placed in the drawing, with what to say about it."""

    x: float
    y: float
    text: str


def nice_step(room: float) -> int:
    """The smallest 1, 2, 2.5 or 5 times a power of ten, a whole number, of which `RULES` hold `room`."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power // 2, 5 * power):
            if step * RULES >= room and (power > 1 or step != 5 * power // 2):
                return step
        power *= 10


def scale_of(values: Sequence[float]) -> tuple[int, int]:
    """Where the scale begins and ends: at 0, or near the values if they differ by less than a fifth of the highest."""
    low, high = int(min(values)), max(values)
    if high == min(values) or high - low >= high / 5:
        step = nice_step(high)
        return 0, RULES * step
    step = nice_step(max(high - low, 1))
    while low // step * step + RULES * step < high:
        step = nice_step(step * RULES + 1)
    bottom = low // step * step
    return bottom, bottom + RULES * step


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


def line_chart_shape(points: Sequence[tuple[Any, float]], texts: Sequence[str]) -> dict[str, Any]:
    """Geometry of a line chart of (label, value).

    Shape: dots as `Point`, `line` and `area` as SVG point lists, `scale` from top to bottom. An area stands for an
    amount only from 0 up: where the scale begins elsewhere, `area` is empty.
    """
    bottom, top = scale_of([value for _label, value in points])
    xs = spread(len(points), WIDTH)
    dots = [
        Point(round(x, 1), round(HEIGHT - HEIGHT * (value - bottom) / (top - bottom), 1), text)
        for x, (_label, value), text in zip(xs, points, texts, strict=True)
    ]
    line = " ".join(f"{dot.x},{dot.y}" for dot in dots)
    return {
        "dots": dots,
        "line": line,
        "area": "" if bottom else f"{dots[0].x},{HEIGHT} {line} {dots[-1].x},{HEIGHT}",
        "scale": [top - (top - bottom) // RULES * rule for rule in range(RULES + 1)],
    }


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
