"""Cells of a report's tables."""

from fractions import Fraction

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.templatetags import numbers
from insights.statistics.comparing import Beside
from insights.templatetags.beside import amount, average, difference, share
from reports.tables import Cell, Column, Kind
from reports.taking import Content

register = template.Library()


@register.simple_tag
def cell(column: Column, value: Cell, currency: str) -> SafeString | str:
    """A number as its column tells it, and the way to its list."""
    text = _told(column.kind, value, currency)
    return format_html('<a href="{}">{}</a>', value.url, text) if value.url else text


@register.simple_tag
def head(column: Column, content: Content) -> str:
    """What a cell is on the phone, where it has no column above it: "Newsletter: Share"."""
    names = [side.name for side in content.sides if side.place == column.side]
    return f"{names[0]}: {column.title}" if names and len(content.sides) > 1 else column.title


def _told(kind: Kind, value: Cell, currency: str) -> SafeString | str:
    number = value.value
    if isinstance(number, Beside):
        return difference(number)
    fraction = None if number is None else Fraction(number)
    match kind:
        case Kind.SHARE:
            return share(fraction)
        case Kind.MONEY:
            return amount(fraction, currency)
        case Kind.AVERAGE:
            return average(fraction)
    return numbers.number(number)
