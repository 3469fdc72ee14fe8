"""Template tags that every page may use without loading: icons, numbers, times, lists, charts, problems."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.core.paginator import Page
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lucide import _render_icon

from config.templatetags import charts, numbers, times

register = template.Library()
register.filter("number", numbers.number)
register.filter("size", numbers.size)
register.filter("signed", numbers.signed)
register.filter("percent_of", numbers.percent_of)
register.filter("money", numbers.money)


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: int = 16, classes: str = "") -> SafeString:
    """A Lucide icon drawn into the page; decoration only, so what it means must also stand in words."""
    kinds = f"icon {classes}".strip()
    drawn = _render_icon(name, size, aria_hidden="true", focusable="false", **{"class": kinds})
    return mark_safe("".join(line.strip() for line in drawn.splitlines()))  # noqa: S308


@register.filter
def moment(when: datetime | None) -> SafeString | str:
    """A date and time in the account's zone: "19 Nov, 08:00"."""
    if when is None:
        return times.NONE
    return times.time_tag(when, times.moment_text(when, now=timezone.now()))


@register.filter
def day(when: date | datetime | None) -> SafeString | str:
    """A date: "19 Nov", or "19 Nov 2024" in another year."""
    if when is None:
        return times.NONE
    now = timezone.now()
    if isinstance(when, datetime):
        local = timezone.localtime(when)
        return times.time_tag(when, times.day_text(local.date(), now=now), title=times.moment_text(when, now=now))
    return format_html('<time datetime="{}">{}</time>', when.isoformat(), times.day_text(when, now=now))


@register.filter
def ago(when: datetime | None) -> SafeString | str:
    """How long ago: "5 min ago"."""
    if when is None:
        return times.NONE
    now = timezone.now()
    return times.time_tag(when, times.ago_text(when, now=now), title=times.moment_text(when, now=now))


@register.filter
def until(when: datetime | None) -> SafeString | str:
    """How long from now: "in 21 h 40 min"."""
    if when is None:
        return times.NONE
    now = timezone.now()
    return times.time_tag(when, times.until_text(when, now=now), title=times.moment_text(when, now=now))


@register.filter
def initials(name: Any) -> str:
    """Two letters for the avatar: "Żaneta Łęcka" → "ŻŁ"; an e-mail address → its first."""
    words = str(name).replace("@", " ").replace(".", " ").split()
    chosen = words[:1] if "@" in str(name) else [*words[:1], *words[1:][-1:]]
    return "".join(word[0] for word in chosen).upper() or "?"


@register.filter
def problem_text(problem: Mapping[str, Any] | None) -> str:
    """A job's `problem` in the reader's language, with the place in the criteria it is about."""
    if not problem:
        return ""
    text = _(str(problem.get("text", ""))) if problem.get("text") else ""
    with suppress(KeyError, TypeError, ValueError):  # a text whose translation lost a placeholder is better than none
        text = text % problem["params"] if problem.get("params") else text
    return f"{text} ({problem['path']})" if problem.get("path") else text


def address(query: QueryDict, **changes: Any) -> str:
    """The page's own query string with `changes`; None removes a key."""
    query = query.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value is not None:
            query[key] = str(value)
    return f"?{query.urlencode()}"


def query_of(context: template.Context) -> QueryDict:
    request = context.get("request")
    return request.GET if request is not None else QueryDict()


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """`{% query status="active" page=None %}`: a link that keeps the rest of the page's state."""
    return address(query_of(context), **changes)


@register.inclusion_tag("frame/_sort_header.html", takes_context=True)
def sort_header(
    context: template.Context, name: str, label: str, *, classes: str = "", target: str = "", descending: bool = False
) -> dict[str, Any]:
    """A <th> whose link sorts by `name`, then the other way; all other state stays in the address.

    The order in force is `sort` in the context, else in the address: "name", or "-name" for descending.
    `descending`: the first click sorts from the highest.
    """
    given = query_of(context)
    now = str(context.get("sort") or given.get("sort", ""))
    sorted_by_it = now.lstrip("-") == name
    down = sorted_by_it and now.startswith("-")
    follows = f"-{name}" if (sorted_by_it and not down) or (not sorted_by_it and descending) else name
    return {
        "id": f"sort-{name}",
        "label": label,
        "classes": classes,
        "target": target,
        "url": address(given, sort=follows, page=None),
        "order": ("descending" if down else "ascending") if sorted_by_it else "",
    }


@register.inclusion_tag("frame/_sort_link.html", takes_context=True)
def sort_link(
    context: template.Context, name: str, label: str, *, target: str = "", descending: bool = False
) -> dict[str, Any]:
    """The link of `sort_header` alone, for a column that can be sorted by more than one of its contents."""
    return sort_header(context, name, label, target=target, descending=descending) | {"id": f"sort-by-{name}"}


@register.inclusion_tag("frame/_pagination.html", takes_context=True)
def pagination(context: template.Context, page: Page, target: str = "") -> dict[str, Any]:
    """First, previous, next and last page, "n–m of total", and a jump; `target` makes the links fetch by htmx."""
    given = query_of(context)
    last = page.paginator.num_pages
    place = page.number
    kept = [(key, value) for key, values in given.lists() if key != "page" for value in values]
    return {
        "page": page,
        "target": target,
        "last": last,
        "kept": kept,
        "first_url": address(given, page=None) if place > 1 else "",
        "previous_url": address(given, page=place - 1) if place > 1 else "",
        "next_url": address(given, page=place + 1) if place < last else "",
        "last_url": address(given, page=last) if place < last else "",
    }


@register.inclusion_tag("frame/_empty.html")
def empty_state(title: str, text: str = "", *, icon: str = "inbox", url: str = "", action: str = "") -> dict[str, str]:
    """What a list says when nothing is in it, and the one thing to do about it."""
    return {"title": title, "text": text, "icon_name": icon, "url": url, "action": action}


@register.simple_tag
def progress(value: int | None, total: int | None, label: str, *, classes: str = "") -> SafeString:
    """A meter. Without a total it moves without saying how far: the work has begun, its size is not known."""
    if not total:
        return format_html('<progress class="meter {}" aria-label="{}"></progress>', classes, label)
    return format_html(
        '<progress class="meter {}" value="{}" max="{}" aria-label="{}">{}</progress>',
        classes,
        min(value or 0, total),
        total,
        label,
        numbers.percent_of(value or 0, total),
    )


@register.simple_tag
def sparkline(values: Sequence[float], label: str) -> SafeString | str:
    """A line as small as a word; fewer than two values draw nothing."""
    if len(values) < 2:
        return ""
    return format_html(
        '<svg class="spark" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">'
        '<polyline points="{3}"/></svg>',
        charts.SPARK_WIDTH,
        charts.SPARK_HEIGHT,
        label,
        charts.sparkline_points(values),
    )


@register.inclusion_tag("frame/_overlap_chart.html")
def overlap_chart(first: str, second: str, sizes: tuple[int, int, int], label: str) -> dict[str, Any]:
    """Two sets as two bars on one scale; `sizes`: only in the first, in both, only in the second, told beside it."""
    shape = charts.overlap_shape(*sizes)
    bars = [(first, "first", shape["first"], shape["both"]), (second, "second", shape["second"], shape["both"])]
    return {"bars": bars, "label": label, "width": charts.WIDTH}
