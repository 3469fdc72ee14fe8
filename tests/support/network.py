"""Other accounts of the network signal, as rows: making their schemas would take a second each."""

from collections.abc import Iterable
from datetime import datetime
from itertools import count

from accounts.models import Account
from jobs.services import run
from network.models import Elsewhere, Exchange
from network.services import look
from pool.models import Entry, Given, Participant
from pool.rounds import digest, key_of, length, round_at

_numbers = count(1)


def other(*emails: str, now: datetime, since: datetime | None = None, crowd: int = 3) -> Participant:
    """An account that gave these addresses, and `crowd` of nobody else's, in the round before `now`."""
    name = f"elsewhere{next(_numbers)}"
    [account] = Account.objects.bulk_create([Account(schema_name=name, name=name)])
    own = Participant.objects.create(account=account, since=since or now - 9 * length())
    give(own, [*emails, *(f"{n}@{name}.example" for n in range(crowd))], number=round_at(now) - 1)
    return own


def give(own: Participant, emails: Iterable[str], *, number: int) -> None:
    each = set(emails)
    key = key_of(number)
    Entry.objects.bulk_create(Entry(participant=own, round=number, digest=digest(key, email)) for email in each)
    Given.objects.create(participant=own, round=number, addresses=len(each))


def exchange(now: datetime) -> Exchange:
    """What the scheduler and a worker would do at `now`, were it due."""
    look(now)
    job = Exchange.objects.first()
    assert job is not None
    run("network_exchange", job.pk, now=now)
    job.refresh_from_db()
    return job


def marked() -> set[int]:
    return set(Elsewhere.objects.values_list("contact_id", flat=True))
