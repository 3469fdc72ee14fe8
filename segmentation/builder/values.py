"""Values that contacts and what they did really have, offered while one is typed: the most frequent ones.

Looked at are a few months at most, and no more rows than can be grouped at once; of contacts that the user may see.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.utils.translation import gettext as _
from pyroaring import BitMap

from mirror import files
from mirror.kinds import ACTIVITY, CONTACT, LINE, ORDER, VISIT, Kind
from mirror.reading import Rows
from segmentation.criteria import Context, sales
from segmentation.criteria import activity as activities
from segmentation.criteria import attribute as attributes
from segmentation.criteria import tag as tags
from segmentation.criteria import visit as visits
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.field import FIELDS, UNIQUE
from segmentation.criteria.times import start_of
from segmentation.criteria.values.base import ValueType
from segmentation.criteria.values.number import Number
from segmentation.criteria.values.text import Text, folded
from segmentation.criteria.where import Column, Where
from tags.models import Tag
from tags.selectors import tags as tags_like

LOOKED_BACK = {"activity": 90, "visit": 90, "order": 730, "line": 730}  # days
MOST_ROWS = 2_000_000  # grouped by an address in 100 ms; the days are halved until there are no more
KEPT = 300  # values of one kind; if there are no more, typing asks the database nothing
KEPT_S = 600
SHOWN = 20
LONGEST = 200  # letters looked for


class Source(NamedTuple):
    """Where the values are: rows of a kind (activities: of a `type`), the column, which of the rows count."""

    kind: Kind
    type: int
    asked: ValueType
    column: Column
    counted: Where = Where("")


@dataclass(frozen=True)
class Value:
    """One value, and how many contacts, or rows, have it."""

    text: str
    count: int


@dataclass(frozen=True)
class Observed:
    """The values that fit what is typed. `days`: how far back was looked; 0: the contacts' own values, as of now."""

    values: Sequence[Value]
    days: int = 0


def source_of(about: str, catalog: Catalog) -> Source | None:
    """What a form part calls `attribute:city`, `visit:utm_source`, `activity:page_view:url`; None: there is none."""
    what, _colon, key = about.partition(":")
    match what:
        case "field" if key in FIELDS and key not in UNIQUE:
            return Source(CONTACT, 0, FIELDS[key].type, FIELDS[key].column)
        case "attribute" if attribute := catalog.attributes.get(key):
            return Source(CONTACT, 0, attributes.value_type(attribute), attributes.column(attribute))
        case "activity":
            type_, _colon, key = key.partition(":")
            if (known := catalog.activities.get(type_)) and (parameter := known.parameters.get(key)):
                param = activities.asked(parameter)
                return Source(ACTIVITY, known.type.pk, param.type, param.column)
        case "visit" if key in visits.PARAMS:
            return Source(VISIT, 0, visits.PARAMS[key].type, visits.PARAMS[key].column)
        case "order" if key in sales.ORDER_PARAMS:
            param = sales.ORDER_PARAMS[key]
            return Source(ORDER, 0, param.type, param.column, sales.counted(ORDER))
        case "purchase" if key in sales.LINE_PARAMS:
            param = sales.LINE_PARAMS[key]
            return Source(LINE, 0, param.type, param.column, sales.counted(LINE))
    return None


def observed(about: str, typed: str, *, context: Context) -> Observed | None:
    """The most frequent values that hold what is `typed`, whatever its case and marks; None: of what nobody offers.

    Inside a snapshot.
    """
    typed = typed.replace("\x00", "").strip()[:LONGEST]
    if about == "tag":
        return Observed(_tags(typed, context))
    source = source_of(about, context.catalog)
    if source is None or not isinstance(source.asked, Text):
        return None
    days = looked_back(source, context)
    values = _frequent(about, source, days, context)
    if len(values) >= KEPT and typed:
        values = _read(source, days, context, typed=typed, most=SHOWN)
    plain = unmarked(typed)
    return Observed([value for value in values if plain in unmarked(value.text)][:SHOWN], days)


def _tags(typed: str, context: Context) -> list[Value]:
    """Tags that hold it, each with the number of its contacts now: the most used first, or by name.

    By name for who sees some contacts only: how much a tag is used tells of the others.
    """
    sort = "-contacts_count" if context.mask is None else "name"
    found: list[Tag] = list(tags_like(text=typed, sort=sort)[:SHOWN])
    holders = tags.TABLE.having_each([tag.pk for tag in found], None, context)
    return [Value(tag.name, len(holders[tag.pk] & context.everyone)) for tag in found]


