"""Template tags that every page may use: icons, numbers, times."""

from django import template

register = template.Library()
