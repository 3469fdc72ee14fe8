"""A report becomes visits and activities of one contact: each event once, and none without the consent."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Account
from activities.models import Channel
from activities.services import record_activities_partly, record_visits_partly
from activities.services.people import LARGEST, Named, bearing, now_those
from activities.sources import UTM, source_of
from contacts.models import ConsentState, Contact
from tracker import tokens
from tracker.models import Outcome, SeenEvent, TrackedSite
from tracker.reports import Report, Told
from tracker.tokens import TEST, TokenError

SILENCE = timedelta(minutes=30)  # after which another visit begins
KEEP = """
INSERT INTO tracker_seenevent (contact_id, uid, site_id, at, stored_at, campaign)
SELECT %s, each.uid, %s, each.at, %s, '' FROM unnest(%s::uuid[], %s::timestamptz[]) AS each (uid, at)
ON CONFLICT (contact_id, uid) DO NOTHING RETURNING uid
"""
MARK = """
UPDATE tracker_seenevent AS seen SET campaign = each.campaign
FROM unnest(%s::uuid[], %s::text[]) AS each (uid, campaign) WHERE seen.contact_id = %s AND seen.uid = each.uid
"""
Counts = Counter[Outcome]


def record(report: Report, *, site: TrackedSite, account: Account, now: datetime) -> Counts:
    """Write down what is new in the report; how many events came to what.

    Whoever the token names is the only contact that a report can speak of. One transaction: an event is noted as seen
    and stored, or neither.
    """
    number = len(report.events)
    counts: Counts = Counter({Outcome.WRONG: report.wrong})
    if not site.active:
        return counts + Counter({Outcome.OFF: number})
    try:
        named = tokens.read(report.token, key=site.key, keys=site.secrets_at(now), now=now)
    except TokenError as error:
        return counts + Counter({Outcome.EXPIRED if error.expired else Outcome.TOKEN: max(1, number)})
    if named.way == TEST:
        return counts + Counter({Outcome.TESTED: number})
    if not report.events:
        return counts
    with transaction.atomic():
        pk = held(named)
        if pk is None:
            return counts + Counter({Outcome.NOBODY: number})
        if site.consent_id and not agreed(pk, site.consent_id):
            return counts + Counter({Outcome.NO_CONSENT: number})
        return counts + written(report.events, pk=pk, site=site, account=account, now=now)


def held(named: tokens.Named) -> int | None:
    """The contact, held so that two reports about it come one after the other; of one merged, the one it is now.

    Held at once as firmly as is needed: whoever held it loosely first and then firmly could wait for an erasure that
    waits for them.
    """
    one = called(named)
    if one is None:
        return None
    pk = one[1] if isinstance(one[1], int) else bearing({one}).get(one)
    if pk and hold(pk):
        return pk
    pk = now_those([one]).get(one)
    return pk if pk and hold(pk) else None


def found(named: tokens.Named) -> int | None:
    """The id of the contact, not held."""
    one = called(named)
    if one is None:
        return None
    pk = one[1] if isinstance(one[1], int) else bearing({one}).get(one)
    return pk if pk and Contact.objects.filter(pk=pk).exists() else now_those([one]).get(one)


def called(named: tokens.Named) -> Named | None:
    """The name as it is looked for; None: nobody can be called so."""
    way, value = named
    if way == "id":
        return (way, int(value)) if value.isascii() and value.isdigit() and int(value) <= LARGEST else None
    if not value or "\0" in value:
        return None
    return way, value.lower() if way == "email" else value


def hold(pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM contacts_contact WHERE id = %s FOR NO KEY UPDATE", [pk])
        return cursor.fetchone() is not None


def agreed(pk: int, consent: int) -> bool:
    """Whether the contact has given the consent; a withdrawal waits until what is being written is written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM contacts_contactconsent WHERE contact_id = %s AND consent_id = %s FOR SHARE",
            [pk, consent],
        )
        row = cursor.fetchone()
    return row is not None and row[0] == ConsentState.GIVEN


def written(events: Sequence[Told], *, pk: int, site: TrackedSite, account: Account, now: datetime) -> Counts:
    """Those that are new, with the visits that begin with them."""
    around = list(
        SeenEvent.objects.filter(
            contact_id=pk, site=site, at__gte=events[0].at - SILENCE, at__lte=events[-1].at + SILENCE
        )
        .order_by("at", "pk")
        .values_list("at", "campaign")
    )
    fresh = noted(events, pk=pk, site=site, now=now)
    begun: list[Told] = []
    campaigns: dict[UUID, str] = {}
    for told in fresh:
        campaign, begins = place(told, around)
        if begins:
            begun.append(told)
        around.insert(bisect_right(around, told.at, key=lambda seen: seen[0]), (told.at, campaign))
        if campaign:
            campaigns[told.uid] = campaign
    if campaigns:
        with connection.cursor() as cursor:
            cursor.execute(MARK, [list(campaigns), list(campaigns.values()), pk])
    contact = {"id": pk}
    stored = write_activities(fresh, contact=contact, account=account, now=now)
    visits = [{"contact": contact, "at": told.at, "landing_url": told.url, "referrer": told.referrer} for told in begun]
    visited = record_visits_partly(visits, account=account, now=now).written if visits else 0
    return Counter(
        {
            Outcome.STORED: stored,
            Outcome.VISIT: visited,
            Outcome.WRONG: len(fresh) - stored,
            Outcome.REPEATED: len(events) - len(fresh),
        }
    )


def noted(events: Sequence[Told], *, pk: int, site: TrackedSite, now: datetime) -> list[Told]:
    """Those of the events that were never seen of this contact; from now on they are."""
    once = {told.uid: told for told in events}
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [pk, site.pk, now, list(once), [told.at for told in once.values()]])
        new = {uid for (uid,) in cursor.fetchall()}
    return [told for uid, told in once.items() if uid in new]


def place(told: Told, around: Sequence[tuple[datetime, str]]) -> tuple[str, bool]:
    """The campaign of the visit that the event belongs to, and whether that visit begins with it.

    One begins after half an hour of silence, or with another tagged link or ad. What a browser kept while it was
    offline may come after what happened later: then it belongs to the visit that follows.
    """
    own = campaign_of(told)
    where = bisect_right(around, told.at, key=lambda seen: seen[0])
    for at, campaign in (*around[max(0, where - 1) : where], *around[where : where + 1]):
        if abs(told.at - at) < SILENCE:
            return (own, True) if own and own != campaign else (campaign, False)
    return own, True


def campaign_of(told: Told) -> str:
    """What distinguishes the tagged link or ad of its address from others; empty without one."""
    source = source_of(told.url, told.referrer, {})
    tags = [getattr(source, name) for name in UTM]
    if not any(tags) and source.channel != Channel.AD:
        return ""
    return sha256("\n".join([source.channel, *tags]).encode()).hexdigest()


def write_activities(events: Sequence[Told], *, contact: dict[str, int], account: Account, now: datetime) -> int:
    """How many were written. A price that is no number is left out, and not the view of the product."""
    items: list[dict[str, Any]] = [
        {"contact": contact, "type": told.type, "at": told.at, "params": dict(told.params)} for told in events
    ]
    if not items:
        return 0
    first = record_activities_partly(items, account=account, now=now)
    if not first.errors:
        return first.written
    for error in first.errors:
        name = error.field.removeprefix("params.")
        if error.item is not None:
            items[error.item]["params"].pop(name, None)
    again = [items[n] for n, status in enumerate(first.statuses) if status == "rejected"]
    return first.written + record_activities_partly(again, account=account, now=now).written
