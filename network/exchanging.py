"""One round's work as a job: give, then ask. Killed at any place it goes on from there and comes to the same."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

import pool.services as pool
from contacts.erasing.cleaners import packed, set_of
from contacts.models import ConsentState, Contact, ContactConsent
from jobs.services import chunk, finish
from network.models import AgreedSince, ChangedAddress, Exchange, Membership, Phase
from pool.rounds import begins, length, some_moment
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate

AT_ONCE = 5_000  # contacts in one transaction
ENGAGED = {"kind": "engagement", "state": "engaged", "days": 30}  # "lately", the same for every account

# Contacts first, in the order of ids, as whoever erases several of them: neither waits for the other in a circle. Whose
# address has just become another one is left out.
LOCK = """
SELECT id, email FROM contacts_contact
WHERE id IN (
    SELECT unnest(%(yes)s::int[])
    UNION SELECT contact_id FROM network_elsewhere WHERE contact_id BETWEEN %(first)s AND %(last)s
)
ORDER BY id FOR KEY SHARE OF contacts_contact
"""
# Nor whose consent is withdrawn just now, or is from now on: whoever withdraws it waits, and then takes the bit away.
AGREED = """
SELECT contact_id FROM contacts_contactconsent
WHERE consent_id = %(consent)s AND state = 'given' AND contact_id IN (
    SELECT unnest(%(yes)s::int[])
    UNION SELECT contact_id FROM network_elsewhere WHERE contact_id BETWEEN %(first)s AND %(last)s
)
ORDER BY contact_id FOR SHARE
"""
ASKED = """
DELETE FROM network_agreedsince WHERE contact_id IN (
    SELECT contact_id FROM network_agreedsince WHERE contact_id = ANY (%(asked)s::int[]) ORDER BY contact_id FOR UPDATE
)
"""
NO = """
DELETE FROM network_elsewhere
WHERE contact_id BETWEEN %(first)s AND %(last)s AND contact_id <> ALL (%(yes)s::int[])
"""
YES = """
INSERT INTO network_elsewhere (contact_id, at) SELECT unnest(%(yes)s::int[]), %(at)s
ON CONFLICT (contact_id) DO UPDATE SET at = EXCLUDED.at
"""


def carry_out(job: Exchange, now: datetime) -> bool:
    """One step: whom to give, then some of them given, then some contacts asked about."""
    own = Membership.objects.select_related("consent").first()
    if own is None:  # switched off, and on again, or not: another exchange has begun since, or none
        with chunk(job, now=now, saves=("engaged",)):
            job.engaged = None
            finish(job, now=now)
    elif (job.phase == Phase.GIVE and job.engaged is None) or job.round != pool.present(now):
        begin(job, now=now)
    elif job.phase == Phase.ASK:
        ask(job, own, now=now)
    else:
        give(job, own, now=now)
    return job.active


def begin(job: Exchange, *, now: datetime) -> None:
    """Who is engaged here, by the criterion's own definition.

    One that was held up beyond its round begins anew: nobody adds to a round that is over, and the one it asked about
    is removed by now. It is the exchange of the present round then, before that one's own moment as well as after it.
    """
    zone = timezone.get_current_timezone()
    engaged = evaluate(parse(ENGAGED), context=Context(now=now, zone=zone)).members
    with chunk(job, now=now, saves=("engaged", "round", "phase", "began_at")):
        job.engaged, job.phase, job.cursor, job.progress = packed(engaged), Phase.GIVE, 0, 0
        job.round, job.began_at = pool.present(now), now
        due = Membership.objects.filter(next_at__lt=begins(job.round + 1))
        due.update(next_at=some_moment(job.round + 1))
        job.total = len(engaged) + Contact.objects.count()


def give(job: Exchange, own: Membership, *, now: datetime) -> None:
    with suppress(pool.RoundOverError), chunk(job, now=now, saves=("engaged", "phase")):  # then it begins anew
        engaged = set_of(job.engaged)
        participant = pool.held()  # before the addresses are read
        start = engaged.rank(job.cursor)
        ids = list(engaged[start : start + AT_ONCE])
        if participant is not None and ids:
            pool.give(participant, job.round, by_address(addressed(own).filter(pk__in=ids)), now=now)
        if ids:
            job.cursor = ids[-1]
            job.progress += len(ids)
        if participant is not None and len(ids) < AT_ONCE:
            addresses = pool.all_given(participant, job.round, now=now)
            Membership.objects.filter(pk=own.pk).update(given=addresses)
        if len(ids) < AT_ONCE:
            job.engaged, job.phase, job.cursor = None, Phase.ASK, 0


def ask(job: Exchange, own: Membership, *, now: datetime) -> None:
    with chunk(job, now=now):
        rows = list(Contact.objects.filter(pk__gt=job.cursor).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        if rows:
            last = rows[-1] if len(rows) == AT_ONCE else 2**31 - 1
            answer(job, own, first=job.cursor + 1, last=last, now=now)
            job.cursor = rows[-1]
            job.progress += len(rows)
        if len(rows) < AT_ONCE:
            asked_at = job.began_at or now
            answered = pool.may_ask(job.round - 1, now=asked_at) is not None  # else no bit means no answer, not a no
            Membership.objects.filter(pk=own.pk).update(answered_at=asked_at if answered else None)
            finish(job, now=now)


def answer(job: Exchange, own: Membership, *, first: int, last: int, now: datetime) -> None:
    """Writes what is known of the contacts with these ids: a row for each yes, none for the others."""
    asked_at = job.began_at or now  # the same in every chunk
    rows = known_for_a_round(own, now=asked_at).filter(pk__gte=first, pk__lte=last)
    asked = by_address(rows)
    yes = {asked[email]: email for email in pool.elsewhere(job.round - 1, asked, now=asked_at)}
    given: dict[str, Any] = {"first": first, "last": last, "yes": list(yes), "at": asked_at}
    given |= {"asked": list(asked.values()), "consent": own.consent_id}
    with connection.cursor() as cursor:
        cursor.execute(LOCK, given)
        given["yes"] = [pk for pk, email in cursor.fetchall() if yes.get(pk) == email]
        if own.consent_id is not None:
            cursor.execute(AGREED, given)
            agreed = {pk for (pk,) in cursor.fetchall()}
            given["yes"] = [pk for pk in given["yes"] if pk in agreed]
            cursor.execute(ASKED, given)
        cursor.execute(NO, given)
        cursor.execute(YES, given)


def by_address(rows: "QuerySet[Contact]") -> dict[str, int]:
    """Who is called so; an address is one contact's."""
    return {email: pk for email, pk in rows.values_list("email", "pk") if email}


