"""Contacts become one: all that they did, were given and said is the kept one's, and nothing is counted twice.

One transaction. Whoever writes about one of them at the same time is waited for, or finds the kept one; what the others
were called leads to it from then on (`contacts.aliases`). What is merged cannot be parted again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from pyroaring import BitMap

from contacts import hooks
from contacts.aliases import bears_again, leave_aliases
from contacts.hooks import Merge
from contacts.label_writes import note_write
from contacts.models import (
    AliasKind,
    ConsentState,
    Contact,
    ContactConsent,
    EntryKind,
    HistoryEntry,
    LabelKind,
    Status,
)
from contacts.selecting import exchange_contacts
from contacts.services.contacts import FIELDS, changes_between, state_of
from contacts.services.errors import GoneError, LostUpdateError
from users.models import User

MOST = 5  # contacts merged at once: what one can look at side by side
LONGEST_NAMES = 400
# The first of these that anybody has: a merged contact is not written to because one of its records had not heard it.
STRICTEST = (Status.UNSUBSCRIBED, Status.BOUNCED, Status.PENDING, Status.SUBSCRIBED)


def merge_contacts(
    ids: Iterable[int],
    *,
    into: int,
    chosen: Mapping[str, int],
    seen: Mapping[int, datetime] | None = None,
    now: datetime,
    by: str,
    user: User | None = None,
) -> Contact:
    """Merge these contacts into one of them, and return it.

    chosen: by field ("phone", "attributes.city"): the contact whose value is kept; where it names none, `proposed`.
    seen: of each contact the `updated_at` on which the choice is based.
    Raises: GoneError; LostUpdateError, when one of them was changed since; ValueError for less than two, or too many.
    """
    wanted = sorted(set(ids))
    if into not in wanted or not 2 <= len(wanted) <= MOST:
        raise ValueError(wanted)
    with transaction.atomic():
        for hold in hooks.holding:
            hold(wanted)
        people = list(Contact.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
        if len(people) < len(wanted):
            raise GoneError
        if seen is not None and any(seen.get(person.pk) != person.updated_at for person in people):
            raise LostUpdateError
        kept = next(person for person in people if person.pk == into)
        others = [person for person in people if person.pk != into]
        before, values = state_of(kept), resulting(people, chosen)
        statuses = HistoryEntry.objects.filter(contact__in=others, detail__fields__has_key="status")
        theirs = list(statuses.order_by("pk").values_list("pk", flat=True))
        moved = moved_to(Merge(kept=kept.pk, others=[other.pk for other in others], now=now))
        leave_aliases(kept, others, left=names_left(people, values), now=now)
        Contact.objects.filter(pk__in=[other.pk for other in others]).delete()
        take_values(kept, values)
        kept.created_at = min(person.created_at for person in people)
        kept.updated_at = max(now, *(person.updated_at + person.updated_at.resolution for person in people))
        kept.save()
        bears_again(kept)
        HistoryEntry.objects.create(
            contact=kept,
            at=now,
            kind=EntryKind.MERGED,
            label=", ".join(called(other) for other in others)[:LONGEST_NAMES],
            detail={
                "from": [other.pk for other in others],
                "fields": changes_between(before, state_of(kept)),
                "moved": moved,
                **({"statuses": theirs} if theirs else {}),
            },
            by=by[:254],
            user=user,
        )
    return kept


def called(contact: Contact) -> str:
    return f"{contact} (#{contact.pk})"


# --- values ----------------------------------------------------------------------------------------------------
def proposed(people: Sequence[Contact]) -> dict[str, int]:
    """Of each field that anybody has a value of: whose is kept unless somebody chooses otherwise.

    The one changed last, of those who have any; of subscription statuses the strictest, of lead scores the highest.
    """
    latest = sorted(people, key=lambda person: (person.updated_at, person.pk), reverse=True)
    found: dict[str, int] = {}
    for name in fields_of(people):
        having = [person for person in latest if state_of(person).get(name) not in (None, "")]
        if name == "status":
            having.sort(key=lambda person: STRICTEST.index(Status(person.status)))
        elif name == "lead_score":
            having.sort(key=lambda person: -person.lead_score)
        if having:
            found[name] = having[0].pk
    return found


def fields_of(people: Iterable[Contact]) -> list[str]:
    """A contact's own fields, then every attribute that one of these has."""
    keys = {key for person in people for key in person.attributes}
    return [*FIELDS, *(f"attributes.{key}" for key in sorted(keys))]


