"""How many events of a site came to what, by day."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Max, Sum

from tracker.models import Outcome, SiteCount, TrackedSite

KEPT = timedelta(days=90)
# Everybody who reports at the same time counts on the same rows: held for as long as one statement takes, without the
# disk. A crash of the database's machine may lose the counts of its last moment, never an event.
COUNT = """
INSERT INTO tracker_sitecount AS c (site_id, day, outcome, number, last_at)
SELECT %s, %s, each.outcome, each.number, %s
FROM unnest(%s::text[], %s::bigint[]) AS each (outcome, number),
    (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
WHERE EXISTS (SELECT 1 FROM tracker_trackedsite WHERE id = %s)
ORDER BY each.outcome
ON CONFLICT (site_id, day, outcome) DO UPDATE SET number = c.number + excluded.number,
    last_at = greatest(c.last_at, excluded.last_at)
"""


def count(site: TrackedSite, counts: Mapping[Outcome, int], *, now: datetime) -> None:
    """Adds them to the day's. Called outside the transaction that stored the events."""
    some = {str(outcome): number for outcome, number in counts.items() if number > 0}
    if some:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [site.pk, now.astimezone(UTC).date(), now, list(some), list(some.values()), site.pk])


def counted(site: TrackedSite, *, since: datetime) -> dict[Outcome, int]:
    """The sums since that day, the day included."""
    rows = SiteCount.objects.filter(site=site, day__gte=since.astimezone(UTC).date()).values_list("outcome")
    return {Outcome(outcome): number for outcome, number in rows.annotate(sum=Sum("number"))}


def last(site: TrackedSite) -> dict[Outcome, datetime]:
    """When each last happened."""
    rows = SiteCount.objects.filter(site=site).values_list("outcome")
    return {Outcome(outcome): at for outcome, at in rows.annotate(at=Max("last_at"))}


def remove_old(now: datetime) -> None:
    """Counts of days long past; a handful of rows a day."""
    SiteCount.objects.filter(day__lt=(now - KEPT).astimezone(UTC).date()).delete()
