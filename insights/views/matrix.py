"""Any number of segments beside each other, up to 20: each pair's overlap in one table (SG6)."""

from collections.abc import Collection
from datetime import datetime
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe
from pyroaring import BitMap

from config.asked import problems_in
from config.downloads import as_csv, day, lines, refused
from config.pages import page
from config.requests import Request
from contacts.sight import sight
from insights.overlap import MOST, Cell, Measured, measured
from insights.overlap import matrix as overlaps
from insights.parts import MOST as AT_ONCE
from insights.views.compare import SORTS, named
from segmentation.contact_sets import whole
from segmentation.seen import counts
from segmentation.selectors import archived, segments
from users.access import writers_only

OFFERED = 50  # segments to tick, besides those that are chosen
Rows = list[tuple[Measured, list[Cell]]]


@require_safe
def matrix(request: Request) -> HttpResponse:
    """`?segment=1&segment=2…`: the table; above it the segments to choose from."""
    sort, text = request.GET.get("sort") or "-contacts", request.GET.get("q", "")
    ids = list(dict.fromkeys(map(whole, request.GET.getlist("segment"))))
    mask = sight(request)
    chosen = measured(ids[:MOST], mask=mask)
    problems = problems_of(request, ids, chosen)
    rows: Rows = []
    if not problems and len(chosen) > 1:
        rows = ordered(overlaps(in_order(chosen, sort)), sort)
    others = offered("" if problems else text, chosen, mask=mask)
    context: dict[str, Any] = {
        "q": text,
        "sort": sort,
        "problems": problems,
        "chosen": list(chosen.values()),
        "offered": others,
        "archived": archived([*chosen, *(pk for pk, *_row in others)], now=request.now),
        "rows": numbered(rows),
        "columns": in_order(chosen, sort) if rows else [],
        "most": MOST,
        "parts_url": f"{reverse('insights:overlap')}?{urlencode([('segment', pk) for pk in [*chosen][:AT_ONCE]])}",
    }
    return page(request, "insights/matrix.html", context, part="overlap", status=422 if problems else 200)


@require_safe
@writers_only
def numbers(request: Request) -> HttpResponse:
    """Each pair both ways as CSV, one a line."""
    ids = list(dict.fromkeys(map(whole, request.GET.getlist("segment"))))
    chosen = measured(ids[:MOST], mask=sight(request))
    problems = problems_of(request, ids, chosen)
    if problems or len(chosen) < 2:
        return refused(problems or [_("Choose two segments or more")])
    head = (
        _("of"),
        _("as calculated on"),
        _("contacts"),
        _("also in"),
        _("contacts in both"),
        _("per cent of the first"),
    )
    rows = [
        (cell.row.name, cell.row.as_of, cell.row.count, cell.column.name, cell.both, per_cent(cell))
        for _of, cells in overlaps(in_order(chosen, "name"))
        for cell in cells
        if not cell.itself
    ]
    return as_csv(lines([head, *rows]), f"{pgettext('segments', 'Each with each')} {day(request.now)}")


def per_cent(cell: Cell) -> Fraction | None:
    return Fraction(100 * cell.both, cell.row.count) if cell.row.count else None


def problems_of(request: Request, ids: list[int], chosen: dict[int, Measured]) -> list[str]:
    """What cannot be shown as asked, in sentences."""
    query = request.GET.copy()
    query.pop("segment", None)  # may stand there several times
    sorts = {"name", "contacts", *map(str, chosen)}
    found = problems_in(query, texts=("q", "list"), sorts=sorts)  # list: where the segments were ticked
    if len(ids) > MOST:
        found.append(_("At most %(most)s segments can be compared at once.") % {"most": MOST})
    elif len(chosen) < len(ids):
        found.append(_("One of these segments is not there (any more), or has not been calculated yet."))
    return found


def in_order(chosen: dict[int, Measured], sort: str) -> list[Measured]:
    """By name or by size, whichever the rows go by."""
    by_name = list(chosen.values())
    if sort.removeprefix("-") == "name":
        return by_name[::-1] if sort.startswith("-") else by_name
    return sorted(by_name, key=lambda one: one.count, reverse=sort != "contacts")


def ordered(rows: Rows, sort: str) -> Rows:
    """By the share of each row that is in one column's segment, where that is asked for."""
    column = sort.removeprefix("-")
    if not column.isdecimal():
        return rows
    at = next(place for place, cell in enumerate(rows[0][1]) if cell.column.segment == int(column))
    return sorted(rows, key=lambda row: row[1][at].share, reverse=sort.startswith("-"))


def numbered(rows: Rows) -> list[dict[str, Any]]:
    """Each row with the number of its column."""
    places = {cell.column.segment: place for place, cell in enumerate(rows[0][1], 1)} if rows else {}
    return [{"place": places[of.segment], "of": of, "cells": cells} for of, cells in rows]


def offered(
    text: str, chosen: Collection[int], *, mask: BitMap | None
) -> list[tuple[int, str, int | None, datetime | None]]:
    """Segments that can be added: id, name, size, and as of when that is."""
    rows = named(segments().filter(latest__isnull=False).exclude(pk__in=chosen), text).order_by(SORTS["name"], "pk")
    columns = ("pk", "name", "latest__count", "latest__erased", "latest__as_of", "latest")
    found = list(rows.values_list(*columns)[:OFFERED])
    if mask is None:
        return [(pk, name, count - gone.get("members", 0), as_of) for pk, name, count, gone, as_of, _latest in found]
    own = counts((latest for *_row, latest in found), mask)
    return [(pk, name, own.get(latest, 0), as_of) for pk, name, _count, _gone, as_of, latest in found]
