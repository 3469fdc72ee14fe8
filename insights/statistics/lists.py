"""The contacts behind a number of the statistics, for the contact manager: `?among=tag.12~a7~v.Warszawa`.

Group, dimension, part. The list is found at the moment it is opened: as long as nothing has changed since the
statistics were taken, it has exactly the contacts that were counted.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from pyroaring import BitMap

from activities.models import Channel
from config.requests import Request
from contacts.sight import as_seen
from insights.statistics import scopes
from insights.statistics.dimensions import LONGEST_REST, OTHER, Dimension, days_in, dimension
from insights.statistics.scopes import Scope
from segmentation.contact_sets import People, linked, set_filter, size_text
from segmentation.criteria import Context, CriteriaError, parse
from segmentation.engine import evaluate, snapshot
from segmentation.sentences import sentence_of

NAME = "among"
KEY = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
CriteriaOf = Callable[[str, str], dict[str, Any] | None]  # of the two halves of a part; None: there is no such part
# What else is told of groups, by its name in addresses: apps above add theirs in AppConfig.ready.
registered: dict[str, CriteriaOf] = {}


class NoSuchPartError(LookupError):
    """An address names no part of any statistics."""


def among(request: Request, text: str) -> People:
    """`GROUP~DIMENSION~PART`. Raises: ValidationError."""
    token, _sign, rest = text.partition("~")
    what, _sign, part = rest.partition("~")
    scope = scopes.named(token)
    if scope is None:
        raise ValidationError(_("What these statistics are of is no longer there."))
    now = request.now
    try:
        with snapshot():
            context = Context(**as_seen(request))
            ids, criteria, words = _found(scope, what, part, context)
    except CriteriaError as error:
        raise ValidationError(error.message) from error
    except NoSuchPartError:
        raise ValidationError(_("There is no such part of these statistics (any more).")) from None
    title = pgettext("some contacts of a group", "%(group)s: %(part)s") % {"group": scope.name, "part": words}
    note = format_html("{}: {}. {}", linked(scope.url, _("Statistics")), title, size_text(ids, now, now=now))
    return People(ids, title, note, criteria)


def _found(scope: Scope, what: str, part: str, context: Context) -> tuple[BitMap, dict[str, Any] | None, str]:
    """The contacts, the criteria that the same ones satisfy also later, and the part in words."""
    known = dimension(what)
    criteria = criteria_of(what, part, known)
    if criteria is None:
        raise NoSuchPartError(part)
    ids = evaluate(parse(criteria), context=context).members & scope.find(context)
    words = str(sentence_of(criteria, now=context.now, plain=True)).removesuffix(".")  # a part of a sentence here
    if known is not None and part.startswith(OTHER):
        words = f"{known.name}: {known.label(OTHER)}"
    if scope.everybody:
        return ids, criteria, words
    return ids, {"all": [scope.criteria, criteria]} if scope.criteria else None, words


def criteria_of(what: str, part: str, known: Dimension | None) -> dict[str, Any] | None:
    """The criteria of a part; None: there is no such part."""
    if known is not None:
        return known.criteria(part)
    key, _dot, rest = part.partition(".")
    match what:
        case "consent" if rest in ("given", "withdrawn", "unknown"):
            return {"kind": "consent", "consent": key, "state": rest}
        case "did" if KEY.fullmatch(key) and (window := window_of(rest)):
            return {"kind": "activity", "type": key, "within": window}
        case "came" if key in Channel.values and (window := window_of(rest)):
            condition = {"param": "channel", "op": "eq", "value": key}
            return {"kind": "visit", "where": [condition], "within": window}
        case "bought":
            window = window_of(part)
            if part == "ever" or window:
                criterion = {"kind": "order", "measure": "count", "op": "gte", "value": 1}
                return criterion | ({"within": window} if window else {})
        case _ if what in registered:
            return registered[what](key, rest)
    return None


def window_of(text: str) -> dict[str, str] | None:
    """`2026-08-31:2026-11-22` in criteria; None: no stretch of days."""
    try:
        first, last = days_in(text)
    except ValueError:
        return None
    if not isinstance(first, date) or not isinstance(last, date):
        return None
    return {"from": first.isoformat(), "to": last.isoformat()}


FILTERS = [set_filter(NAME, among, label=gettext_lazy("Statistics"), longest=LONGEST_REST + 100)]
