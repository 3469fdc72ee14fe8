"""Moments and spans as the reader's language writes them, in the account's time zone."""

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NONE = "–"
MINUTE, WHOLE_DAY = timedelta(minutes=1), timedelta(days=1)
LONGEST_IN_HOURS = timedelta(hours=72)
LONGEST_AGO = timedelta(days=30)
SMALL_MONTHS = ("pl",)


def small_months() -> bool:
    """Whether the language writes months in small letters."""
    return (translation.get_language() or "en")[:2] in SMALL_MONTHS


def month_pattern() -> str:
    """Of a short month, as `date_format` has it."""
    return "b" if small_months() else "M"


def day_text(when: date, *, now: datetime) -> str:
    """ "19 Nov", with the year where it is not the current one."""
    pattern = f"j {month_pattern()}"
    if when.year != timezone.localtime(now).year:
        pattern += " Y"
    return date_format(when, pattern, use_l10n=False)


def moment_text(when: datetime, *, now: datetime) -> str:
    """ "19 Nov, 08:00" in the current time zone."""
    local = timezone.localtime(when)
    return f"{day_text(local.date(), now=now)}, {local:%H:%M}"


def span_text(span: timedelta) -> str:
    """ "21 h 40 min", "3 days": hours and minutes up to three days, then whole days. Under a minute: ""."""
    if span >= LONGEST_IN_HOURS:
        return ngettext("%(count)s day", "%(count)s days", span.days) % {"count": span.days}
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return ""
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    if minutes % 60 == 0:
        return _("%(hours)s h") % {"hours": minutes // 60}
    return _("%(hours)s h %(minutes)02d min") % {"hours": minutes // 60, "minutes": minutes % 60}


def rounded(span: timedelta) -> timedelta:
    """To the nearest of the smallest unit shown: a second short of seven days is seven days, not six."""
    if span < MINUTE:
        return span
    minutes = MINUTE * int(span / MINUTE + 0.5)
    return WHOLE_DAY * int(span / WHOLE_DAY + 0.5) if minutes >= LONGEST_IN_HOURS else minutes


def until_text(when: datetime, *, now: datetime) -> str:
    """ "in 21 h 40 min", "in 7 days", to the nearest; what has passed reads as `ago_text`."""
    if when <= now:
        return ago_text(when, now=now)
    span = span_text(rounded(when - now))
    return _("in %(span)s") % {"span": span} if span else _("in less than a minute")


def ago_text(when: datetime, *, now: datetime) -> str:
    """ "5 min ago"; after thirty days the moment itself."""
    if when > now:
        return until_text(when, now=now)
    if now - when > LONGEST_AGO:
        return moment_text(when, now=now)
    span = span_text(now - when)
    return _("%(span)s ago") % {"span": span} if span else _("just now")


def time_tag(when: datetime, text: str, *, title: str = "") -> SafeString:
    """`text` inside <time> with the machine's form, and the full moment to hover over."""
    machine = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if title and title != text:
        return format_html('<time datetime="{}" title="{}">{}</time>', machine, title, text)
    return format_html('<time datetime="{}">{}</time>', machine, text)
