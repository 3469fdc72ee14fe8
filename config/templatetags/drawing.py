"""The charts of config.charts, drawn as SVG and tables without inline style: colours come from static/css/chart.css.

Places across are per cent of the drawing, so that nothing is distorted when it is stretched to the width there is.
"""

from collections.abc import Iterator, Sequence
from hashlib import md5
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from config.charts import Bands, Chart, HeatMap, Series
from config.templatetags import numbers
from config.templatetags.ticks import Scale, scale_for

register = template.Library()
NAMED = 7  # places at most that have their name under the drawing
WIDTHS = (180, 270, 400, 560, 800)  # of the drawing, from which on as many names stand under it as fit: chart.css
LETTER, SPACE = 7, 10  # pixels that a letter takes on average, and between two names at least
MARKED = 24  # places at most whose points are all marked
COLUMN = 0.72  # of its place that a column takes


@register.simple_tag
def line_chart(chart: Chart | Sequence[tuple[Any, float]], label: str = "", *, table: bool = True) -> SafeString:
    """Lines over the places of a Chart, with its table. Also `points label`: one line whose table stands beside it."""
    if not isinstance(chart, Chart):
        values = [value for _place, value in chart]
        chart, table = Chart(label, "", [place for place, _value in chart], [Series(label, values)]), False
    scale = scale_for([value for one in chart.series for value in one.values])
    drawn = [lines_of(chart, place, scale) for place in range(len(chart.series))]
    return render_to_string("frame/_lines.html", common(chart, scale, table=table) | {"lines": drawn, "shape": "line"})


@register.simple_tag
def column_chart(chart: Chart, *, stacked: bool = False, table: bool = True) -> SafeString:
    """Columns at the places of a Chart: side by side, or one on the other (what is below 0 hangs from it)."""
    values: list[Any] = [value for one in chart.series for value in one.values]
    if stacked:
        at = [[one.values[place] or 0 for one in chart.series] for place in range(len(chart.places))]
        values = [sum(v for v in each if v > 0) for each in at] + [sum(v for v in each if v < 0) for each in at]
    scale = scale_for([*values, 0])
    context = common(chart, scale, table=table) | {
        "bars": list(bars_of(chart, scale, stacked=stacked)),
        "zero": percent(scale.down(0)) if scale.bottom else "",
        "shape": "column",
    }
    return render_to_string("frame/_columns.html", context)


@register.inclusion_tag("frame/_heat_map.html")
def heat_map(chart: HeatMap) -> dict[str, Any]:
    """The table of a HeatMap, with its legend."""
    return {"chart": chart, "legend": list(enumerate(chart.legend))}


@register.inclusion_tag("frame/_bands.html")
def bands(chart: Bands) -> dict[str, Any]:
    """The bar of Bands and their table: name, size, share, list, segment."""
    whole = sum(float(band.value) for band in chart.bands)
    start, parts = 0.0, []
    for place, band in enumerate(chart.bands):
        width = 100 * float(band.value) / whole if whole else 0.0
        row = {
            "band": band,
            "style": band.style or place + 1,
            "text": band.text or numbers.number(band.value),
            "share": band.share or numbers.percent_of(band.value, whole),
            "x": percent(start),
            "width": percent(width) if width else "",
        }
        parts.append(row)
        start += width
    return {"chart": chart, "parts": parts, "key": key_of(chart.label), "any": whole > 0}


# --- what line and column charts have in common ------------------------------------------------------------------
def common(chart: Chart, scale: Scale, *, table: bool) -> dict[str, Any]:
    names = chart.names
    keys = [{"style": chart.style_of(place), "name": one.name} for place, one in enumerate(chart.series)]
    slices, rows = [], []
    for at, name in enumerate(names):
        cells = [
            {
                **keys[place],
                "text": chart.text(one.values[at]),
                "url": one.urls[at] if one.urls else "",
                "note": one.notes[at] if one.notes else "",
            }
            for place, one in enumerate(chart.series)
        ]
        texts = [f"{cell['text']} {cell['note']}".rstrip() for cell in cells]
        told = "; ".join(
            f"{cell['name']}: {text}" if len(keys) > 1 else text for cell, text in zip(cells, texts, strict=True)
        )
        slices.append({"name": name, "cells": cells, "late": at * 2 >= len(names), "told": f"{name}: {told}"})
        known: list[Any] = [one.values[at] for one in chart.series if one.values[at] is not None]
        rows.append({"name": name, "cells": cells, "whole": chart.text(sum(known)) if known else numbers.NONE})
    return {
        "chart": chart,
        "key": key_of(f"{chart.label}{names[:1]}{names[-1:]}"),
        "keys": keys,
        "slices": slices,
        "rows": rows,
        "table": table,
        "axis": [told_at(tick, chart.unit) for tick in reversed(scale.ticks)],
        "rules": [percent(scale.down(tick)) for tick in scale.ticks],
        "names": list(axis_of(names)),
        "nothing": not names,
    }


