"""The contacts behind the numbers of engagement, for the contact manager: `?engagement=at.engaged.90.now.subscribed`.

What, group, window in days, day (or `now`), population. Found anew when it is opened, by the code that counted.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from pyroaring import BitMap

from config.requests import Request, today
from config.templatetags.times import day_text
from contacts.models import Status
from contacts.sight import as_seen
from insights.engagement.erased import ALL
from insights.engagement.figures import MOST_DAYS
from insights.engagement.moments import EARLIEST, GONE, PARTS, POPULATIONS, STATES, Looked
from insights.engagement.words import change_words, group_words
from segmentation.contact_sets import People, linked, set_filter, size_text
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate, snapshot

NAME, AT, NOW = "engagement", "at", "now"
SHAPE = re.compile(r"([a-z_]+)\.([a-z]+)\.([1-9][0-9]{0,3})\.(now|\d{4}-\d\d-\d\d)\.([a-z]+)", re.ASCII)


@dataclass(frozen=True)
class Named:
    """What an address names. `what`: `at`, or a part of the change; `population`: a status, or `all`."""

    what: str
    state: str
    days: int
    day: date | None
    population: str

    @property
    def text(self) -> str:
        return ".".join(
            (self.what, self.state, str(self.days), self.day.isoformat() if self.day else NOW, self.population)
        )

    @property
    def url(self) -> str:
        return f"{reverse('contacts:manager')}?{NAME}={self.text}"

    @property
    def criteria(self) -> dict[str, Any] | None:
        """That the same contacts satisfy, also later; of the past, and of a change, there are none."""
        if self.what != AT or self.day is not None:
            return None
        parts: list[dict[str, Any]] = []
        if self.state != ALL:
            parts.append({"kind": "engagement", "state": self.state, "days": self.days})
        if self.population != ALL:
            parts.append({"kind": "field", "field": "status", "op": "eq", "value": self.population})
        if not parts:
            return None
        return {"all": parts} if len(parts) > 1 else parts[0]

    @property
    def words(self) -> str:
        """Whom it names, without a time."""
        if self.what == AT:
            return group_words(self.state, self.population)
        return f"{group_words(self.state, self.population)}: {change_words(self.what, self.state)}"


def read(text: str) -> Named | None:
    """None: it names nothing."""
    found = SHAPE.fullmatch(text)
    if found is None:
        return None
    what, state, days, day, population = found.groups()
    try:
        named = Named(what, state, int(days), None if day == NOW else date.fromisoformat(day), population)
    except ValueError:
        return None
    if named.days > MOST_DAYS or (named.day is not None and named.day < EARLIEST):
        return None
    standing = what == AT and state in (*STATES, ALL) and population in (*Status.values, ALL)
    changing = what in PARTS and what != GONE and state in STATES and population in POPULATIONS
    return named if standing or changing else None


def people(request: Request, text: str) -> People:
    """Raises: ValidationError."""
    named, now = read(text), request.now
    if named is None or (named.day is not None and named.day > today(request)):
        raise ValidationError(_("There is no such part of these numbers."))
    with snapshot():
        ids = _ids(named, Context(**as_seen(request)))
    title = pgettext("some contacts", "%(group)s (window of %(days)s days)") % {
        "group": named.words,
        "days": named.days,
    }
    if named.day is not None:
        day = day_text(named.day, now=now)
        title = pgettext("some contacts on a day", "%(group)s, at the end of %(day)s") % {"group": title, "day": day}
    page = linked(reverse("insights:engagement"), _("Engagement"))
    note = format_html("{}: {}. {}", page, title, size_text(ids, now, now=now))
    return People(ids, title, note, named.criteria)


def _ids(named: Named, context: Context) -> BitMap:
    if named.what == AT and named.day is None:
        return evaluate(parse(named.criteria), context=context).members if named.criteria else context.everyone
    looked = Looked(context, named.days, named.day or context.today)
    if named.what == AT:
        return looked.end.people(named.population, named.state)
    return looked.change(named.what, named.state, named.population)


FILTER = set_filter(NAME, people, label=gettext_lazy("Engagement"))
