"""The contacts behind a number, for the contact manager: `?overtime=tag.3~week.2026-11-16.joined`.

Of a period: `begin` (in at its beginning), `joined`, `left`, `between`, `end`. `ever`: who was ever in. Of a cohort:
`cohort.2026-03`, all of it; `cohort.2026-03.2.in` and `.gone`, at the end of the second month after its own. Found anew
when it is opened.
"""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from pyroaring import BitMap

from config.requests import Request
from contacts.id_sets import id_set
from contacts.sight import as_seen
from insights.over_time import subjects
from insights.over_time.periods import Period, named, second
from insights.over_time.subjects import Subject
from insights.over_time.taking import spells_of
from segmentation.contact_sets import People, linked, sentences, set_filter, size_text
from segmentation.criteria import Context
from segmentation.criteria.times import shift
from segmentation.engine import snapshot

NAME = "overtime"
PARTS = ("begin", "joined", "left", "between", "end")


@dataclass(frozen=True)
class Part:
    """What an address asks for. `later`: of a cohort, the month at whose end it is looked at."""

    period: Period
    what: str
    later: Period | None = None


def list_url(subject: Subject, part: str) -> str:
    query = QueryDict(mutable=True)
    query[NAME] = f"{subject.token}~{part}"
    return f"{reverse('contacts:manager')}?{query.urlencode(safe='~')}"


def part_of(text: str, today: date) -> Part | None:
    """None: there is no such part."""
    match text.split("."):
        case ["ever"]:
            return Part(Period.of("day", today), "ever")
        case ["cohort", month]:
            period = named("month", f"{month}-01", today)
            return Part(period, "cohort") if period else None
        case ["cohort", month, after, what] if what in ("in", "gone") and after.isascii() and after.isdecimal():
            period = named("month", f"{month}-01", today)
            if period is None or int(after[:4]) > 1200:
                return None
            later = Period.of("month", shift(period.days.first, int(after[:4]), "month"))
            return Part(period, what, later) if later.days.first <= today else None
        case [unit, first, what] if what in PARTS:
            period = named(unit, first, today)
            return Part(period, what) if period else None
    return None


def overtime(request: Request, text: str) -> People:
    """`SUBJECT~PART`. Raises: ValidationError."""
    token, _sign, rest = text.partition("~")
    subject = subjects.named(token)
    if subject is None or subject.kind == "saved":
        raise ValidationError(_("What was looked at over time is no longer there."))
    now = request.now
    with snapshot():
        context = Context(**as_seen(request))
        part = part_of(rest, context.today)
        if part is None:
            raise ValidationError(_("There is no such part of it."))
        ids = members(subject, part, context)
    title = pgettext("some contacts of a group", "%(group)s: %(part)s") % {"group": subject.name, "part": words(part)}
    page = linked(f"{reverse('insights:over_time')}?of={subject.token}", _("Over time"))
    note = format_html("{}: {}. {}", page, title, size_text(ids, now, now=now))
    return People(ids, title, sentences(note, others(subject, part)))


def members(subject: Subject, part: Part, context: Context) -> BitMap:
    zone, now = context.zone, second(context.now)
    spells = spells_of(subject, context)
    begin, end = part.period.edge(zone), part.period.end(zone, now)
    before, after = spells.at(begin), spells.at(end)
    match part.what:
        case "joined":
            return after - before
        case "left":
            return before - after
        case "begin":
            return before
        case "end":
            return after
        case "ever":
            return id_set(spells.contacts)
        case "between":
            return spells.met(begin, end) - before - after
    cohort = spells.first_joined(begin, end)
    if part.later is None:
        return cohort
    still = spells.at(part.later.end(zone, now)) & cohort
    return still if part.what == "in" else cohort - still


def words(part: Part) -> str:
    given = {"period": part.period.name, "later": part.later.name if part.later else ""}
    templates = {
        "joined": _("joined in %(period)s"),
        "left": pgettext("contacts who left", "left in %(period)s"),
        "between": _("in only between the beginning and the end of %(period)s"),
        "begin": _("in at the beginning of %(period)s"),
        "end": _("in at the end of %(period)s"),
        "ever": _("ever in"),
        "cohort": _("in for the first time in %(period)s"),
        "in": _("in for the first time in %(period)s, and in at the end of %(later)s"),
        "gone": _("in for the first time in %(period)s, and out at the end of %(later)s"),
    }
    return templates[part.what] % given


def others(subject: Subject, part: Part) -> str:
    """The way to the rest of the cohort."""
    if part.later is None:
        return ""
    month = part.period.days.first
    after = (part.later.days.first.year - month.year) * 12 + part.later.days.first.month - month.month
    what, text = ("gone", _("Those who were out")) if part.what == "in" else ("in", _("Those who were still in"))
    return linked(list_url(subject, f"cohort.{month:%Y-%m}.{after}.{what}"), text)


FILTERS = [set_filter(NAME, overtime, label=gettext_lazy("Over time"), area="over_time")]
