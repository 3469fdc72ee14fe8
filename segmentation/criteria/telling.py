"""Windows of time in words, with the days they come to."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from segmentation.criteria.times import Ago, Anniversary, Bounds, Last, Next, Window
from segmentation.criteria.words import Sentence, Words, phrase


def window_told(window: Window, words: Words) -> Sentence:
    """`in the last 30 days (since 23 Oct)`, `from 1 Nov to 5 Nov`: to stand after what happened then."""
    span = window.span(words.now, words.zone)
    match window:
        case Last() if span.start:
            since = _edge(span.start, words, exact=not window.whole_days)
            return phrase(_last(window), n=words.number(window.count), date=since)
        case Next() if span.last:
            until = _edge(span.last, words, exact=not window.whole_days)
            return phrase(_next(window), n=words.number(window.count), date=until)
        case Bounds(start, end):
            if start is None and end is not None:
                return phrase(_("until {date}"), date=words.moment(end))
            if end is None and start is not None:
                return phrase(_("since {date}"), date=words.moment(start))
            if start is not None and end is not None:
                return phrase(_("from {start} to {end}"), start=words.moment(start), end=words.moment(end))
    raise TypeError(window)


def times_told(op: str, operand: Any, words: Words) -> Sentence:
    """`3 times or more`, `fewer than 3 times or never`: to stand after what happened so often."""
    if op == "between":
        low, high = words.number(operand.low), words.number(operand.high)
        told, with_none = phrase(_("from {low} to {high} times"), low=low, high=high), operand.low <= 0 <= operand.high
    elif op in ("in", "not_in"):
        values = words.any_of([words.number(one) for one in operand])
        template = _("exactly {values} times") if op == "in" else _("not exactly {values} times")
        told, with_none = phrase(template, values=values), (Decimal(0) in operand) == (op == "in")
    else:
        told = phrase(_times(op, operand), n=words.number(operand))
        holds = {"eq": operand == 0, "ne": operand != 0, "lt": operand > 0, "lte": operand >= 0, "gt": operand < 0}
        with_none = holds.get(op, operand <= 0)
    # Translators: times: "fewer than 3 times"; nobody is forgotten who never did it
    return phrase(_("{times} or never"), times=told) if with_none else told


def _times(op: str, number: Decimal) -> str:
    n = int(number) if number == number.to_integral_value() else 2
    # Translators: each stands after what was done so often: "visited the site 3 times or more"
    return {
        "eq": ngettext("exactly {n} time", "exactly {n} times", n),
        "ne": ngettext("not exactly {n} time", "not exactly {n} times", n),
        "gte": ngettext("{n} time or more", "{n} times or more", n),
        "gt": ngettext("more than {n} time", "more than {n} times", n),
        "lte": ngettext("at most {n} time", "at most {n} times", n),
        "lt": ngettext("fewer than {n} time", "fewer than {n} times", n),
    }[op]


def ago_told(ago: Ago, name: Sentence, words: Words) -> Sentence:
    """`last visit was exactly 3 days ago (18 Nov)`."""
    template = {
        "day": ngettext(
            "{field} is exactly {n} day ago ({date})", "{field} is exactly {n} days ago ({date})", ago.count
        ),
        "week": ngettext(
            "{field} is exactly {n} week ago ({date})", "{field} is exactly {n} weeks ago ({date})", ago.count
        ),
        "month": ngettext(
            "{field} is exactly {n} month ago ({date})", "{field} is exactly {n} months ago ({date})", ago.count
        ),
        "year": ngettext(
            "{field} is exactly {n} year ago ({date})", "{field} is exactly {n} years ago ({date})", ago.count
        ),
    }[ago.unit]
    day = ago.day(words.today)
    return phrase(template, field=name, n=words.number(ago.count), date=words.day(day))


def anniversary_told(anniversary: Anniversary, name: Sentence, words: Words) -> Sentence:
    """`birthday has its anniversary in the next 7 days (until 27 Nov)`."""
    first, last = anniversary.between(words.today)
    if anniversary.days == 1:
        return phrase(_("{field} has its anniversary today ({date})"), field=name, date=words.day(first))
    if anniversary.ahead:
        template = ngettext(
            "{field} has its anniversary in the next {n} day (until {date})",
            "{field} has its anniversary in the next {n} days (until {date})",
            anniversary.days,
        )
        return phrase(template, field=name, n=words.number(anniversary.days), date=words.day(last))
    template = ngettext(
        "{field} had its anniversary in the last {n} day (since {date})",
        "{field} had its anniversary in the last {n} days (since {date})",
        anniversary.days,
    )
    return phrase(template, field=name, n=words.number(anniversary.days), date=words.day(first))


def _edge(at: datetime, words: Words, *, exact: bool) -> str:
    return words.moment(at) if exact else words.day(at.astimezone(words.zone).date())


def _last(window: Last) -> str:
    n = window.count
    # Translators: each stands after what happened then: "created in the last 30 days (since 23 Oct)"
    return {
        "hour": ngettext("in the last {n} hour (since {date})", "in the last {n} hours (since {date})", n),
        "day": ngettext("in the last {n} day (since {date})", "in the last {n} days (since {date})", n),
        "week": ngettext("in the last {n} week (since {date})", "in the last {n} weeks (since {date})", n),
        "month": ngettext("in the last {n} month (since {date})", "in the last {n} months (since {date})", n),
        "year": ngettext("in the last {n} year (since {date})", "in the last {n} years (since {date})", n),
    }[window.unit]


def _next(window: Next) -> str:
    n = window.count
    # Translators: each stands after what is to happen then: "ends in the next 7 days (until 27 Nov)"
    return {
        "hour": ngettext("in the next {n} hour (until {date})", "in the next {n} hours (until {date})", n),
        "day": ngettext("in the next {n} day (until {date})", "in the next {n} days (until {date})", n),
        "week": ngettext("in the next {n} week (until {date})", "in the next {n} weeks (until {date})", n),
        "month": ngettext("in the next {n} month (until {date})", "in the next {n} months (until {date})", n),
        "year": ngettext("in the next {n} year (until {date})", "in the next {n} years (until {date})", n),
    }[window.unit]
