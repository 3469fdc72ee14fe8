"""Who they are: size over time, attributes, consents, engagement."""

from datetime import datetime
from typing import Any, cast

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from config.charts import Chart, Series
from config.templatetags.times import day_text, moment_text
from insights.errors import NotKeptError
from insights.statistics.answers import Answers, answers
from insights.statistics.breakdowns import Breakdown
from insights.statistics.dimensions import NONE, OTHER, Dimension
from insights.statistics.growth import Growth
from insights.statistics.sets import Sets
from insights.statistics.taking import Taking
from reports.parts.base import Part, Side, Sides
from reports.tables import Cell, Column, Kind, Line, Section, Table
from segmentation.criteria import Criterion, parse
from segmentation.engine import evaluate


# --- size ------------------------------------------------------------------------------------------------------
def size(sides: Sides) -> Section:
    """A table for each: their points are not of the same days."""
    tables = tuple(_grown(side, side.taking.growth(side.scope), sides) for side in sides.all)
    return Section("size", _("Size over time"), "", tables)


def _grown(side: Side, growth: Growth, sides: Sides) -> Table:
    note = {
        "calculations": _("The number of members after each calculation."),
        "holders": _("Those who are in it today, by when they came into it. Who left since is not in it."),
    }.get(growth.says, _("Those who are contacts today, by when they came into the account."))
    now = side.taking.context.now
    places = [
        moment_text(when, now=now) if isinstance(when, datetime) else day_text(when, now=now)
        for when, _count in growth.points
    ]
    column = Column(pgettext("number of them", "Contacts"), Kind.COUNT, side.place)
    rows = tuple(
        Line(place, (Cell(count),), day=when) for place, (when, count) in zip(places, growth.points, strict=True)
    )
    line = Series(side.name, [count for _when, count in growth.points], style=side.style)
    label = _("Size over time: %(name)s") % {"name": side.name}
    days = [localtime(when).date() if isinstance(when, datetime) else when for when, _count in growth.points]
    chart = Chart(label, _("When"), days, [line]) if len(rows) > 1 else None
    title = side.name if len(sides.all) > 1 else ""
    return Table(f"size-{side.place}", title, _("When"), (column,), rows[::-1], note, chart, folded=bool(chart))


# --- attributes ------------------------------------------------------------------------------------------------
def attributes(sides: Sides) -> Section:
    """The chosen ones, each as a table. Two groups are told the same values: those frequent in either."""
    tables = tuple(_dimension(one, sides) for one in sides.dimensions)
    return Section("attributes", _("Who they are"), "", tables, _("No attribute is chosen."), wide=False)


def _dimension(one: Dimension, sides: Sides) -> Table:
    found = [cast("Breakdown", made) for _side, made, _place in sides.each(lambda taking: taking.breakdown(one))]
    second = sides.second
    if one.type == "text" and second is not None and not second.whole:
        either = Taking(
            sides.first.taking.context,
            Sets(sides.first.taking.sets.base, sides.first.taking.sets.group | second.taking.sets.group),
            sides.only_kept,
        )
        top = tuple(part.name[2:] for part in either.breakdown(one).parts if part.name.startswith("v."))
        found = [side.taking.breakdown(one, top) for side in sides.all]
    counts = {
        part.name: [
            {each.name: (each.base if side.whole else each.group) for each in breakdown.parts}.get(part.name, 0)
            for side, breakdown in zip(sides.all, found, strict=True)
        ]
        for part in found[0].parts
    }
    rows = []
    for place, part in enumerate(found[0].parts):
        numbers = counts[part.name]
        if part.name == NONE and not any(numbers):
            continue  # everybody has a value
        label = one.label(part.name, place, whole=found[0].whole)
        rows.append((label, numbers, one.key, found[0].address(part), part.name in (NONE, OTHER)))
    notes = [_("A contact may have several.")] if found[0].several else []
    if OTHER in counts:
        different = found[0].values
        told = ngettext("%(n)s different value.", "%(n)s different values.", different)
        notes.append(told % {"n": different})
    return Table(f"by-{one.key}", one.name, _("Value"), sides.columns(), sides.lines(rows), " ".join(notes))


# --- consents --------------------------------------------------------------------------------------------------
def consents(sides: Sides) -> Section:
    states = {
        "given": pgettext("answers to a consent", "given"),
        "withdrawn": pgettext("answers to a consent", "withdrawn"),
        "unknown": pgettext("answers to a consent", "not answered"),
    }
    found = sides.each(lambda taking: answers(taking.sets, taking.context))
    tables = []
    for number, one in enumerate(cast("list[Answers]", found[0][1])):
        of_each = [(cast("list[Answers]", made)[number], place) for _side, made, place in found]
        rows = [
            (label, [getattr(made, state)[place] for made, place in of_each], "consent", f"{one.consent.key}.{state}")
            for state, label in states.items()
        ]
        title = f"{one.consent.name} ({one.consent.get_channel_display()})"
        lines = sides.lines([(*row, False) for row in rows])
        tables.append(Table(f"consent-{one.consent.pk}", title, _("Answer"), sides.columns(), lines))
    return Section("consents", _("Consents"), "", tuple(tables), _("No consents are declared."), wide=False)


# --- engagement ------------------------------------------------------------------------------------------------
def engagement(sides: Sides) -> Section:
    """By the account's window."""
    context = sides.first.taking.context
    days = context.catalog.engagement_days
    criterion = parse({"kind": "engagement", "state": "engaged", "days": days})
    known = context.reuse.find(criterion, context) if context.reuse and isinstance(criterion, Criterion) else None
    if sides.only_kept and known is None:
        raise NotKeptError("engagement")
    ids = evaluate(criterion, context=context).members
    engaged = [ids.intersection_cardinality(side.taking.sets.group) for side in sides.all]
    rest = [whole - count for whole, count in zip(sides.sizes, engaged, strict=True)]
    rows = [
        (pgettext("contacts", "engaged"), engaged, "engagement", f"engaged.{days}", False),
        (pgettext("contacts", "unengaged"), rest, "engagement", f"unengaged.{days}", False),
    ]
    told = ngettext(
        "Engaged: opened, clicked, visited, viewed a product, put one in the cart or ordered within the last day.",
        "Engaged: opened, clicked, visited, viewed a product, put one in the cart or ordered in the last %(n)s days.",
        days,
    )
    table = Table("engagement", "", _("State"), sides.columns(), sides.lines(rows))
    return Section("engagement", _("Engagement"), told % {"n": days}, (table,))


def in_state(state: str, days: str) -> dict[str, Any] | None:
    """Who is engaged, or is not, within so many days."""
    if state not in ("engaged", "unengaged") or not (days.isascii() and days.isdecimal()):
        return None
    return {"kind": "engagement", "state": state, "days": int(days[:5])}


PARTS = [
    Part("size", gettext_lazy("Size over time"), gettext_lazy("How many they were, as far as it is kept."), size),
    Part(
        "attributes",
        gettext_lazy("Who they are"),
        gettext_lazy("How they are spread over the attributes chosen below."),
        attributes,
    ),
    Part(
        "engagement",
        pgettext_lazy("part of a report", "Engagement"),
        gettext_lazy("Engaged and unengaged, by the account’s window."),
        engagement,
        {"engagement": in_state},
    ),
    Part("consents", gettext_lazy("Consents"), gettext_lazy("Given, withdrawn, not answered."), consents),
]
