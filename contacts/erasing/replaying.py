"""After a restore: whoever had been erased since that backup, and came back with it, is erased again."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from contacts.erasing.journal import missing, put_back
from contacts.erasing.models import Cleaning, Erasure
from contacts.erasing.services import clean_up, complete
from contacts.models import Contact
from contacts.services.contacts import delete_contact
from jobs.models import ACTIVE

AGAIN = timedelta(minutes=5)  # until it is looked whether what held up a cleaning is over


def replay(*, now: datetime) -> tuple[int, int]:
    """Puts back proofs that the journal has beyond the database, and erases who is there again.

    Who came back is told by number and time: numbers that a restored database gives anew belong to later contacts.

    Shape: proofs put back, contacts erased again.
    """
    proofs = [put_back(entry) for entry in missing()]
    again = 0
    for proof in Erasure.objects.order_by("pk") if proofs else ():
        with transaction.atomic():
            back = Contact.objects.select_for_update().filter(pk__in=proof.ids, created_at__lte=proof.at)
            people = list(back.order_by("pk"))
            for person in people:
                delete_contact(person)
            if people:
                again += len(people)
                fields = {"cleaned_at": None, "completed_at": None, "replays": F("replays") + 1}
                Erasure.objects.filter(pk=proof.pk).update(**fields)
    if proofs:
        with transaction.atomic():
            clean_up(now=now)
    return len(proofs), again


def look(now: datetime) -> datetime | None:
    """Goes on with what a pass had to leave. Nothing to do: no further look."""
    if not Erasure.objects.filter(completed_at=None).exists():
        return None
    if Cleaning.objects.filter(state__in=ACTIVE).exists():
        return now + AGAIN
    complete(now=now)
    last = Cleaning.objects.order_by("-pk").values_list("requested_at", flat=True).first()
    if Erasure.objects.filter(cleaned_at=None).exists() and (last is None or last <= now - AGAIN):
        clean_up(now=now)
    return now + AGAIN


def replay_missing(now: datetime) -> None:
    """Hourly, for who forgot: a database that was put back does not keep who had been erased."""
    replay(now=now)