def key_of(text: str) -> str:
    """What ids of a chart end in: the same for the same chart, so that a page opened again is the same text."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()[:8]


def told_at(tick: float, unit: str = "") -> str:
    told = numbers.number(round(tick, 6))
    return f"{told}{numbers.SPACE}{unit}" if unit else told


def percent(value: float) -> str:
    return f"{value:.2f}%"


def middle(place: int, places: int) -> float:
    """Where a place stands, in per cent across: the middle of its slice."""
    return 100 * (place + 0.5) / places


def axis_of(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """For each place: its name, if it stands under the drawing, and the widths at which it does."""
    shown = [set(named_at(names, width)) for width in WIDTHS if names]
    for at, name in enumerate(names):
        fits = [nth for nth, places in enumerate(shown, 1) if at in places]
        classes = [f"at-{nth}" for nth in fits]
        classes += ["first"] * (at == 0) + ["last"] * (at == len(names) - 1 > 0)
        yield {"name": name if fits else "", "classes": " ".join(classes) if fits else ""}


def named_at(names: Sequence[str], width: float) -> range:
    """The places whose names fit beside each other: every n-th up to the last, with the first where that comes out."""
    gaps = len(names) - 1
    closest = next(every for every in range(1, len(names) + 1) if every > gaps or fit(names, width, every))
    even = (every for every in range(closest, 2 * closest + 1) if gaps % every == 0 and fit(names, width, every))
    every = next(even, closest)
    return range(gaps % every, len(names), every)


def fit(names: Sequence[str], width: float, every: int) -> bool:
    """Whether every n-th name fits: each in the middle of its place, but within the drawing at either end."""
    place, last, end = width / len(names), len(names) - 1, -float(SPACE)
    shown = range(last % every, len(names), every)
    for at in shown:
        wide = len(names[at]) * LETTER
        start = (at + 0.5) * place - wide / 2
        start = max(start, 0) if at == 0 else min(start, width - wide) if at == last else start
        if start < end + SPACE:
            return False
        end = start + wide
    return len(shown) <= NAMED


# --- lines -------------------------------------------------------------------------------------------------------
def lines_of(chart: Chart, place: int, scale: Scale) -> dict[str, Any]:
    """One series: its line, in pieces where values are missing, and its marks."""
    values = chart.series[place].values
    dots = [
        None if value is None else (middle(at, len(values)), scale.down(float(value)))
        for at, value in enumerate(values)
    ]
    pieces: list[list[tuple[float, float]]] = [[]]
    for dot in dots:
        if dot is None:
            pieces.append([])
        else:
            pieces[-1].append(dot)
    every = -(-len(values) // MARKED)
    alone = {piece[0] for piece in pieces if len(piece) == 1}
    marks = [dot for at, dot in enumerate(dots) if dot and (at % every == 0 or dot in alone)]
    whole = len(chart.series) == 1 and not scale.bottom
    return {
        "style": chart.style_of(place),
        "pieces": [" ".join(f"{x:.2f},{y:.2f}" for x, y in piece) for piece in pieces if len(piece) > 1],
        "areas": [area(piece) for piece in pieces if len(piece) > 1] if whole else [],
        "marks": [(percent(x), percent(y)) for x, y in marks],
    }


def area(piece: Sequence[tuple[float, float]]) -> str:
    """Down to 0: it stands for an amount."""
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in piece)
    return f"{piece[0][0]:.2f},100 {line} {piece[-1][0]:.2f},100"


# --- columns -----------------------------------------------------------------------------------------------------
def bars_of(chart: Chart, scale: Scale, *, stacked: bool) -> Iterator[dict[str, Any]]:
    places, beside = len(chart.places), 1 if stacked else len(chart.series)
    width = 100 * COLUMN / places / beside if places else 0
    for at in range(places):
        start = middle(at, places) - 50 * COLUMN / places
        up = down = 0.0
        for place, one in enumerate(chart.series):
            value = float(one.values[at] or 0)
            if not value:
                continue
            low = (up if value > 0 else down) if stacked else 0.0
            ends = sorted((scale.down(low), scale.down(low + value)))
            if value > 0:
                up += value
            else:
                down += value
            yield {
                "style": chart.style_of(place),
                "x": percent(start + (0 if stacked else place * width)),
                "y": percent(ends[0]),
                "width": percent(width),
                "height": percent(max(ends[1] - ends[0], 0.4)),
            }


@register.simple_tag
def mark(style: int) -> SafeString:
    """The marker of a style, around its own middle."""
    return mark_safe(MARKS[style - 1])  # noqa: S308


MARKS = (
    '<circle r="3.5"/>',
    '<rect x="-3.5" y="-3.5" width="7" height="7"/>',
    '<path d="M0-5L5 0L0 5L-5 0z"/>',
    '<path d="M0-4.5L4.5 4L-4.5 4z"/>',
    '<path d="M-4-4L4 4M-4 4L4-4"/>',
    '<path d="M0-5V5M-5 0H5"/>',
)
