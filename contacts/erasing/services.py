"""Erasing one contact or many: gone at once, proved, and then cleaned up after by a job."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from pyroaring import BitMap

from contacts.aliases import called_before
from contacts.erasing.cleaners import in_order, remains, union
from contacts.erasing.journal import write_down
from contacts.erasing.models import Cleaning, Erasure, ErasureReason
from contacts.erasing.names import keep_names
from contacts.hooks import witnesses
from contacts.models import Contact
from contacts.scrubbing import names_of
from contacts.services.contacts import delete_contact
from contacts.services.errors import GoneError
from jobs.services import chunk, finish, wake

PER_TRANSACTION = 100  # contacts that many are erased by: others wait for no more than these


def erase_contact(contact: Contact, *, reason: str = ErasureReason.ASKED, now: datetime, by: str) -> Erasure:
    """Erase a contact with all that is its, and have it cleaned up everywhere else. Answers with the proof.

    Raises: GoneError, if it is no more: of one merged meanwhile everything lives on in another contact.
    """
    with transaction.atomic():
        proof = erased(contact.pk, reason=reason, now=now, by=by)
        clean_up(now=now)
    return proof


def erase_contacts(ids: Iterable[int], *, reason: str = ErasureReason.ASKED, now: datetime, by: str) -> list[Erasure]:
    """Erase many, a hundred in each transaction, cleaned up after in one pass. Those gone already are passed over."""
    proofs: list[Erasure] = []
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), PER_TRANSACTION):
        with transaction.atomic():
            for pk in wanted[start : start + PER_TRANSACTION]:
                try:
                    proofs.append(erased(pk, reason=reason, now=now, by=by))
                except GoneError:
                    continue
    with transaction.atomic():
        clean_up(now=now)
    return proofs


def erased(pk: int, *, reason: str, now: datetime, by: str) -> Erasure:
    """Deletes the contact and writes the proof, in the caller's transaction. Raises: GoneError."""
    contact = Contact.objects.select_for_update().filter(pk=pk).first()
    if contact is None:
        raise GoneError
    names, ids, told = names_of(contact), sorted({pk, *called_before(contact)}), told_of(contact, now=now)
    counts = delete_contact(contact)
    reason = ErasureReason(reason)
    proof = Erasure.objects.create(ids=ids, at=now, by=by[:254], reason=reason, counts=counts, told=told)
    keep_names(proof, names)
    return proof


def told_of(contact: Contact, *, now: datetime) -> dict[str, Any]:
    """How it stood when it went, which numbers of the days before still need."""
    own = {"status": contact.status, "since": contact.created_at.isoformat()}
    return own | {name: witness(contact, now) for name, witness in witnesses.items()}


def clean_up(*, now: datetime) -> None:
    """Has a worker clean up after those erased; if one is at it, the tick sees to the rest."""
    try:
        with transaction.atomic():
            job = Cleaning.objects.create(requested_at=now)
    except IntegrityError:
        return  # cleaning_one_at_a_time
    wake(job, now=now)


def carry_out(job: Cleaning, now: datetime) -> bool:
    """One step: some rows of one thing kept. Killed at any place, it goes on from there and comes to the same."""
    if not job.work:
        begin(job, now=now)
        return job.active
    proofs = list(Erasure.objects.filter(pk__in=job.work["erasures"]))
    ids, cleaner = union(proof.ids for proof in proofs), in_order()[job.work["cleaner"]]
    with chunk(job, now=now, saves=("work",)):
        last = cleaner.clean(ids, job.cursor) if ids else None
        if last is not None:
            job.cursor = last
            return True
        job.cursor, job.progress = 0, job.progress + 1
        job.work["cleaner"] += 1
        if job.work["cleaner"] == len(in_order()):
            Erasure.objects.filter(pk__in=job.work["erasures"]).update(cleaned_at=now)
            complete(now=now)
            finish(job, now=now)
    return job.active


def begin(job: Cleaning, *, now: datetime) -> None:
    """Notes whom this pass is for: those whom nothing begun before can write down any more."""
    waiting = list(Erasure.objects.filter(cleaned_at=None).order_by("pk"))
    write_down(proof for proof in waiting if not proof.journaled)
    with chunk(job, now=now, saves=("work",)):
        Erasure.objects.filter(pk__in=[proof.pk for proof in waiting]).update(journaled=True)
        ready = undisturbed(waiting)
        job.work = {"erasures": [proof.pk for proof in ready], "cleaner": 0}
        job.total = len(in_order())
        if not ready:
            finish(job, now=now)


def undisturbed(proofs: Sequence[Erasure]) -> list[Erasure]:
    """Those before whom no work was begun that still goes on."""
    cleaners = in_order()
    found: list[Erasure] = []
    for proof in sorted(proofs, key=lambda each: each.at):
        if any(cleaner.busy(proof.at) for cleaner in cleaners):
            break  # and before every later one
        found.append(proof)
    return found


def complete(*, now: datetime) -> None:
    """Says of those cleaned that it is done, once what is derived has been renewed without them."""
    cleaned = dict(Erasure.objects.filter(cleaned_at__isnull=False, completed_at=None).values_list("pk", "ids"))
    everybody = union(cleaned.values())
    held = union(each(everybody) for each in remains) if everybody else everybody
    done = [pk for pk, ids in cleaned.items() if not held.intersection_cardinality(BitMap(ids))]
    Erasure.objects.filter(pk__in=done).update(completed_at=now)
