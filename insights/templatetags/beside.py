"""Numbers of a group beside those of the base, in a template: shares, amounts, differences, small drawings."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.charts import Amount, Chart, Series
from config.templatetags import charts, numbers
from config.templatetags.drawing import line_chart
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
    """A number to two decimals, so that those below each other stand alike."""
    return numbers.NONE if value is None else numbers.number(round(float(value), 2), 2)


@register.simple_tag
def figure(number: Figure, currency: str, *, base: bool = False) -> str:
    """The group's number, or the base's, as it is told: a share, an amount, an average."""
    value = number.beside.base if base else number.beside.value
    if number.money:
        return amount(value, currency)
    return share(value) if number.beside.share else average(value)


@register.simple_tag
def people(count: int, url: str) -> SafeString | str:
    """How many contacts, as the way to them, where there are any."""
    return format_html('<a href="{}">{}</a>', url, numbers.number(count)) if url else numbers.number(count)


@register.simple_tag
def amount(value: Fraction | None, currency: str) -> str:
    """Money to two decimals."""
    return numbers.NONE if value is None else numbers.money(f"{round(float(value), 2):.2f}", currency)


@register.simple_tag
def whole_amount(value: Fraction | Decimal | None, currency: str) -> SafeString | str:
    """An amount, or money for each, in large letters: it breaks before the currency, never within either."""
    if value is None:
        return numbers.NONE
    text = amount(value, currency) if isinstance(value, Fraction) else numbers.money(value, currency)
    told, _space, unit = text.rpartition(numbers.SPACE)
    return format_html('<span class="nowrap">{}</span> <span class="nowrap">{}</span>', told, unit)


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
        points = numbers.signed(printed(beside.value) - printed(beside.base), 1)
        return _("%(points)s pts") % {"points": points}
    if beside.index is None:
        return numbers.NONE
    if beside.close:
        return _("about the same")
    percent = abs(beside.index - 100)
    if beside.index >= 1000:
        return _("%(times)s times as much") % {"times": numbers.number(round(float(beside.index) / 100))}
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


@register.simple_tag
def two_lines(
    values: Sequence[float], base: Sequence[float], names: Sequence[str], label: str, *, alone: bool = False
) -> SafeString:
    """The group's line beside the base's, on one scale. The same figures must stand in a table beside it."""

    def told(value: Amount | None) -> str:
        return numbers.NONE if value is None else numbers.number(round(float(value), 1))

    group = Series(_("these contacts"), values)
    series = [group] if alone else [group, Series(_("all contacts"), base, style=5)]
    return line_chart(Chart(label, "", names, series, text=told), table=False)