def resulting(people: Sequence[Contact], chosen: Mapping[str, int]) -> dict[str, Any]:
    """What the merged contact's fields will be, by name as `state_of` has them."""
    states = {person.pk: state_of(person) for person in people}
    whose = {**proposed(people), **{name: pk for name, pk in chosen.items() if pk in states}}
    return {name: states[whose[name]].get(name) for name in fields_of(people) if name in whose}


def take_values(contact: Contact, values: Mapping[str, Any]) -> None:
    for name in FIELDS:
        if name in values:
            setattr(contact, name, values[name])
    attributes = {name.removeprefix("attributes."): value for name, value in values.items() if name not in FIELDS}
    contact.attributes = {key: value for key, value in attributes.items() if value is not None}


def names_left(people: Iterable[Contact], values: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Addresses and external ids, the kept one's own included, that the merged contact does not bear."""
    left: set[tuple[str, str]] = set()
    for kind in (AliasKind.EMAIL, AliasKind.EXTERNAL_ID):
        names = {getattr(person, kind) for person in people} - {None, values.get(kind)}
        left |= {(str(kind), name) for name in names}
    return left


# --- what is theirs --------------------------------------------------------------------------------------------
def moved_to(merge: Merge) -> dict[str, Any]:
    """Moves all that is the others', the apps above theirs; answers what the history says of it."""
    moved: dict[str, Any] = {}
    for move in hooks.merging:
        moved |= move(merge)
    if answers := merge_consents(merge):
        moved["consents"] = answers
    HistoryEntry.objects.filter(contact__in=merge.others).update(contact=merge.kept)
    follow_dismissed(merge)
    exchange_contacts(merge.others, merge.kept)
    return moved


def merge_consents(merge: Merge) -> list[dict[str, str]]:
    """Of each consent one answer holds, with its source and wording.

    What an action wrote before is not changed back any more where another record had an answer of its own.
    """
    told = []
    for consent, rows in answers_of([merge.kept, *merge.others]).items():
        latest = answer_that_holds(rows)
        if latest.contact_id != merge.kept:
            names = ("state", "changed_at", "source", "wording_version")
            ContactConsent.objects.update_or_create(
                contact_id=merge.kept, consent_id=consent, defaults={name: getattr(latest, name) for name in names}
            )
            own = next((row.state for row in rows if row.contact_id == merge.kept), "")
            if own != latest.state:
                named = latest.consent
                told.append({"consent": named.key, "en": named.name_en, "pl": named.name_pl, "state": latest.state})
        if any(row.contact_id != merge.kept for row in rows):
            note_write(LabelKind.CONSENT, consent, BitMap([merge.kept]))
    return told


def answer_that_holds(rows: Iterable[ContactConsent]) -> ContactConsent:
    """Of several contacts' answers to one consent: the later; of two at the same moment the withdrawal."""
    return max(rows, key=lambda row: (row.changed_at, row.state == ConsentState.WITHDRAWN))


def answers_of(ids: Iterable[int]) -> dict[int, list[ContactConsent]]:
    """The answers of these contacts by consent, held until the transaction ends."""
    rows: QuerySet[ContactConsent] = ContactConsent.objects.select_for_update(of=("self",)).filter(
        contact__in=list(ids)
    )
    found: dict[int, list[ContactConsent]] = {}
    for row in rows.select_related("consent").order_by("consent_id", "contact_id"):
        found.setdefault(row.consent_id, []).append(row)
    return found


DISMISSED = """
INSERT INTO contacts_notduplicate (first_id, second_id, at, by)
SELECT DISTINCT ON (1, 2) least(%(kept)s, other), greatest(%(kept)s, other), at, by
FROM (
    SELECT CASE WHEN first_id = ANY (%(others)s) THEN second_id ELSE first_id END AS other, at, by
    FROM contacts_notduplicate WHERE first_id = ANY (%(others)s) OR second_id = ANY (%(others)s)
) pairs
WHERE other <> %(kept)s AND other <> ALL (%(others)s)
ON CONFLICT DO NOTHING
"""


def follow_dismissed(merge: Merge) -> None:
    """Whoever was said to be another person than one of the others is another one than the kept contact."""
    with connection.cursor() as cursor:
        cursor.execute(DISMISSED, {"kept": merge.kept, "others": merge.others})
