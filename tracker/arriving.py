"""What came from a site of late, for its page."""

from datetime import datetime, timedelta
from typing import Any

from tracker import counting
from tracker.models import Outcome, TrackedSite

DAYS = 7
FRESH = timedelta(minutes=10)
GOOD = (Outcome.STORED, Outcome.VISIT)
QUIET = (Outcome.REPEATED, Outcome.TESTED, Outcome.BOT)  # nothing that anybody has to look after


def since(now: datetime) -> datetime:
    """Today and the days before it, in UTC, as counts are kept."""
    return now - timedelta(days=DAYS - 1)


def arrived(site: TrackedSite, *, now: datetime) -> dict[str, Any]:
    """When an event last came, what became of those of today and of the last days; a row for each that there was."""
    today, week = counting.counted(site, since=now), counting.counted(site, since=since(now))
    lasts = counting.last(site)
    rows = [
        {
            "label": outcome.label,
            "today": today.get(outcome, 0),
            "week": week[outcome],
            "last_at": lasts[outcome],
            "bad": outcome not in (*GOOD, *QUIET),
        }
        for outcome in Outcome
        if outcome in week
    ]
    stored, refused = lasts.get(Outcome.STORED), [lasts[o] for o in lasts if o not in (*GOOD, *QUIET)]
    return {
        "rows": rows,
        "week": week.get(Outcome.STORED, 0),
        "at": now,
        "days": DAYS,
        "stored_at": stored,
        "tested_at": lasts.get(Outcome.TESTED),
        "ignored_at": lasts.get(Outcome.BOT),
        "fresh": stored is not None and now - stored < FRESH,
        "refused_at": max(refused, default=None),
        "anything": bool(lasts),
    }