def looked_back(source: Source, context: Context) -> int:
    """How many days of rows are looked at; 0 for those that have no moment."""
    if source.kind.moment is None:
        return 0
    days = LOOKED_BACK[source.kind.name]
    revision = context.reader.tails[source.kind.name].revision
    parts = [part for part in files.parts(source.kind.name, revision) if part.type == source.type]
    while days > 1 and sum(_rows(part, context.now - timedelta(days=days)) for part in parts) > MOST_ROWS:
        days //= 2
    return days


def _rows(part: files.Part, start: datetime) -> float:
    """About how many rows of a file happened since."""
    if part.first_at is None or part.last_at is None or part.first_at >= start:
        return part.rows
    if part.last_at < start:
        return 0
    return part.rows * ((part.last_at - start) / (part.last_at - part.first_at))


def rows_of(source: Source, days: int, context: Context) -> Rows:
    """The rows that are looked at: whole days, today among them."""
    start = start_of(context.today - timedelta(days=days - 1), context.zone) if days else None
    columns = dict.fromkeys((*source.column.columns, *source.counted.columns))
    return Rows(source.kind, tuple(columns), source.type, first=start)


def _frequent(about: str, source: Source, days: int, context: Context) -> list[Value]:
    """The most frequent values of all; kept while no row of the kind comes, changes or goes."""
    stamps = stamps_of(source.kind, context)
    mask = "" if context.mask is None else hashlib.blake2b(context.mask.serialize(), digest_size=16).hexdigest()
    key = "seen:" + hashlib.blake2b(f"{about}|{mask}".encode(), digest_size=16).hexdigest()
    if stamps is not None:
        kept = cache.get(key)
        if kept is not None and kept[0] == (stamps, days, context.today):
            return list(kept[1])
    values = _read(source, days, context, most=KEPT)
    if stamps is not None:
        cache.set(key, ((stamps, days, context.today), values), KEPT_S)
    return values


def stamps_of(kind: Kind, context: Context) -> tuple[object, ...] | None:
    """Equal while neither the contacts nor the rows of the kind change; None: that can't be told."""
    stamps = [context.reader.tails[name].stamp for name in ("contact", kind.name)]
    return None if None in stamps else tuple(stamps)


def _read(source: Source, days: int, context: Context, *, typed: str = "", most: int) -> list[Value]:
    """Grouped by the folded text, each as one of them writes it."""
    column = source.column
    tests, params = [f"{column.name} IS NOT NULL"], list[Any]()
    for where in (source.counted, theirs(source.kind, context)):
        if where.sql:
            tests.append(where.sql)
            params += where.params
    if typed:
        tests.append(
            f"(contains({column.folded}, ?) OR contains(replace(strip_accents({column.folded}), 'ł', 'l'), ?))"
        )
        params += [folded(typed), unmarked(typed)]
    query = (
        f"SELECT min({column.name}) AS value, count(*) AS n FROM {{rows}} WHERE {' AND '.join(tests)}"  # noqa: S608 - constants
        f" GROUP BY {column.folded} ORDER BY n DESC, value LIMIT {most}"
    )
    read = context.reader.select(rows_of(source, days, context), query, params)
    return [Value(str(value), int(n)) for value, n in zip(read["value"], read["n"], strict=True)]


def theirs(kind: Kind, context: Context) -> Where:
    """The condition for rows of contacts that there are and the user may see: files keep erased ones' for a while."""
    everyone = context.everyone
    if kind is CONTACT and context.mask is None:
        return Where("")
    if not everyone:
        return Where("false")
    absent = BitMap(range(1, everyone.max() + 1)) - everyone
    below = f"contact_id <= {everyone.max()}"
    if not absent:
        return Where(below)
    if len(absent) < len(everyone):
        return Where(f"{below} AND contact_id NOT IN (SELECT unnest(?::INTEGER[]))", (absent.to_array().tolist(),))
    return Where("contact_id IN (SELECT unnest(?::INTEGER[]))", (everyone.to_array().tolist(),))


def unmarked(text: str) -> str:
    """Folded, and without the marks on its letters: "Łódź" is "lodz"."""
    apart = unicodedata.normalize("NFD", folded(text))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).replace("ł", "l")


def number_source(about: str, catalog: Catalog) -> Source | None:
    """The same for a parameter that is a number."""
    source = source_of(about, catalog)
    return source if source is not None and isinstance(source.asked, Number) else None


def told_days(days: int) -> str:
    """How far back was looked."""
    return _("in the last %(days)s days") % {"days": days} if days else ""
