"""The only door to the pool: join, give, ask for yes or no, leave.

No answer here tells how many others there are, who they are or when they gave. Whatever is missing for an answer (too
few others, nothing given of one's own) is a no like any other.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest

from accounts.models import Account
from pool.models import Entry, Given, Participant, Round
from pool.rounds import digest, key_of, length, round_at

FORGET = "DELETE FROM pool_entry WHERE participant_id = %s AND round = %s AND digest = ANY (%s::bytea[])"
LEAVE = (
    "DELETE FROM pool_entry WHERE participant_id IN (SELECT id FROM pool_participant WHERE account_id = %s)",
    "DELETE FROM pool_given WHERE participant_id IN (SELECT id FROM pool_participant WHERE account_id = %s)",
    "DELETE FROM pool_participant WHERE account_id = %s",
)
GIVE = (
    "INSERT INTO pool_entry (participant_id, round, digest) SELECT %s, %s, unnest(%s::bytea[]) ON CONFLICT DO NOTHING"
)
# Whoever gives shares the round's row until the end of the transaction, and whoever is first to ask writes it: so the
# one waits for the others, and those who come later find the round over, whatever their clocks say.
OPEN = "INSERT INTO pool_round (number, over) VALUES (%s, false) ON CONFLICT DO NOTHING"
SHARE = "SELECT over FROM pool_round WHERE number = %s FOR SHARE"
OVER = """
INSERT INTO pool_round (number, over) VALUES (%s, true)
ON CONFLICT (number) DO UPDATE SET over = true WHERE NOT pool_round.over
"""
CROWD = """
SELECT participant_id FROM pool_given
WHERE round = %(round)s AND participant_id <> %(own)s AND addresses >= %(least)s
"""
HELD = """
SELECT digest FROM pool_entry
WHERE round = %(round)s AND digest = ANY (%(digests)s::bytea[]) AND participant_id = ANY (%(crowd)s)
GROUP BY digest HAVING count(*) >= %(yes)s
"""


class RoundOverError(Exception):
    """Another round than this is given into now."""


def join(*, now: datetime) -> Participant:
    """The current account takes part from now on."""
    return Participant.objects.get_or_create(account=current(), defaults={"since": now})[0]


def leave() -> None:
    """Everything of the current account goes, at once. Answers that others have got are renewed in their next round."""
    forget_account(current())


def forget_account(account: Account, _now: datetime | None = None) -> None:
    """The rows first: Django would fetch each of them to delete it. Of 800,000 addresses: docs/network-signal.md."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pool_participant WHERE account_id = %s FOR UPDATE", [account.pk])
        for statement in LEAVE:
            cursor.execute(statement, [account.pk])


def held() -> Participant | None:
    """The current account among those who take part, held until the transaction ends: nobody gives or forgets besides.

    Between reading an address and giving it its contact may be erased: both hold this row, so one sees the other.
    """
    return Participant.objects.select_for_update(of=("self",)).filter(account__schema_name=schema()).first()


def present(now: datetime) -> int:
    """The round that is given into: by the clock; the next one, if somebody has asked about that already.

    Clocks differ, and what goes by `now` goes on for a while after it.
    """
    number = round_at(now)
    return number + Round.objects.filter(number=number, over=True).count()