def addressed(own: Membership) -> "QuerySet[Contact]":
    """The contacts who have an address that may be given and asked about."""
    rows = Contact.objects.filter(email__isnull=False)
    if own.consent_id is None:
        return rows
    agreed = ContactConsent.objects.filter(contact=OuterRef("pk"), consent=own.consent_id, state=ConsentState.GIVEN)
    return rows.filter(Exists(agreed))


def known_for_a_round(own: Membership, *, now: datetime) -> "QuerySet[Contact]":
    """Nobody is asked about the moment they are typed in: not a new contact, nor an old one of a new address."""
    since = now - length()
    new = ChangedAddress.objects.filter(contact_id=OuterRef("pk"), at__gt=since)
    return addressed(own).filter(~Exists(new), created_at__lte=since)


def asked_about(own: Membership, contact: Contact) -> bool:
    """Whether the contact was among those that the last answer is about."""
    if own.answered_at is None:
        return False
    late = ContactConsent.objects.filter(contact=contact, consent=own.consent_id, changed_at__gt=own.answered_at)
    again = AgreedSince.objects.filter(contact_id=contact.pk)
    return known_for_a_round(own, now=own.answered_at).filter(~Exists(late), ~Exists(again), pk=contact.pk).exists()


def stopped(job: Exchange, _now: datetime) -> None:
    """Ended otherwise than done: whom it gave is kept no longer."""
    Exchange.objects.filter(pk=job.pk).update(engaged=None)
