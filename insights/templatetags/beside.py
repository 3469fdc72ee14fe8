"""Numbers of a group beside those of the base, in a template: shares, amounts, differences, small drawings."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.templatetags import charts, numbers
from config.templatetags.sito import icon
from insights.statistics.comparing import Beside
from insights.statistics.telling import Course, Figure, Row

register = template.Library()
SMALL_WIDTH, SMALL_HEIGHT = 120, 28
ICONS = {"more": "arrow-up", "less": "arrow-down", "even": "equal-approximately"}


@register.filter
def share(value: Fraction | None) -> str:
    """A share of one in per cent."""
    if value is None:
        return numbers.NONE
    return numbers.percent_of(value.numerator, value.denominator)


@register.filter
def average(value: Fraction | None) -> str:
    """A number to two decimals; to one from ten on, to none from a hundred on."""
    if value is None:
        return numbers.NONE
    places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return numbers.number(round(float(value), places), places if value.denominator != 1 else None)


@register.simple_tag
def figure(number: Figure, currency: str, *, base: bool = False) -> str:
    """The group's number, or the base's, as it is told: a share, an amount, an average."""
    value = number.beside.base if base else number.beside.value
    if number.money:
        return amount(value, currency)
    return share(value) if number.beside.share else average(value)


@register.simple_tag
def amount(value: Fraction | None, currency: str) -> str:
    """Money to two decimals."""
    return numbers.NONE if value is None else numbers.money(f"{round(float(value), 2):.2f}", currency)


@register.simple_tag
def difference(beside: Beside) -> SafeString | str:
    """What differs, in a sign and in words: "+12.3 points", "34 % more", "about the same"."""
    if not beside.way:
        return format_html('<span class="faint">{}</span>', numbers.NONE)
    return format_html(
        '<span class="differs {}">{}{}</span>', beside.way, icon(ICONS[beside.way], 13), difference_text(beside)
    )


def difference_text(beside: Beside) -> str:
    """Of shares in percentage points, of other numbers in per cent of the base's."""
    if beside.share and beside.value is not None and beside.base is not None:
        points = numbers.signed(float(printed(beside.value) - printed(beside.base)))
        return _("%(points)s pts") % {"points": points}
    if beside.index is None:
        return numbers.NONE
    if beside.close:
        return _("about the same")
    percent = abs(beside.index - 100)
    if beside.index >= 1000:
        return _("%(times)s times") % {"times": numbers.number(round(float(beside.index) / 100))}
    told = numbers.number(round(float(percent)) or 1)
    return (
        _("%(percent)s %% more") % {"percent": told}
        if beside.index > 100
        else _("%(percent)s %% less") % {"percent": told}
    )


def printed(value: Fraction) -> Decimal:
    """A share in per cent to the one decimal it is told with, so that a difference is that of the figures beside it."""
    return (Decimal(value.numerator) * 100 / Decimal(value.denominator)).quantize(Decimal("0.1"))


@register.simple_tag
def at(values: Sequence[int], place: int) -> str:
    """The number at a place of a row."""
    return numbers.number(values[place])


# --- drawings --------------------------------------------------------------------------------------------------
@register.inclusion_tag("insights/_pair.html")
def pair(row: Row, *, alone: bool = False) -> dict[str, Any]:
    """Two bars, one above the other: the share of the group, and of the base."""
    return {"row": row, "alone": alone}


@register.inclusion_tag("insights/_histogram.html")
def histogram(rows: Sequence[Row], label: str, *, alone: bool = False) -> dict[str, Any]:
    """Columns of the group's shares, with the base's as a mark in each. The same figures must stand in a table."""
    step = charts.BARS_WIDTH / max(len(rows), 1)
    height = charts.BARS_HEIGHT

    def tall(width: float, count: int) -> float:
        return max(width * height / 100, charts.SEEN if count else 0)

    columns = [
        {
            "row": row,
            "x": round(place * step, 1),
            "width": round(step * 0.86, 1),
            "y": round(height - tall(row.width, row.group), 1),
            "height": round(tall(row.width, row.group), 1),
            "base": round(height - tall(row.base_width, row.base), 1),
            "end": round(place * step + step * 0.86, 1),
        }
        for place, row in enumerate(rows)
    ]
    every = max(1, -(-len(rows) // 6))
    axis = ["" if place % every else row.short for place, row in enumerate(rows)]
    return {
        "columns": columns,
        "label": label,
        "alone": alone,
        "axis": axis,
        "width": charts.BARS_WIDTH,
        "tall": height,
    }


@register.simple_tag
def small_lines(course: Course, label: str, *, alone: bool = False) -> SafeString:
    """The weeks as a line of word size, the base's behind it."""
    top = max([*course.rates, *course.base_rates, 0.0]) or 1
    drawn = [
        _points(rates, top, SMALL_WIDTH, SMALL_HEIGHT)
        for rates in ([course.base_rates] if not alone else []) + [course.rates]
    ]
    base = format_html('<polyline class="base" points="{}"/>', drawn[0]) if not alone else ""
    return format_html(
        '<svg class="spark two" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">'
        '{3}<polyline points="{4}"/></svg>',
        SMALL_WIDTH,
        SMALL_HEIGHT,
        label,
        base,
        drawn[-1],
    )


def _points(values: Sequence[float], top: float, width: float, height: float) -> str:
    xs = charts.spread(len(values), width)
    return " ".join(
        f"{x:.1f},{height - 2 - (height - 4) * value / top:.1f}" for x, value in zip(xs, values, strict=True)
    )


@register.inclusion_tag("insights/_two_lines.html")
def two_lines(
    values: Sequence[float], base: Sequence[float], names: Sequence[str], label: str, *, alone: bool = False
) -> dict[str, Any]:
    """The group's line over the base's, on one scale from 0. The same figures must stand in a table beside it."""
    top = charts.RULES * charts.nice_step(max([*values, *([] if alone else base), 0.0]))

    def placed(numbers_: Sequence[float]) -> list[charts.Point]:
        xs = charts.spread(len(numbers_), charts.WIDTH)
        ys = (charts.HEIGHT * (1 - value / top) for value in numbers_)
        texts = (f"{name}: {numbers.number(round(value, 1))}" for name, value in zip(names, numbers_, strict=True))
        return [charts.Point(round(x, 1), round(y, 1), text) for x, y, text in zip(xs, ys, texts, strict=True)]

    lines = [placed(each) for each in ([values] if alone else [base, values])]
    return {
        "label": label,
        "base": " ".join(f"{dot.x},{dot.y}" for dot in lines[0]) if not alone else "",
        "line": " ".join(f"{dot.x},{dot.y}" for dot in lines[-1]),
        "dots": lines[-1],
        "scale": [top - top // charts.RULES * rule for rule in range(charts.RULES + 1)],
        "rules": [charts.HEIGHT * rule / charts.RULES for rule in range(charts.RULES + 1)],
        "names": [names[0], names[len(names) // 2], names[-1]] if len(names) > 4 else list(names),
        "width": charts.WIDTH,
        "height": charts.HEIGHT,
    }
