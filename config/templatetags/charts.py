"""Small charts as SVG without inline style: colours come from classes in static/css/chart.css."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SPARK_WIDTH, SPARK_HEIGHT = 72, 22
WIDTH, HEIGHT = 1000, 220


@dataclass(frozen=True)
class Point:
    """One dot of a line chart, placed in the drawing, with what to say about it."""

    x: float
    y: float
    text: str


def nice_top(highest: float) -> int:
    """The smallest 1, 2, 2.5 or 5 times a power of ten that holds `highest`, so that the scale reads easily."""
    if highest <= 4:
        return 4
    power = 10 ** (len(str(int(highest))) - 1)
    for step in (1, 2, 2.5, 4, 5, 8, 10):
        if highest <= step * power:
            return int(step * power)
    return int(highest)


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


def line_chart_shape(points: Sequence[tuple[Any, float]], texts: Sequence[str]) -> dict[str, Any]:
    """Geometry of a line chart of (label, value): the scale begins at 0.

    Shape: dots as `Point`, `line` and `area` as SVG point lists, `top` of the scale.
    """
    top = nice_top(max(value for _label, value in points))
    xs = spread(len(points), WIDTH)
    dots = [
        Point(round(x, 1), round(HEIGHT - HEIGHT * value / top, 1), text)
        for x, (_label, value), text in zip(xs, points, texts, strict=True)
    ]
    line = " ".join(f"{dot.x},{dot.y}" for dot in dots)
    return {"dots": dots, "line": line, "area": f"{dots[0].x},{HEIGHT} {line} {dots[-1].x},{HEIGHT}", "top": top}
