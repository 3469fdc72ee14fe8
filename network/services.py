"""Switching the network signal on and off, and when each round's exchange is due."""

from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

import pool.services as pool
from contacts.models import Consent
from jobs.models import ACTIVE
from jobs.services import cancel, due, wake
from network.models import ChangedAddress, Elsewhere, Exchange, Membership, Switch
from pool.rounds import length, round_at, some_moment

KEPT = timedelta(days=30)  # finished exchanges
OLDEST = 3  # rounds: a yes that nothing has renewed since is none any more


def switch_on(*, consent: Consent | None, now: datetime, by: str) -> bool:
    """The account takes part from now on: gives at once; answers come with the first exchange a whole round later.

    Says whether it did not before.
    """
    with transaction.atomic():
        _own, made = Membership.objects.get_or_create(
            pk=1, defaults={"since": now, "by": by[:254], "consent": consent, "next_at": now}
        )
        if made:
            pool.join(now=now)
            Switch.objects.create(at=now, by=by[:254], on=True)
            due(now)
    return made


def switch_off(*, now: datetime, by: str) -> bool:
    """Nothing of the account is in the pool any more, and no contact has a bit, when this returns.

    What others have been answered meanwhile is renewed, without it, in their next exchange. Says whether it was on.
    """
    with transaction.atomic():
        for job in Exchange.objects.filter(state__in=ACTIVE):
            cancel(job, now=now)
        if not Membership.objects.select_for_update().exists():
            return False
        pool.leave()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM network_elsewhere")
            cursor.execute("DELETE FROM network_changedaddress")
            cursor.execute("DELETE FROM network_agreedsince")
        Membership.objects.all().delete()
        Switch.objects.create(at=now, by=by[:254], on=False)
    return True


def look(now: datetime) -> datetime | None:
    """Has this round's exchange done when it is due; the next is at a random moment of the next round."""
    own = Membership.objects.first()
    if own is None or own.next_at > now:
        return own.next_at if own else None
    following = some_moment(round_at(now) + 1)
    Membership.objects.filter(pk=own.pk).update(next_at=following)
    try:
        with transaction.atomic():
            wake(Exchange.objects.create(round=round_at(now), requested_at=now), now=now)
    except IntegrityError:
        pass  # exchange_one_at_a_time: the last has not ended yet
    return following


def remove_old(now: datetime) -> None:
    """Of this account what is over; and of all of them what is no more asked about."""
    Exchange.objects.exclude(state__in=ACTIVE).filter(requested_at__lt=now - KEPT).delete()
    ChangedAddress.objects.filter(at__lt=now - (OLDEST + 1) * length()).delete()  # a round before the oldest answer
    Elsewhere.objects.filter(at__lt=now - OLDEST * length()).delete()
    Membership.objects.filter(answered_at__lt=now - OLDEST * length()).update(answered_at=None)
    pool.remove_old(now)