def share(number: int, *, now: datetime) -> None:
    """Nobody asks about the round until this transaction ends. Raises: RoundOverError, unless it is the present one."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [number])
        cursor.execute(SHARE, [number])
        row = cursor.fetchone()
    if row is None or row[0] or number != present(now):
        raise RoundOverError


def give(own: Participant, number: int, emails: Iterable[str], *, now: datetime) -> None:
    """Adds these addresses to what is given in the round; repeated, it changes nothing. The caller has it `held`.

    Raises: RoundOverError, unless it is the present round.
    """
    share(number, now=now)
    key = key_of(number)
    digests = [digest(key, email) for email in emails]
    secrets.SystemRandom().shuffle(digests)  # where a row lies tells nothing of which contact it was
    if own.round < number:
        own.round = number
        own.save(update_fields=["round"])
    with connection.cursor() as cursor:
        cursor.execute(GIVE, [own.pk, number, digests])


def all_given(own: Participant, number: int, *, now: datetime) -> int:
    """The round's addresses are complete from now on; how many. What was given two rounds ago goes.

    Raises: RoundOverError, unless it is the present round.
    """
    share(number, now=now)
    addresses = Entry.objects.filter(participant=own, round=number).count()
    Given.objects.update_or_create(participant=own, round=number, defaults={"addresses": addresses})
    for model in (Entry, Given):
        model.objects.filter(participant=own, round__lt=number - 1).delete()
    return addresses


def may_ask(number: int, *, now: datetime) -> Participant | None:
    """The current account, if it may be answered about the round. By its own doing alone: nothing of others is in it.

    The round is over, this account gave something in it, and has taken part for a whole round. Held up before it had
    given all, it gave something too: that counts for nobody else.
    """
    if number >= present(now):
        return None
    given = Given.objects.filter(participant=OuterRef("pk"), round=number)
    some = Entry.objects.filter(participant=OuterRef("pk"), round=number)
    long_enough = Participant.objects.filter(account__schema_name=schema(), since__lte=now - length())
    return long_enough.filter(Q(Exists(given.filter(addresses__gt=0))) | Q(~Exists(given), Exists(some))).first()


def elsewhere(number: int, emails: Iterable[str], *, now: datetime) -> set[str]:
    """Those of `emails` that others gave in a round that is over: the yes, for the current account.

    Nobody, unless this account `may_ask`; unless there are as many others as `NETWORK_ACCOUNTS`, each with
    `NETWORK_ADDRESSES` addresses; and never of fewer than `NETWORK_YES` of those. From then on nobody adds to it.
    """
    own = may_ask(number, now=now)
    if own is None:
        return set()
    if not Round.objects.filter(number=number, over=True).exists():
        with connection.cursor() as cursor:
            cursor.execute(OVER, [number])  # waits for whoever gives into it just now
    key = key_of(number)
    by_digest = {digest(key, email): email for email in emails}
    given: dict[str, Any] = {"own": own.pk, "round": number, "least": settings.NETWORK_ADDRESSES}
    with connection.cursor() as cursor:
        cursor.execute(CROWD, given)
        crowd = [participant for (participant,) in cursor.fetchall()]
        if len(crowd) < settings.NETWORK_ACCOUNTS:
            return set()
        cursor.execute(HELD, {**given, "crowd": crowd, "digests": list(by_digest), "yes": max(settings.NETWORK_YES, 1)})
        return {by_digest[bytes(found)] for (found,) in cursor.fetchall()}


def forget(emails: Iterable[str]) -> None:
    """Takes these addresses out of what the current account has given. Waits for whoever gives just now.

    In the transaction in which their contacts go: until it ends nobody gives.
    """
    own = held()
    if own is None:
        return
    names = list(emails)
    with connection.cursor() as cursor:
        for number in range(own.round - 2, own.round + 1):  # the oldest is there until the last is complete
            key = key_of(number)
            cursor.execute(FORGET, [own.pk, number, [digest(key, email) for email in names]])
            if gone := cursor.rowcount:
                given = Given.objects.filter(participant=own, round=number)
                given.update(addresses=Greatest(F("addresses") - gone, 0))


def remove_old(now: datetime) -> None:
    """What was given in rounds that are no more asked about, of accounts that have not come since to remove it."""
    for model in (Entry, Given):
        model.objects.filter(round__lt=round_at(now) - 1).delete()
    Round.objects.filter(number__lt=round_at(now) - 1).delete()


def schema() -> str:
    name: str = connection.schema_name  # type: ignore[attr-defined]
    return name


def current() -> Account:
    return Account.objects.get(schema_name=schema())
